"""The commands that keep an org's data and bring it back, as people run them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.bulk import open_job
from tests.sandbox_api.clients import RestClient
from tests.sandbox_cli.processes import sandbox

ADMIN = "admin@manufaktura.example"


def names(rest: RestClient) -> list[str]:
    return [row["Name"] for row in rest.query("SELECT Name FROM Account ORDER BY Name")]


def test_an_org_that_runs_without_a_data_folder_is_kept_and_restored(
    org: LocalOrgServer, rest: RestClient
) -> None:
    where = ("--url", org.url)
    rest.create("Account", {"Name": "Kept"})

    kept = sandbox("snapshot", "before", *where)
    twice = sandbox("snapshot", "before", *where)
    rest.create("Account", {"Name": "Lost"})
    restored = sandbox("restore", "before", *where)
    listed = sandbox("snapshots", *where)
    deleted = sandbox("snapshots", *where, "--delete", "before")

    assert kept.returncode == 0
    assert kept.stdout.startswith("Kept before: ")
    assert (twice.returncode, twice.stderr) == (
        1,
        "DUPLICATE_VALUE: There is a snapshot before already; --replace overwrites it.\n",
    )
    assert restored.stdout == "Restored before.\n"
    assert names(rest) == ["Kept"]
    assert listed.stdout == kept.stdout.removeprefix("Kept ").replace("time.", "time")
    assert deleted.stdout == "Deleted before.\n"
    assert sandbox("snapshots", *where).stdout == "There are no snapshots.\n"


def test_a_data_folder_at_rest_is_kept_and_restored(tmp_path: Path) -> None:
    data = tmp_path / "org"
    with LocalOrgServer(data=data) as server, RestClient(server, ADMIN) as rest:
        rest.create("Account", {"Name": "Kept"})
    where = ("--data", data)

    kept = sandbox("snapshot", "monday", *where)
    with LocalOrgServer(data=data) as server, RestClient(server, ADMIN) as rest:
        rest.create("Account", {"Name": "Lost"})
        job = open_job(rest)
        busy = [sandbox("snapshot", "tuesday", *where), sandbox("restore", "monday", *where)]
    restored = sandbox("restore", "monday", *where)

    assert (kept.returncode, restored.stdout) == (0, "Restored monday.\n")
    for refused in busy:
        assert refused.returncode == 2
        assert "is used by another local org" in refused.stderr
    listed = json.loads(sandbox("snapshots", "--json", *where).stdout)["snapshots"]
    assert [snapshot["name"] for snapshot in listed] == ["monday"]
    with LocalOrgServer(data=data) as server, RestClient(server, ADMIN) as rest:
        assert names(rest) == ["Kept"]
        assert rest.get(f"jobs/ingest/{job}").status_code == 404


def test_a_snapshot_of_other_metadata_is_not_restored_into_a_folder_at_rest(
    tmp_path: Path,
) -> None:
    ours = LocalOrgServer([ROOT / "salesforce"], data=tmp_path / "ours")
    with ours as server, RestClient(server, ADMIN) as rest:
        rest.create("Account", {"Name": "A", "External_Id__c": "HD-1"})
    with LocalOrgServer(data=tmp_path / "plain") as server, RestClient(server, ADMIN) as rest:
        rest.create("Account", {"Name": "Present"})
    sandbox("snapshot", "ours", "--data", tmp_path / "ours")
    shutil.copytree(tmp_path / "ours/snapshots", tmp_path / "plain/snapshots")

    done = sandbox("restore", "ours", "--data", tmp_path / "plain")

    assert done.returncode == 1
    assert "Account.External_Id__c holds values and does not exist here" in done.stderr
    with LocalOrgServer(data=tmp_path / "plain") as server, RestClient(server, ADMIN) as rest:
        assert names(rest) == ["Present"]


def test_what_cannot_be_kept_or_restored_is_a_message(org: LocalOrgServer, tmp_path: Path) -> None:
    escape = sandbox("snapshot", "../up", "--url", org.url)
    unknown = sandbox("restore", "../up", "--url", org.url)
    empty = sandbox("snapshot", "a", "--data", tmp_path)

    assert (escape.returncode, unknown.returncode, empty.returncode) == (1, 1, 2)
    assert "up to 64 letters, digits, - and _" in escape.stderr
    assert unknown.stderr.startswith("INVALID_INPUT: ") or "NOT_FOUND" in unknown.stderr
    assert "holds no data of a local org" in empty.stderr
    assert list(tmp_path.iterdir()) == []
