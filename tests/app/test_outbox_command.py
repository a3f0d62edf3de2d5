"""`flask outbox`: what stands in the outbox, why, and sending again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine, select

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.outbox_view import find_stuck, retry_writes, tell_state
from tests.app.test_commands import answer_of, invoke, note
from tests.control import counted_calls
from tests.sandbox_api.clients import RestClient

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def refused(app: Flask, org: LocalOrgServer) -> Flask:
    """One write that the org has, one that it refused."""
    note(app, "A-1")
    note(app, "A-2", CurrencyIsoCode="XXX")
    invoke(app, "sync", "push")
    return app


def listed(app: Flask, *options: str) -> list[dict[str, Any]]:
    return list(answer_of(invoke(app, "outbox", "list", "--json", *options)))


def find(app: Flask, key: str) -> int:
    found = [each["id"] for each in listed(app, "--state", "all") if each["external_id"] == key]
    return int(found[0])


def test_the_list_holds_what_has_not_arrived_with_error_and_remedy(refused: Flask) -> None:
    (found,) = listed(refused, "--object", "Account")

    assert (found["external_id"], found["state"], found["attempts"]) == ("A-2", "rejected", 1)
    assert found["error_class"] == "rejected"
    assert found["error_code"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert found["error_message"].endswith("bad value for restricted picklist field: XXX")
    assert found["error_fields"] == "CurrencyIsoCode"
    assert found["remedy"].startswith("Choose a value of the picklist")
    assert found["failed_at"] is not None


def test_the_list_is_filtered_by_state_type_and_bugs(refused: Flask) -> None:
    sent = listed(refused, "--state", "sent", "--object", "Account")

    assert [each["external_id"] for each in sent] == ["A-1"]
    assert listed(refused, "--object", "Order") == []
    assert listed(refused, "--bugs") == []
    assert len(listed(refused, "--state", "all", "--limit", "1")) == 1


def test_the_list_tells_a_person_what_happens_next(refused: Flask) -> None:
    result = invoke(refused, "outbox", "list")

    told = " ".join(result.stdout.replace("│", " ").split())
    assert "Salesforce refused it; it is not sent again by itself" in told
    assert "rejected" in told


def test_an_empty_list_says_so(app: Flask) -> None:
    invoke(app, "db", "upgrade")

    assert invoke(app, "outbox", "list").stdout == "Nothing of that kind is in the outbox.\n"


def test_one_write_is_shown_with_its_values(refused: Flask) -> None:
    number = find(refused, "A-2")

    as_text = invoke(refused, "outbox", "show", str(number)).stdout
    as_json = answer_of(invoke(refused, "outbox", "show", str(number), "--json"))

    assert as_text.splitlines()[0] == (
        "Account A-2: Salesforce refused it; it is not sent again by itself."
    )
    assert "    CurrencyIsoCode: XXX" in as_text.splitlines()
    assert as_json["values"] == {"Name": "A-2", "CurrencyIsoCode": "XXX"}


def test_a_number_that_is_none_is_said_to_be_none(refused: Flask) -> None:
    result = invoke(refused, "outbox", "show", "999")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no write 999" in result.stderr


def test_a_rejected_write_goes_again_with_the_next_push(refused: Flask) -> None:
    number = find(refused, "A-2")

    result = invoke(refused, "outbox", "retry", str(number), "--json")
    after = listed(refused, "--object", "Account")
    pushed = answer_of(invoke(refused, "sync", "push", "--json"))

    assert answer_of(result) == {"retried": [number], "left": []}
    assert [(each["state"], each["attempts"]) for each in after] == [("pending", 0)]
    assert pushed["rejected"] == 1


def test_a_rehearsed_retry_changes_nothing(refused: Flask, org: LocalOrgServer) -> None:
    calls = counted_calls(org)

    result = invoke(refused, "outbox", "retry", "--all", "--dry-run")

    assert "rehearsed: " in result.stdout
    assert "Account A-2 is sent again with the next push" in result.stdout
    assert [each["state"] for each in listed(refused, "--object", "Account")] == ["rejected"]
    assert counted_calls(org) == calls


def test_a_write_that_has_arrived_is_not_sent_again(refused: Flask) -> None:
    result = invoke(refused, "outbox", "retry", str(find(refused, "A-1")))

    assert result.exit_code == 1
    assert "left as it is" in result.stderr
    assert [
        each["state"] for each in listed(refused, "--state", "sent", "--object", "Account")
    ] == ["sent"]


def test_a_dropped_write_is_never_sent_and_its_case_closes(
    refused: Flask, org: LocalOrgServer
) -> None:
    number = find(refused, "A-2")

    rehearsed = answer_of(invoke(refused, "outbox", "drop", str(number), "--dry-run", "--json"))
    result = answer_of(invoke(refused, "outbox", "drop", str(number), "--json"))
    pushed = answer_of(invoke(refused, "sync", "push", "--json"))

    assert rehearsed == {"would_be_dropped": [number], "left": []}
    assert result == {"dropped": [number], "left": []}
    assert (pushed["rejected"], pushed["notes"]["cases"]) == (0, 1)
    assert answer_of(invoke(refused, "outbox", "show", str(number), "--json"))["state"] == "dropped"
    with RestClient(org, "admin@manufaktura.example") as admin:
        (case,) = admin.query("SELECT Status FROM Case")
    assert case["Status"] == "Closed"


def test_what_was_dropped_can_be_asked_for_again(refused: Flask) -> None:
    invoke(refused, "outbox", "drop", "--all")

    note(refused, "A-2", CurrencyIsoCode="PLN")
    pushed = answer_of(invoke(refused, "sync", "push", "--json"))

    assert (pushed["created"], pushed["rejected"]) == (1, 0)


def test_retry_wants_numbers_or_all(refused: Flask) -> None:
    def ends(*arguments: str) -> Result:
        return invoke(refused, "outbox", "retry", *arguments)

    assert ends().exit_code == 2
    assert ends("1", "--all").exit_code == 2


def rows(engine: Engine) -> list[OutboxWrite]:
    with transaction(engine) as session:
        return list(session.scalars(select(OutboxWrite).order_by(OutboxWrite.id)))


def test_a_refused_write_that_a_newer_one_waits_for_is_carried_by_it(engine: Engine) -> None:
    with transaction(engine) as session:
        enqueue(session, "Account", "A-1", {"Name": "old", "Rating__c": 3}, "x")
    with transaction(engine) as session:
        session.scalars(select(OutboxWrite)).one().state = WriteState.SENDING
    with transaction(engine) as session:
        enqueue(session, "Account", "A-1", {"Name": "new"}, "x")
        session.scalars(select(OutboxWrite).order_by(OutboxWrite.id)).first().state = "rejected"

    with transaction(engine) as session:
        retry_writes(session, find_stuck(session, None))

    old, new = rows(engine)
    assert (old.state, new.state) == (WriteState.SUPERSEDED, WriteState.PENDING)
    assert json.loads(new.payload) == {"Name": "new", "Rating__c": 3}


def test_a_write_that_waits_for_its_next_attempt_can_be_tried_at_once(engine: Engine) -> None:
    with transaction(engine) as session:
        enqueue(session, "Account", "A-1", {"Name": "A"}, "x")
        row = session.scalars(select(OutboxWrite)).one()
        row.due_at, row.attempts = NOW + timedelta(hours=1), 4
    told = tell_state(row, NOW)

    with transaction(engine) as session:
        retry_writes(session, find_stuck(session, [row.id]))

    (after,) = rows(engine)
    assert told == "it is tried again by itself after 2026-05-04 13:00:00 UTC"
    assert (after.state, after.due_at, after.attempts) == (WriteState.PENDING, None, 0)
    assert tell_state(after, NOW) == "it goes with the next push"
