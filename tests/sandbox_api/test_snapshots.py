"""Snapshots over the control plane: what comes back, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.folder_lock import FolderInUseError
from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.bulk import open_job
from tests.sandbox_api.clients import RestClient

ADMIN = "admin@manufaktura.example"


@pytest.fixture
def rest(org: LocalOrgServer, rest: RestClient) -> Iterator[RestClient]:
    yield rest
    for snapshot in rest.control("GET", "snapshots")["snapshots"]:
        rest.control("DELETE", f"snapshots/{snapshot['name']}")


def take(rest: RestClient, name: str, **more: Any) -> Any:
    return rest.control("POST", "snapshots", {"name": name, **more})


def restore(rest: RestClient, name: str) -> None:
    assert rest.control("POST", f"snapshots/{name}/restore") == {"restored": name}


def names(rest: RestClient) -> list[str]:
    return [row["Name"] for row in rest.query("SELECT Name FROM Account ORDER BY Name")]


def test_a_restore_brings_back_records_history_bin_and_users(rest: RestClient) -> None:
    kept = rest.create("Account", an_account(Name="Kept"))
    binned = rest.create("Account", an_account(Name="Binned", External_Id__c="HD-2"))
    rest.delete(f"sobjects/Account/{binned}")
    ops = rest.query("SELECT Id FROM User WHERE Username = 'ops@manufaktura.example'")[0]["Id"]
    rest.patch(f"sobjects/User/{ops}", {"TimeZoneSidKey": "Asia/Tokyo"})
    take(rest, "before")
    rest.patch(f"sobjects/Account/{kept}", {"Name": "Changed"})
    rest.create("Account", an_account(Name="New", External_Id__c="HD-3"))
    rest.patch(f"sobjects/User/{ops}", {"TimeZoneSidKey": "Europe/Paris"})

    restore(rest, "before")

    assert names(rest) == ["Kept"]
    deleted = rest.get("queryAll", params={"q": "SELECT Name FROM Account WHERE IsDeleted = true"})
    assert [row["Name"] for row in deleted.json()["records"]] == ["Binned"]
    assert rest.get(f"sobjects/User/{ops}").json()["TimeZoneSidKey"] == "Asia/Tokyo"


def test_a_restored_org_numbers_its_records_as_if_nothing_had_happened(rest: RestClient) -> None:
    take(rest, "empty")
    first = [rest.create("Account", an_account(External_Id__c=f"HD-{n}")) for n in range(2)]

    restore(rest, "empty")

    again = [rest.create("Account", an_account(External_Id__c=f"HD-{n}")) for n in range(2)]
    assert again == first


def test_a_restore_keeps_tokens_clock_and_counters_and_drops_jobs_and_locators(
    rest: RestClient,
) -> None:
    accounts = [an_account(External_Id__c=f"HD-{number}") for number in range(201)]
    rest.control("POST", "seed", {"sobject": "Account", "records": accounts})
    take(rest, "many")
    rest.control("POST", "clock", {"now": "2025-03-11T07:00:00+01:00", "frozen": True})
    job = open_job(rest)
    header = {"Sforce-Query-Options": "batchSize=200"}
    page = rest.get("query", params={"q": "SELECT Id FROM Account"}, headers=header).json()
    used = rest.control("GET", "requests")["total"]

    restore(rest, "many")

    assert rest.get(page["nextRecordsUrl"]).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert rest.get(f"jobs/ingest/{job}").status_code == 404
    assert rest.control("GET", "clock")["now"] == "2025-03-11T06:00:00+00:00"
    assert rest.control("GET", "requests")["total"] == used + 2


def test_a_locator_of_before_a_restore_leads_to_no_other_result(rest: RestClient) -> None:
    accounts = [an_account(External_Id__c=f"HD-{number}") for number in range(201)]
    rest.control("POST", "seed", {"sobject": "Account", "records": accounts})
    take(rest, "many")
    header = {"Sforce-Query-Options": "batchSize=200"}

    def first_page(soql: str) -> str:
        return rest.get("query", params={"q": soql}, headers=header).json()["nextRecordsUrl"]

    before = first_page("SELECT Id FROM Account")
    restore(rest, "many")
    other = first_page("SELECT Name FROM Account")

    assert rest.get(before).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert len(rest.get(other).json()["records"]) == 1


def test_takings_of_one_name_at_once_wait_for_each_other(
    org: LocalOrgServer, rest: RestClient
) -> None:
    take(rest, "same")
    inside: list[int] = []
    seen: list[int] = []

    def write(path: Path) -> None:
        inside.append(1)
        org.org.copy_to(path)
        seen.append(len(inside))
        inside.pop()

    def take_again(_: int) -> str:
        now = org.org.clock.now()
        return org.services.snapshots.add("same", write, now, replace=True).name

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(take_again, range(8))) == ["same"] * 8

    assert seen == [1] * 8


def test_what_was_still_on_its_way_is_neither_taken_nor_kept(rest: RestClient) -> None:
    late = {"action": "late_visible_commits", "delay_s": 600, "times": 1}
    rest.control("POST", "faults", late)
    rest.create("Account", an_account(Name="Late"))
    take(rest, "early")

    restore(rest, "early")
    rest.control("POST", "clock", {"advance_s": 3600})

    assert names(rest) == []


def test_snapshots_are_listed_replaced_and_deleted(rest: RestClient) -> None:
    first = take(rest, "a")
    rest.create("Account", an_account())
    refused = rest.post("/_sandbox/snapshots", {"name": "a"})
    second = take(rest, "a", replace=True)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert second["records"] == first["records"] + 2  # the account, and its first history row
    assert second["schema"] == first["schema"]
    assert rest.control("GET", "snapshots")["snapshots"] == [second]
    rest.control("DELETE", "snapshots/a")
    assert rest.control("GET", "snapshots")["snapshots"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "../escape"},
        {"name": "a/b"},
        {"name": ".hidden"},
        {"name": "a" * 65},
        {"name": 7},
        {"name": "a", "replace": "yes"},
        {"name": "a", "overwrite": True},
    ],
)
def test_a_name_that_is_no_file_name_is_refused(rest: RestClient, body: object) -> None:
    refused = rest.post("/_sandbox/snapshots", body)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_INPUT"
    assert rest.control("GET", "snapshots")["snapshots"] == []


def test_an_unknown_snapshot_is_named_with_those_there_are(rest: RestClient) -> None:
    take(rest, "morning")

    refused = rest.post("/_sandbox/snapshots/evening/restore")

    assert refused.status_code == 404
    assert refused.json()[0]["message"] == "There is no snapshot evening; there are morning."


FIELD = """<?xml version="1.0" encoding="UTF-8"?>
<CustomField xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Size__c</fullName><label>Size</label>{type}
</CustomField>
"""
TEXT = "<type>Text</type><length>20</length>"
NUMBER = "<type>Number</type><precision>8</precision><scale>0</scale>"


def write_field(folder: Path, definition: str | None) -> list[Path]:
    """A project whose Account has the field Size__c, or none."""
    name = "Size__c" if definition else "Other__c"
    path = folder / "objects/Account/fields" / f"{name}.field-meta.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.iterdir():
        old.unlink()
    path.write_text(FIELD.format(type=definition or TEXT).replace("Size__c", name))
    return [folder]


def test_a_snapshot_of_before_a_field_was_added_is_restored_with_the_field_empty(
    tmp_path: Path,
) -> None:
    metadata, data = tmp_path / "project", tmp_path / "data"
    before = write_field(metadata, None)
    with LocalOrgServer(before, data=data) as server, RestClient(server, ADMIN) as rest:
        rest.create("Account", {"Name": "Old"})
        take(rest, "old")
    both = write_field(metadata, TEXT)
    with LocalOrgServer(both, data=data) as server, RestClient(server, ADMIN) as rest:
        restore(rest, "old")

        assert rest.query("SELECT Name, Size__c FROM Account")[0]["Size__c"] is None
        rest.create("Account", {"Name": "New", "Size__c": "L"})
        assert rest.query("SELECT Size__c FROM Account WHERE Name = 'New'")[0]["Size__c"] == "L"


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (NUMBER, "Account.Size__c was text and is number with 0 decimal places here"),
        (None, "Account.Size__c holds values and does not exist here"),
    ],
)
def test_a_snapshot_that_the_metadata_would_misread_is_refused_and_nothing_changes(
    tmp_path: Path, definition: str | None, reason: str
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    before = write_field(tmp_path / "p", TEXT)
    with LocalOrgServer(before, data=old) as server, RestClient(server, ADMIN) as rest:
        rest.create("Account", {"Name": "Old", "Size__c": "L"})
        take(rest, "old")
    (new / "snapshots").mkdir(parents=True)
    (old / "snapshots/old.sqlite3").rename(new / "snapshots/old.sqlite3")
    project = write_field(tmp_path / "p", definition)
    with LocalOrgServer(project, data=new) as server, RestClient(server, ADMIN) as rest:
        rest.create("Account", {"Name": "Present"})

        refused = rest.post("/_sandbox/snapshots/old/restore")

        assert refused.status_code == 400
        assert refused.json()[0]["message"] == (
            f"Snapshot old does not fit the metadata of this org: {reason}. "
            "Restore it into an org with the metadata of the time."
        )
        assert names(rest) == ["Present"]


def test_a_restore_survives_a_restart_and_leaves_the_snapshot_as_it_was(tmp_path: Path) -> None:
    with LocalOrgServer(data=tmp_path) as server, RestClient(server, ADMIN) as rest:
        rest.create("Account", {"Name": "Kept"})
        taken = take(rest, "s")
        rest.create("Account", {"Name": "Lost"})
        restore(rest, "s")
        assert rest.control("GET", "snapshots")["snapshots"] == [taken]
    with LocalOrgServer(data=tmp_path) as server, RestClient(server, ADMIN) as rest:
        assert names(rest) == ["Kept"]
        restore(rest, "s")
        assert names(rest) == ["Kept"]
        assert rest.control("GET", "snapshots")["snapshots"] == [taken]


def test_two_orgs_never_share_a_data_folder(tmp_path: Path) -> None:
    with LocalOrgServer(data=tmp_path), pytest.raises(FolderInUseError, match="used by another"):
        LocalOrgServer(data=tmp_path)
    with LocalOrgServer(data=tmp_path) as server:
        assert server.access_token


def test_a_damaged_snapshot_is_named_and_nothing_changes(tmp_path: Path) -> None:
    with LocalOrgServer(data=tmp_path) as server, RestClient(server, ADMIN) as rest:
        take(rest, "s")
        rest.create("Account", {"Name": "Kept"})
        (tmp_path / "snapshots/s.sqlite3").write_bytes(b"damaged" * 1000)

        refused = rest.post("/_sandbox/snapshots/s/restore")

        assert refused.status_code == 400
        assert "The file s.sqlite3 in " in refused.json()[0]["message"]
        assert names(rest) == ["Kept"]
