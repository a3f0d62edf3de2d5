"""Data plans and CSV files loaded from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.clients import RestClient
from tests.sandbox_cli.processes import sandbox

ACCOUNTS = "Name,External_Id__c,NumberOfEmployees\nAurora,HD-1,12\nBorealis,HD-2,#N/A\n"
CASES = "Subject,Account.External_Id__c\nLate,HD-1\n"


def write(folder: Path, **tables: str) -> list[Path]:
    paths = [folder / f"{name}.csv" for name in tables]
    for path, text in zip(paths, tables.values(), strict=True):
        path.write_text(text)
    return paths


def test_a_plan_of_the_salesforce_cli_is_loaded_with_its_files(
    org: LocalOrgServer, rest: RestClient
) -> None:
    done = sandbox("seed", "--url", org.url, "salesforce/data/sample-data-plan.json")

    assert (done.returncode, done.stdout) == (0, "Records stored: 10.\n")
    assert rest.count("Account") == 5
    assert rest.count("Order_Proposal__c") == 2


def test_several_plans_are_one_load(org: LocalOrgServer, rest: RestClient, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"sobject": "Account", "records": [{"Name": "Aurora"}]}))
    bad.write_text(json.dumps({"sobject": "Account", "records": [{"Nmae": "Typo"}]}))

    done = sandbox("seed", "--url", org.url, good, bad)

    assert done.returncode == 1
    assert done.stderr.startswith("INVALID_FIELD: record Account2 (Account): No such column 'Nmae'")
    assert rest.count("Account") == 0


def test_tables_are_loaded_into_an_org_that_runs(
    org: LocalOrgServer, rest: RestClient, tmp_path: Path
) -> None:
    done = sandbox("seed", "--url", org.url, *write(tmp_path, Case=CASES, Account=ACCOUNTS))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Records stored: 3 (Account 2, Case 1).\n"
    assert rest.query("SELECT Account.Name FROM Case")[0]["Account"]["Name"] == "Aurora"


def test_a_bad_row_is_named_and_nothing_is_stored_unless_the_rest_is_wanted(
    org: LocalOrgServer, rest: RestClient, tmp_path: Path
) -> None:
    [path] = write(tmp_path, Account=ACCOUNTS + "Corona,HD-3,many\n")

    refused = sandbox("seed", "--url", org.url, path)
    stored = rest.count("Account")
    kept = sandbox("seed", "--url", org.url, "--keep-going", path)

    assert refused.returncode == kept.returncode == 1
    place = f"{path}, line 4: NumberOfEmployees = 'many' Cannot deserialize instance of double"
    assert refused.stderr.startswith(place)
    assert kept.stderr == refused.stderr
    assert refused.stdout == "Records stored: 0. Rows refused: 1.\n"
    assert kept.stdout == "Records stored: 2 (Account 2). Rows refused: 1.\n"
    assert (stored, rest.count("Account")) == (0, 2)


def test_a_table_of_another_name_and_make_is_loaded_for_a_user(
    org: LocalOrgServer, rest: RestClient, tmp_path: Path
) -> None:
    [path] = write(tmp_path, export="Name;External_Id__c\r\nAurora;HD-1\r\n")
    options = ("--object", "account", "--delimiter", "SEMICOLON")

    done = sandbox("seed", "--url", org.url, path, *options, "--user", "admin@manufaktura.example")

    assert done.stdout == "Records stored: 1 (Account 1).\n"
    creator = rest.query("SELECT CreatedBy.Username FROM Account")[0]["CreatedBy"]
    assert creator["Username"] == "admin@manufaktura.example"


def test_a_data_folder_that_no_org_uses_is_filled(tmp_path: Path) -> None:
    own = ("--metadata", ROOT / "salesforce", "--data", tmp_path / "org")

    done = sandbox("seed", *own, *write(tmp_path, Account=ACCOUNTS))

    assert (done.returncode, done.stdout) == (0, "Records stored: 2 (Account 2).\n")
    with LocalOrgServer([ROOT / "salesforce"], data=tmp_path / "org") as server:
        with RestClient(server, "admin@manufaktura.example") as rest:
            assert rest.count("Account") == 2
        refused = sandbox("seed", *own, tmp_path / "Account.csv")
    assert refused.returncode == 2
    assert "is used by another local org" in refused.stderr


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["none.csv"], [], "No such file or directory: 'none.csv'"),
        (["a.json", "b.csv"], [], "one kind at a time"),
        (["a.json"], ["--keep-going"], "--object, --keep-going and --user are for CSV files only"),
        (["latin.csv"], [], "latin.csv is not UTF-8 text"),
    ],
)
def test_files_that_cannot_be_loaded_are_a_message_and_exit_code_2(
    tmp_path: Path, names: list[str], options: list[str], words: str
) -> None:
    (tmp_path / "latin.csv").write_bytes("Name\nZażółć\n".encode("iso-8859-2"))

    done = sandbox("seed", *names, *options, cwd=tmp_path)

    assert done.returncode == 2
    assert words in done.stderr
