from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.listener import Listener, PortInUseError
from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.builders import an_account, seed_tender
from tests.sandbox_api.clients import RestClient, a_session

START_KEYS = {
    "url",
    "tls_url",
    "proxy_url",
    "access_token",
    "refresh_token",
    "username",
    "password",
    "security_token",
    "client_id",
    "client_secret",
    "private_key",
    "ca",
}


def run_sandbox(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refuse_to_start(*arguments: str) -> str:
    with run_sandbox("serve", "--port", "0", "--tls-port", "0", *arguments) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert output == ""
    assert "Traceback" not in errors
    return errors


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    with run_sandbox("serve", "--port", "0", "--tls-port", "0", *arguments) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_one_line_serves_and_stops_cleanly(
    tmp_path: Path, stop: signal.Signals
) -> None:
    with served("--metadata", "salesforce", "--data", str(tmp_path), "--proxy-port", "0") as (
        process,
        line,
    ):
        assert set(line) == START_KEYS
        with requests.Session() as session:
            session.trust_env, session.verify = False, line["ca"]
            headers = {"Authorization": f"Bearer {line['access_token']}"}
            for base in (line["url"], line["tls_url"]):
                answer = session.get(
                    f"{base}/services/data/v59.0/sobjects/Order_Proposal__c",
                    headers=headers,
                    timeout=30,
                )
                assert answer.status_code == 200
            process.send_signal(stop)
            output, errors = process.communicate(timeout=120)

    assert process.returncode == 0
    assert output == ""
    assert "Traceback" not in errors
    assert "CustomApplication 1, no effect over the API: Manufaktura" in errors


def test_a_port_in_use_is_a_message_and_exit_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        message = refuse_to_start("--port", port)

    assert f"Port {port} on 127.0.0.1 cannot be used" in message
    assert "choose another port" in message


def test_an_allowance_below_zero_is_a_message_and_exit_code_2() -> None:
    assert "numbers from 0" in refuse_to_start("--edition", "developer", "--licences", "-1")


def test_a_plan_and_a_clock_may_be_there_from_the_start(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('{"seed": 7, "faults": [{"status": 503, "kind": "versions"}]}')
    clock = ("--clock", "2026-03-01T07:00:00+01:00", "--frozen")

    with served("--faults", str(plan), *clock) as (_, line), requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{line['url']}/services/data", timeout=30)

    assert answer.status_code == 503
    assert answer.headers["Date"] == "Sun, 01 Mar 2026 06:00:00 GMT"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--faults", "no-such-plan.json"), "no-such-plan.json"),
        (("--faults", "pyproject.toml"), "JSON_PARSER_ERROR"),
        (("--clock", "tomorrow"), "'tomorrow' as a time"),
    ],
)
def test_a_plan_or_a_clock_that_means_nothing_is_a_message(
    arguments: tuple[str, str], why: str
) -> None:
    assert why in refuse_to_start(*arguments)


def test_a_missing_metadata_folder_is_named() -> None:
    message = refuse_to_start("--metadata", "no/such/folder", "--metadata", "nor/this")

    assert "There is no metadata folder no/such/folder, nor/this." in message


def test_every_malformed_metadata_file_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    objects = tmp_path / "force-app/main/default/objects/Account/fields"
    objects.mkdir(parents=True)
    for name in ("One__c", "Two__c"):
        (objects / f"{name}.field-meta.xml").write_text("<CustomField><unclosed>")
    data = tmp_path / "data"

    message = refuse_to_start("--metadata", str(tmp_path / "force-app"), "--data", str(data))

    assert "One__c.field-meta.xml" in message
    assert "Two__c.field-meta.xml" in message
    assert not data.exists()


def test_an_outbound_endpoint_on_another_machine_is_refused() -> None:
    assert refuse_to_start("--outbound-endpoint", "http://example.com/") == (
        "The local org cannot start: outbound endpoint: example.com is not this machine, "
        "and the local org sends nowhere else\n"
    )


@pytest.mark.parametrize(
    "name", ["sessions.json", "login-key.pem", "org.sqlite3", "ca.pem", "clock.json"]
)
def test_a_damaged_data_folder_is_a_message_and_not_a_crash(tmp_path: Path, name: str) -> None:
    with LocalOrgServer(data=tmp_path) as server:
        assert server.access_token
        server.org.clock.advance(60)
    (tmp_path / name).write_bytes(b"damaged")

    message = refuse_to_start("--data", str(tmp_path))

    assert message.startswith("The local org cannot start: ")
    assert name in message


def test_data_tokens_key_and_authority_survive_a_restart(tmp_path: Path) -> None:
    with (
        LocalOrgServer([ROOT / "salesforce"], data=tmp_path) as server,
        RestClient(server, "admin@manufaktura.example") as rest,
    ):
        first = server.start_line
        record_id = rest.create("Account", an_account())

    with (
        LocalOrgServer([ROOT / "salesforce"], data=tmp_path) as server,
        RestClient(server, "admin@manufaktura.example", secure=True) as rest,
    ):
        second = server.start_line
        assert rest.get(f"sobjects/Account/{record_id}").json()["Name"] == "Aurora Devices"

    for name in ("access_token", "refresh_token", "private_key", "ca"):
        assert first[name] == second[name]


def test_secrets_in_the_data_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    with LocalOrgServer(data=tmp_path) as server:
        assert server.access_token

    for name in ("ca-key.pem", "tls-leaf.pem", "login-key.pem", "sessions.json"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_a_session_ends_after_its_configured_lifetime() -> None:
    with (
        LocalOrgServer(session_lifetime_s=7200) as server,
        RestClient(server, "admin@manufaktura.example") as rest,
    ):
        server.org.clock.advance(7000)
        assert rest.get("limits").status_code == 200
        server.org.clock.advance(300)
        assert rest.get("limits").status_code == 401


def test_an_org_without_our_metadata_serves_the_standard_objects() -> None:
    with LocalOrgServer() as server, RestClient(server, "admin@manufaktura.example") as rest:
        assert rest.post("sobjects/Account", {"Name": "A"}).status_code == 201
        assert rest.get("sobjects/Order_Proposal__c").status_code == 404


def test_a_failed_start_frees_the_first_port() -> None:
    with Listener(0) as taken:
        with Listener(0) as free:
            port = free.port
        with pytest.raises(PortInUseError):
            LocalOrgServer(port=port, tls_port=taken.port)
        with Listener(port) as again:
            assert again.port == port


def test_the_login_proxy_reaches_the_org_under_salesforces_name(tmp_path: Path) -> None:
    with LocalOrgServer(proxy_port=0) as server, a_session(server) as session:
        session.proxies = {"https": str(server.proxy_url)}

        answer = session.post(
            "https://login.salesforce.com/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": "sandbox-client",
                "client_secret": "sandbox-secret",
            },
            timeout=30,
        )

        assert answer.status_code == 200
        assert answer.json()["instance_url"] == server.tls_url


@pytest.mark.parametrize(
    "host", ["example.com:443", "login.salesforce.com:22", "salesforce.com.evil.example:443"]
)
def test_the_login_proxy_refuses_every_other_host(host: str) -> None:
    with LocalOrgServer(proxy_port=0) as server:
        port = int(str(server.proxy_url).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(f"CONNECT {host} HTTP/1.1\r\n\r\n".encode())
            head = client.recv(200)

    assert head.startswith(b"HTTP/1.1 403 ")


def test_many_clients_at_once_lose_nothing(org: LocalOrgServer) -> None:
    def write(number: int) -> int:
        with RestClient(org, "admin@manufaktura.example", secure=number % 2 == 0) as rest:
            for turn in range(5):
                rest.create("Account", an_account(External_Id__c=f"HD-{number}-{turn}"))
            return rest.get("query", params={"q": "SELECT Id FROM Account"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == [200] * 8

    with RestClient(org, "admin@manufaktura.example") as rest:
        assert rest.count("Account") == 40
        assert rest.control("GET", "requests")["by_kind"]["sobjects"] == 40


def test_of_two_guarded_writers_exactly_one_wins(org: LocalOrgServer) -> None:
    ids = seed_tender(org)
    with RestClient(org, "admin@manufaktura.example") as rest:
        stamp = rest.get(f"sobjects/Order/{ids['o']}").headers["Last-Modified"]
    org.org.clock.advance(60)
    gate = threading.Barrier(2)

    def write(number: int) -> int:
        with RestClient(org, "admin@manufaktura.example") as rest:
            gate.wait()
            return rest.patch(
                f"sobjects/Order/{ids['o']}",
                {"Description": str(number)},
                headers={"If-Unmodified-Since": stamp},
            ).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, range(2))) == [204, 412]


def test_the_command_line_explains_itself() -> None:
    with run_sandbox("--help") as process:
        output, _ = process.communicate(timeout=120)

    assert process.returncode == 0
    for command in ("serve", "check", "conformance", "coverage"):
        assert command in output


def test_a_missing_case_file_is_named() -> None:
    with run_sandbox("conformance", "soql", "no-such-file.json") as process:
        _, errors = process.communicate(timeout=120)

    assert process.returncode == 2
    assert "There is no case file no-such-file.json." in errors
