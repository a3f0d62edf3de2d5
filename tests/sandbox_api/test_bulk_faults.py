from __future__ import annotations

import pytest
import requests

from sandbox.server import LocalOrgServer
from tests.sandbox_api.bulk import extract, load, result, rows_of
from tests.sandbox_api.clients import RestClient

ROWS = "Name\n" + "".join(f"N{number:02d}\n" for number in range(50))
NAMES = [f"N{number:02d}" for number in range(50)]


def fired(rest: RestClient) -> list[str]:
    return [entry["action"] for entry in rest.control("GET", "faults")["fired"]]


def test_a_cut_body_never_looks_whole(rest: RestClient) -> None:
    load(rest, ROWS)
    job = extract(rest, "SELECT Name FROM Account")
    rest.control("POST", "faults", {"action": "truncated_pages", "path": "/results", "times": 1})

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        rows_of(rest, job)

    assert [row["Name"] for row in rows_of(rest, job)] == NAMES
    assert fired(rest) == ["truncated_pages"]


def test_a_cut_page_of_json_never_looks_whole(rest: RestClient) -> None:
    rest.control("POST", "faults", {"action": "truncated_pages", "kind": "limits", "times": 1})

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        rest.get("limits")

    assert rest.get("limits").status_code == 200


def test_results_come_out_of_order_by_the_seed(org: LocalOrgServer, rest: RestClient) -> None:
    load(rest, ROWS)
    orders = []

    for seed in (3, 3, 4):
        rest.control("DELETE", "faults")
        rest.control("POST", "faults", {"action": "shuffled_bulk_results", "seed": seed})
        job = extract(rest, "SELECT Name FROM Account ORDER BY Name")
        orders.append([row["Name"] for row in rows_of(rest, job)])

    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != NAMES
    assert sorted(orders[0]) == NAMES


def test_outcomes_of_an_ingest_come_out_of_order_too(rest: RestClient) -> None:
    rest.control("POST", "faults", {"action": "shuffled_bulk_results", "path": "/jobs/ingest"})

    job = load(rest, ROWS)

    names = [row["Name"] for row in result(rest, job, "successfulResults")]
    assert names != NAMES
    assert sorted(names) == NAMES


def test_a_locked_row_fails_alone(rest: RestClient) -> None:
    lock = {"action": "UNABLE_TO_LOCK_ROW", "inner": True, "request_body": "N07"}
    rest.control("POST", "faults", lock)

    job = load(rest, ROWS)

    (failed,) = result(rest, job, "failedResults")
    assert (failed["Name"], failed["sf__Error"]) == (
        "N07",
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record: --",
    )
    assert rest.count("Account") == 49
    assert fired(rest) == ["UNABLE_TO_LOCK_ROW"]
