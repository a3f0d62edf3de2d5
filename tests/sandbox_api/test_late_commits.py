"""A transaction whose rows carry a stamp of minutes before they can be read, by every way in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.bulk import extract, load, rows_of
from tests.sandbox_api.clients import RestClient

STARTED = "2026-03-01T12:00:30+00:00"
STAMP = "2026-03-01T12:00:30.000+0000"
LATE_S = 600
SPAN = "start=2026-03-01T11:00:00Z&end=2026-03-01T13:00:00Z"
#: The minute in which the late transaction began, and the one in which it has become visible.
BEFORE = "2026-03-01T12:00:00.000+0000"
AFTER = "2026-03-01T12:10:00.000+0000"


@pytest.fixture
def late(rest: RestClient) -> RestClient:
    """The administrator of an org whose clock stands still."""
    rest.control("POST", "clock", {"now": STARTED, "frozen": True})
    return rest


def make_late(rest: RestClient, **limits: Any) -> None:
    fault = {"action": "late_visible_commits", "delay_s": LATE_S, "times": 1} | limits
    rest.control("POST", "faults", fault)


def wait(rest: RestClient, seconds: float = LATE_S) -> None:
    rest.control("POST", "clock", {"advance_s": seconds})


def by_query(rest: RestClient, record_id: str) -> str | None:
    found = rest.query(f"SELECT Name FROM Account WHERE Id = '{record_id}'")  # noqa: S608
    return found[0]["Name"] if found else None


def by_query_all(rest: RestClient, record_id: str) -> str | None:
    soql = f"SELECT Name FROM Account WHERE Id = '{record_id}'"  # noqa: S608
    found = rest.get("queryAll", params={"q": soql}).json()["records"]
    return found[0]["Name"] if found else None


def by_id(rest: RestClient, record_id: str) -> str | None:
    answer = rest.get(f"sobjects/Account/{record_id}?fields=Name")
    return answer.json()["Name"] if answer.status_code == 200 else None


def by_external_id(rest: RestClient, record_id: str) -> str | None:
    answer = rest.get("sobjects/Account/External_Id__c/HD-1")
    return answer.json()["Name"] if answer.status_code == 200 else None


def by_collection(rest: RestClient, record_id: str) -> str | None:
    body = {"ids": [record_id], "fields": ["Name"]}
    (found,) = rest.post("composite/sobjects/Account", body).json()
    return found["Name"] if found else None


def by_bulk_query(rest: RestClient, record_id: str) -> str | None:
    job = extract(rest, f"SELECT Name FROM Account WHERE Id = '{record_id}'")  # noqa: S608
    found = rows_of(rest, job)
    return found[0]["Name"] if found else None


def by_count(rest: RestClient, record_id: str) -> str | None:
    soql = f"SELECT Name, COUNT(Id) FROM Account WHERE Id = '{record_id}' GROUP BY Name"  # noqa: S608
    found = rest.query(soql)
    return found[0]["Name"] if found else None


Look = Callable[[RestClient, str], str | None]
LOOKS: tuple[Look, ...] = (
    by_query,
    by_query_all,
    by_id,
    by_external_id,
    by_collection,
    by_bulk_query,
    by_count,
)


@pytest.mark.parametrize("look", LOOKS)
def test_a_late_insert_cannot_be_read_before_its_time(late: RestClient, look: Look) -> None:
    make_late(late)
    record_id = late.create("Account", an_account())

    wait(late, LATE_S - 1)
    assert look(late, record_id) is None
    wait(late, 1)
    assert look(late, record_id) == "Aurora Devices"


@pytest.mark.parametrize("look", LOOKS)
def test_a_late_update_cannot_be_read_before_its_time(late: RestClient, look: Look) -> None:
    record_id = late.create("Account", an_account())
    make_late(late)
    assert late.patch(f"sobjects/Account/{record_id}", {"Name": "New"}).status_code == 204

    wait(late, LATE_S - 1)
    assert look(late, record_id) == "Aurora Devices"
    wait(late, 1)
    assert look(late, record_id) == "New"


@pytest.mark.parametrize("look", [look for look in LOOKS if look is not by_query_all])
def test_a_late_delete_leaves_the_row_readable_until_its_time(late: RestClient, look: Look) -> None:
    record_id = late.create("Account", an_account())
    make_late(late)
    assert late.delete(f"sobjects/Account/{record_id}").status_code == 204

    wait(late, LATE_S - 1)
    assert look(late, record_id) == "Aurora Devices"
    wait(late, 1)
    assert look(late, record_id) is None


def test_query_all_sees_a_late_delete_as_deleted_from_its_time_on(late: RestClient) -> None:
    record_id = late.create("Account", an_account())
    make_late(late)
    late.delete(f"sobjects/Account/{record_id}")
    soql = "SELECT IsDeleted, SystemModstamp FROM Account"

    before = late.get("queryAll", params={"q": soql}).json()["records"]
    wait(late)
    after = late.get("queryAll", params={"q": soql}).json()["records"]

    assert [row["IsDeleted"] for row in before + after] == [False, True]
    assert after[0]["SystemModstamp"] == STAMP


def test_get_updated_covers_no_more_than_the_oldest_transaction_began(late: RestClient) -> None:
    make_late(late)
    record_id = late.create("Account", an_account())
    wait(late, LATE_S - 1)
    prompt = late.create("Account", an_account(External_Id__c="HD-2"))

    before = late.get(f"sobjects/Account/updated?{SPAN}").json()
    wait(late, 1)
    after = late.get(f"sobjects/Account/updated?{SPAN}").json()

    assert before == {"ids": [prompt], "latestDateCovered": BEFORE}
    assert after == {"ids": [record_id, prompt], "latestDateCovered": AFTER}
    read = late.get(f"sobjects/Account/{record_id}?fields=SystemModstamp").json()
    assert read["SystemModstamp"] == STAMP


def test_get_deleted_covers_no_more_than_the_oldest_transaction_began(late: RestClient) -> None:
    record_id = late.create("Account", an_account())
    make_late(late)
    late.delete(f"sobjects/Account/{record_id}")
    wait(late, LATE_S - 1)

    before = late.get(f"sobjects/Account/deleted?{SPAN}").json()
    wait(late, 1)
    after = late.get(f"sobjects/Account/deleted?{SPAN}").json()

    assert (before["deletedRecords"], before["latestDateCovered"]) == ([], BEFORE)
    assert after["deletedRecords"] == [{"id": record_id, "deletedDate": STAMP}]
    assert after["latestDateCovered"] == AFTER


def test_a_late_hard_delete_is_no_news_before_its_time(late: RestClient) -> None:
    record_id = late.create("Account", an_account())
    make_late(late, method="PATCH")
    load(late, f"Id\n{record_id}\n", operation="hardDelete")

    before = late.get(f"sobjects/Account/deleted?{SPAN}").json()["deletedRecords"]
    assert by_id(late, record_id) == "Aurora Devices"
    wait(late)
    after = late.get(f"sobjects/Account/deleted?{SPAN}").json()["deletedRecords"]

    assert before == []
    assert after == [{"id": record_id, "deletedDate": STAMP}]
    assert by_query_all(late, record_id) is None


def test_rows_of_a_bulk_job_come_late_when_the_call_that_closes_it_is_hit(late: RestClient) -> None:
    make_late(late, method="PATCH", path="/jobs/ingest/")
    job = load(late, "Name\nA\nB\n")

    assert (job["state"], job["numberRecordsFailed"]) == ("JobComplete", 0)
    assert late.count("Account") == 0
    covered = late.get(f"sobjects/Account/updated?{SPAN}").json()["latestDateCovered"]
    wait(late)
    assert covered == BEFORE
    assert late.count("Account") == 2


def test_a_composite_comes_late_as_a_whole(late: RestClient) -> None:
    url = "/services/data/v59.0/sobjects"
    calls = [
        {"method": "POST", "url": f"{url}/Account", "referenceId": "a", "body": {"Name": "A"}},
        {"method": "POST", "url": f"{url}/Contact", "referenceId": "c", "body": {"LastName": "N"}},
    ]
    make_late(late)
    answer = late.post("composite", {"allOrNone": True, "compositeRequest": calls}).json()

    assert [part["httpStatusCode"] for part in answer["compositeResponse"]] == [201, 201]
    assert (late.count("Account"), late.count("Contact")) == (0, 0)
    wait(late)
    assert (late.count("Account"), late.count("Contact")) == (1, 1)


def test_a_unique_value_on_its_way_is_taken_and_its_row_is_locked(late: RestClient) -> None:
    known = late.create("Account", an_account(External_Id__c="HD-0"))
    make_late(late)
    late.create("Account", an_account(External_Id__c="HD-1"))

    created = late.post("sobjects/Account", an_account(External_Id__c="HD-1"))
    changed = late.patch(f"sobjects/Account/{known}", {"External_Id__c": "HD-1"})
    upserted = late.patch("sobjects/Account/External_Id__c/HD-1", {"Name": "New"})

    for refused in (created, changed, upserted):
        assert refused.status_code == 400
        assert refused.json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    wait(late)
    assert late.count("Account") == 2
    assert late.post("sobjects/Account", an_account(External_Id__c="HD-1")).json()[0][
        "errorCode"
    ] == ("DUPLICATE_VALUE")


def test_a_reader_who_starts_at_the_covered_date_loses_nothing(
    org: LocalOrgServer, late: RestClient
) -> None:
    """The stamp is that of the statement; the commit, and only it, may fall in the next minute."""
    org.org.clock.set(org.org.clock.now().replace(second=59), frozen=True)
    with org.org.store.late.delaying(LATE_S), org.org.transaction():
        actor = org.org.actor(org.org.find_user("admin@manufaktura.example") or "")
        org.org.insert(actor, "Account", an_account())
        org.org.clock.advance(2)

    covered = late.get(f"sobjects/Account/updated?{SPAN}").json()["latestDateCovered"]

    assert covered == BEFORE
