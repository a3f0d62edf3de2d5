"""The shell: piped, with -e, and at a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.cli.client import CannotBeginError, OrgClient, RefusedError
from sandbox.cli.completion import Completer
from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.clients import RestClient
from tests.sandbox_cli.processes import sandbox


def shell(org: LocalOrgServer, stdin: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return sandbox("shell", "--url", org.url, *arguments, stdin=stdin)


def json_lines(text: str) -> list[object]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_query_is_a_table_with_parents_as_columns(org: LocalOrgServer, rest: RestClient) -> None:
    account = rest.create("Account", an_account(Name="Aurora"))
    rest.create("Contact", {"LastName": "Nowak", "AccountId": account})

    done = shell(
        org, "SELECT LastName, Account.Name, Email, (SELECT Id FROM Cases) FROM Contact;\n"
    )

    assert done.returncode == 0
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["LastName", "Account.Name", "Email", "Cases"],
        ["Nowak", "Aurora"],
        ["1", "row."],
    ]


def test_a_number_of_rows_is_told_for_count(org: LocalOrgServer) -> None:
    assert shell(org, "select count() from User\n").stdout == "4 rows.\n"


def test_rows_beyond_the_limit_are_counted_and_pages_followed_up_to_it(
    org: LocalOrgServer, rest: RestClient
) -> None:
    accounts = [an_account(External_Id__c=f"HD-{number}") for number in range(2100)]
    rest.control("POST", "seed", {"sobject": "Account", "records": accounts})

    cut = shell(org, "SELECT Id FROM Account\n", "--limit", "2050")
    whole = shell(org, "SELECT Id FROM Account\n", "--limit", "3000", "--json")

    assert cut.stdout.splitlines()[-1] == "2,050 of 2,100 rows; 50 left, see --limit."
    answer = json.loads(whole.stdout)
    assert (answer["totalSize"], answer["done"], len(answer["records"])) == (2100, True, 2100)
    assert "nextRecordsUrl" not in answer


def test_records_of_many_fields_are_shown_one_below_the_other(
    org: LocalOrgServer, rest: RestClient
) -> None:
    rest.create("Account", an_account(Name="Aurora"))

    done = shell(org, "SELECT FIELDS(ALL) FROM Account LIMIT 1\n")

    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert ["Name", "Aurora"] in lines
    assert ["IsDeleted", "false"] in lines


def test_rest_calls_read_and_write(org: LocalOrgServer, rest: RestClient) -> None:
    done = shell(
        org,
        '# the first account\nPOST sobjects/Account {"Name": "Aurora", '
        '\\\n"Type": "Customer"}\nGET /services/data\nquit\nSELECT Id FROM Nothing\n',
        "--json",
    )

    assert done.returncode == 0
    created, versions = json_lines(done.stdout)
    assert isinstance(created, dict)
    assert isinstance(versions, list)
    path = f"sobjects/Account/{created['id']}"
    assert rest.get(path).json()["Type"] == "Customer"
    assert shell(org, f"DELETE {path}\n").stdout == "Done.\n"
    assert rest.get(path).status_code == 404


def test_objects_and_their_fields_are_described(org: LocalOrgServer) -> None:
    objects, fields = shell(org, "objects\n"), shell(org, "describe order_proposal__c\n")

    assert ["Account", "Account", "001", "false"] in map(str.split, objects.stdout.splitlines())
    lookup = ["Manufacturer__c", "reference", "18", "Manufacturer", "Account"]
    assert lookup in map(str.split, fields.stdout.splitlines())


REFUSALS = {
    "SELECT Nmae FROM Account": "INVALID_FIELD: \nSELECT Nmae FROM Account",
    "GET sobjects/Nothing": "NOT_FOUND: The requested resource does not exist",
    "POST sobjects/Account {": "JSON_PARSER_ERROR: ",
    "describe": "Say which object",
    "GET": "Say which path",
    "UPDATE Account": "'UPDATE' begins no statement; there are: SELECT …, GET path",
}


def test_a_refusal_is_told_in_the_orgs_words_and_the_rest_still_runs(org: LocalOrgServer) -> None:
    done = shell(org, "\n".join([*REFUSALS, "SELECT COUNT() FROM User"]))

    assert done.returncode == 1
    assert done.stdout == "4 rows.\n"
    told = done.stderr
    for words in REFUSALS.values():
        assert words in told
        told = told.partition(words)[2]


def test_a_refusal_is_a_line_of_json_for_a_program(org: LocalOrgServer) -> None:
    done = shell(org, "", "--json", "-e", "GET sobjects/Nothing", "-e", "what")

    refused, unknown = json_lines(done.stdout)
    assert done.returncode == 1
    assert refused == {
        "error": {
            "status": 404,
            "answer": [
                {
                    "errorCode": "NOT_FOUND",
                    "message": "The requested resource does not exist",
                }
            ],
        }
    }
    assert isinstance(unknown, dict)
    assert unknown["error"]["message"].startswith("'what' begins no statement")


def test_a_shell_may_be_another_user_or_have_a_token(org: LocalOrgServer) -> None:
    ask = "GET /services/oauth2/userinfo\n"
    name = "ops@manufaktura.example"

    as_user = shell(org, ask, "--user", name, "--json")
    by_token = shell(org, ask, "--token", org.token_for(name), "--json")
    bad_token = shell(org, ask, "--token", "wrong")
    unknown = shell(org, ask, "--user", "nobody@example.com")

    assert json.loads(as_user.stdout)["preferred_username"] == name
    assert json.loads(by_token.stdout)["preferred_username"] == name
    assert (bad_token.returncode, bad_token.stderr) == (
        1,
        "INVALID_SESSION_ID: Session expired or invalid\n",
    )
    assert (unknown.returncode, unknown.stderr) == (1, "invalid_grant: authentication failure\n")


def test_a_shell_starts_an_org_of_its_own(tmp_path: Path) -> None:
    own = ("--metadata", ROOT / "salesforce", "--data", tmp_path / "org")

    made = sandbox("shell", *own, "-e", 'POST sobjects/Account {"Name": "Aurora"}')
    again = sandbox("shell", *own, "-e", "SELECT Name, Qualification_Status__c FROM Account")

    assert (made.returncode, made.stderr) == (0, "")
    assert again.stdout.splitlines()[1].split() == ["Aurora", "Pending"]


def test_an_orgs_data_is_not_opened_without_its_metadata(tmp_path: Path) -> None:
    with LocalOrgServer([ROOT / "salesforce"], data=tmp_path):
        pass
    before = (tmp_path / "org.sqlite3").read_bytes()

    done = sandbox("shell", "--data", tmp_path, "-e", "objects")

    assert (done.returncode, done.stdout) == (2, "")
    assert "has objects of its own (Order_Proposal__History, Order_Proposal__c, " in done.stderr
    assert (tmp_path / "org.sqlite3").read_bytes() == before


def test_a_reader_who_has_seen_enough_is_no_error(org: LocalOrgServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "shell", "--url", org.url, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write("objects\n" * 3)
        process.stdin.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--url", "http://127.0.0.1:9"), "No local org answers at http://127.0.0.1:9."),
        (("--url", "https://example.com"), "https://example.com is not on this machine"),
        (("--url", "http://[::1"), "http://[::1 is not on this machine"),
        (("--metadata", "no/such/folder"), "The local org cannot start: There is no metadata"),
        (("--url", "http://127.0.0.1:9", "--data", "x"), "--url and --token speak to an org that"),
        (("--limit", "0"), "usage: "),
    ],
)
def test_no_org_is_a_message_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = sandbox("shell", *arguments, stdin="objects\n", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(words)
    assert list(tmp_path.iterdir()) == []


def test_text_that_would_steer_the_terminal_is_defused(
    org: LocalOrgServer, rest: RestClient
) -> None:
    rest.create("Account", an_account(Name="\x1b[31mred [bold]not bold[/bold]"))

    done = shell(org, "SELECT Name FROM Account\n")

    assert done.stdout.splitlines()[1].rstrip() == "�[31mred [bold]not bold[/bold]"


def read_until(terminal: int, wanted: str) -> str:
    text = ""
    while wanted not in text:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, f"no {wanted} in {text!r}"
        text += os.read(terminal, 4096).decode()
    return text


def test_at_a_terminal_there_are_a_prompt_completion_and_a_history(
    org: LocalOrgServer, tmp_path: Path
) -> None:
    pytest.importorskip("readline")
    ours, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "sandbox", "shell", "--url", org.url]
    environment = {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path), "TERM": "dumb"}
    with subprocess.Popen(
        arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT
    ) as process:
        os.close(theirs)
        read_until(ours, "soql> ")
        os.write(ours, b"SELECT COUNT() FROM Dated\t")
        read_until(ours, "ConversionRate")
        os.write(ours, b"\n")
        read_until(ours, "0 rows.")
        os.write(ours, b"SELECT\n")
        read_until(ours, "MALFORMED_QUERY")
        os.write(ours, b"quit\n")
        assert process.wait(timeout=60) == 0
    os.close(ours)

    history = (tmp_path / "sandbox-shell-history").read_text()
    assert "SELECT COUNT() FROM DatedConversionRate" in history


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("desc", ["describe"]),
        ("SELECT Id FROM Accou", ["Account", "AccountHistory"]),
        ("describe Order_P", ["Order_Proposal__c", "Order_Proposal__History"]),
        ("GET sobjects/Order_Prop", ["sobjects/Order_Proposal__c"]),
        ("SELECT Id FROM Contact WHERE Accou", ["Account.", "AccountId"]),
        ("SELECT Id FROM Contact WHERE account.OwnerI", ["account.OwnerId"]),
        ("SELECT Id FROM Contact WHERE Nothing.O", []),
        ("SELECT Id FROM Nothing WHERE N", []),
    ],
)
def test_words_are_completed_from_what_the_org_has(
    org: LocalOrgServer, line: str, expected: list[str]
) -> None:
    with OrgClient(org.url) as client:
        found = Completer(client).candidates(line, line.rindex(" ") + 1 if " " in line else 0)

    assert set(expected) == set(found) or set(expected) < set(found)


def test_a_field_before_from_is_completed_by_the_object_behind_it(org: LocalOrgServer) -> None:
    line = "SELECT Manuf FROM Order_Proposal__c"

    with OrgClient(org.url) as client:
        assert Completer(client).candidates(line, 7) == [
            "Manufacturer_Qualification__c",
            "Manufacturer__c",
            "Manufacturer__r.",
        ]


def test_a_client_logs_in_again_when_its_session_has_ended(org: LocalOrgServer) -> None:
    with OrgClient(org.url) as client:
        client.data("GET", "limits")
        client.control("POST", "faults", {"action": "expire_session", "times": 1})
        assert "DailyApiRequests" in client.data("GET", "limits")


def test_a_client_speaks_to_this_machine_only() -> None:
    for url in ("https://login.salesforce.com", "http://127.0.0.1.example.com", "127.0.0.1:8080"):
        with pytest.raises(CannotBeginError, match="not on this machine"):
            OrgClient(url)


def test_a_refusal_carries_what_the_org_answered(org: LocalOrgServer) -> None:
    with OrgClient(org.url) as client, pytest.raises(RefusedError) as refused:
        client.data("GET", "sobjects/Account/001000000000000AAA")

    assert refused.value.status == 404
