"""Every write reaches the org once in effect, and none holds up another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select

from config.clock import FrozenClock
from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.client import sobject, usage
from sfsync.errors import (
    SalesforceAuthFailed,
    SalesforceRejected,
    SalesforceRetryable,
    SalesforceUnavailable,
)
from sfsync.leases import LEASE_S, MAX_ATTEMPTS, WriteLeases
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.outbox_view import class_of
from sfsync.pull import pull
from sfsync.push import PushReport, preview, push
from sfsync.queries import query
from sfsync.records import collections_upsert
from sfsync.results import SaveResult
from tests.control import add_fault, counted_calls

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
DESIGNER = {"RecordType": {"DeveloperName": "Hardware_Designer"}}
MAKER = {"RecordType": {"DeveloperName": "Manufacturer"}}
ORDER = {"EffectiveDate": "2027-06-01", "Status": "PENDING VALIDATION", "Name": "Robot arm"}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


def note(engine: Engine, name: str, key: str, **values: Any) -> None:
    with transaction(engine) as session:
        enqueue(session, name, key, values, "orders.xlsx")


def note_account(engine: Engine, key: str, **values: Any) -> None:
    note(engine, "Account", key, **{"Name": key, **DESIGNER, **values})


def note_order(engine: Engine, key: str, account: str, **values: Any) -> None:
    note(engine, "Order", key, **{**ORDER, "Account": {"External_Id__c": account}, **values})


def run(sf: Salesforce, engine: Engine, clock: FrozenClock) -> PushReport:
    return push(sf, engine, clock=clock, sleep=lambda _: None)


def states(engine: Engine) -> dict[str, str]:
    with transaction(engine) as session:
        rows = session.scalars(select(OutboxWrite).order_by(OutboxWrite.id))
        return {row.external_id: str(row.state) for row in rows}


def row_of(engine: Engine, key: str) -> OutboxWrite:
    with transaction(engine) as session:
        found = select(OutboxWrite).where(OutboxWrite.external_id == key)
        return session.scalars(found.order_by(OutboxWrite.id.desc())).first()


def names(sf: Salesforce, name: str = "Account") -> list[str]:
    rows = query(sf, f"SELECT External_Id__c FROM {name} ORDER BY External_Id__c")  # noqa: S608
    return [row["External_Id__c"] for row in rows]


def test_parents_go_before_children_in_one_push(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note(
        engine,
        "Order_Proposal__c",
        "P-1",
        Order__r={"External_Id__c": "ORD-1"},
        Manufacturer__r={"External_Id__c": "MS-1"},
        Price__c=100,
    )
    note_order(engine, "ORD-1", "HD-1")
    note_account(engine, "HD-1")
    note_account(engine, "MS-1", **MAKER)

    report = run(sf, engine, clock)

    assert (report.created, report.updated, report.rejected, report.waiting) == (4, 0, 0, 0)
    assert report.api_calls == 3
    (proposal,) = query(
        sf, "SELECT Order__r.Account.External_Id__c, Price__c FROM Order_Proposal__c"
    )
    assert proposal["Order__r"]["Account"]["External_Id__c"] == "HD-1"
    assert set(states(engine).values()) == {"sent"}
    row = row_of(engine, "ORD-1")
    assert row.salesforce_id == query(sf, "SELECT Id FROM Order")[0]["Id"]
    assert (row.created, row.sent_at) == (True, NOW)


def test_a_second_push_of_the_same_values_does_nothing_at_all(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1")
    run(sf, engine, clock)
    calls = counted_calls(org)

    note_account(engine, "HD-1")
    report = run(sf, engine, clock)

    assert report == PushReport()
    assert counted_calls(org) == calls


def test_four_hundred_and_one_records_are_three_calls(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    with transaction(engine) as session:
        for n in range(401):
            enqueue(session, "Account", f"A-{n}", {"Name": f"A {n}"}, "x")

    report = run(sf, engine, clock)

    assert (report.created, report.api_calls) == (401, 3)
    assert usage(sf).by_purpose == {"push": 3}


def test_a_refused_record_is_kept_with_field_words_and_remedy_and_stops_nobody(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-1")
    note_account(engine, "A-2", CurrencyIsoCode="XXX")
    note_account(engine, "A-3")

    report = run(sf, engine, clock)

    assert (report.created, report.rejected) == (2, 1)
    assert names(sf) == ["A-1", "A-3"]
    row = row_of(engine, "A-2")
    assert row.state == WriteState.REJECTED
    assert row.error_code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert row.error_fields == "CurrencyIsoCode"
    assert "XXX" in (row.error_message or "")
    assert row.error_remedy == ("Choose a value of the picklist, or ask the admin to add this one.")
    (problem,) = report.problems
    assert (problem["external_id"], problem["cause"]) == ("A-2", "orders.xlsx")


def test_a_corrected_write_goes_through_and_the_refusal_is_forgotten(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-2", CurrencyIsoCode="XXX")
    run(sf, engine, clock)

    note_account(engine, "A-2", CurrencyIsoCode="PLN")
    report = run(sf, engine, clock)

    assert (report.created, report.problems) == (1, [])
    assert states(engine) == {"A-2": "sent"}


def test_a_child_of_a_refused_parent_waits_with_the_reason(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1", CurrencyIsoCode="XXX")
    note_order(engine, "ORD-1", "HD-1")
    note_account(engine, "HD-2")
    note_order(engine, "ORD-2", "HD-2")

    report = run(sf, engine, clock)

    assert (report.created, report.rejected, report.waiting) == (2, 1, 1)
    assert names(sf, "Order") == ["ORD-2"]
    reason = row_of(engine, "ORD-1").waits_for or ""
    assert reason.startswith("waits for Account HD-1, which was refused: INVALID_OR_NULL")

    note_account(engine, "HD-1", CurrencyIsoCode="PLN")
    report = run(sf, engine, clock)

    assert (report.created, report.waiting) == (2, 0)
    assert names(sf, "Order") == ["ORD-1", "ORD-2"]


def test_a_child_does_not_wait_for_a_parent_that_the_org_has(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    sobject(sf, "Account").create({"Name": "HD-1", "External_Id__c": "HD-1"})
    org.org.clock.advance(2)
    pull(sf, engine)
    note_account(engine, "HD-1", CurrencyIsoCode="XXX")
    note_order(engine, "ORD-1", "HD-1")

    report = run(sf, engine, clock)

    assert (report.created, report.rejected, report.waiting) == (1, 1, 0)


def test_a_child_of_nobody_is_the_orgs_to_refuse(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_order(engine, "ORD-1", "NOBODY")

    report = run(sf, engine, clock)

    assert report.rejected == 1
    assert row_of(engine, "ORD-1").error_code


def test_a_record_held_by_another_save_is_asked_again_in_the_same_push(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-1")
    note_account(engine, "A-2")
    add_fault(org, action="UNABLE_TO_LOCK_ROW", inner=True, times=1)

    report = run(sf, engine, clock)

    assert (report.created, report.retried, report.api_calls) == (2, 0, 2)


def test_a_record_that_stays_held_is_tried_again_later(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-1")
    add_fault(org, action="UNABLE_TO_LOCK_ROW", inner=True, times=3)

    report = run(sf, engine, clock)
    at_once = run(sf, engine, clock)
    clock.advance(60)
    later = run(sf, engine, clock)

    assert (report.retried, report.created) == (1, 0)
    assert at_once == PushReport()
    assert later.created == 1


def test_what_may_succeed_later_is_shown_to_a_person_in_the_end(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-1")
    add_fault(org, action="UNABLE_TO_LOCK_ROW", inner=True)

    for _ in range(MAX_ATTEMPTS):
        run(sf, engine, clock)
        clock.advance(3700)

    assert states(engine) == {"A-1": "rejected"}
    assert row_of(engine, "A-1").attempts == MAX_ATTEMPTS


def test_an_answer_lost_after_the_commit_is_read_back_and_not_sent_again(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1", Description="four")
    add_fault(org, action="drop_after", path="/composite/sobjects", times=1)

    report = run(sf, engine, clock)

    assert (report.confirmed, report.created, report.retried) == (1, 0, 0)
    assert report.api_calls == 2
    assert states(engine) == {"HD-1": "sent"}
    assert names(sf) == ["HD-1"]
    assert row_of(engine, "HD-1").salesforce_id == query(sf, "SELECT Id FROM Account")[0]["Id"]


def test_an_answer_lost_before_the_commit_is_read_back_and_sent_later(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1")
    add_fault(org, action="drop_before", path="/composite/sobjects", times=1)

    report = run(sf, engine, clock)
    clock.advance(60)
    later = run(sf, engine, clock)

    assert (report.confirmed, report.retried) == (0, 1)
    assert later.created == 1
    assert names(sf) == ["HD-1"]


def test_when_even_reading_back_fails_the_next_push_does_it(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1")
    note_order(engine, "ORD-1", "HD-1")
    add_fault(org, action="drop_after", path="/composite/sobjects", times=1)
    add_fault(org, action="status", status=503, path="/query", times=4)

    with pytest.raises(SalesforceUnavailable):
        run(sf, engine, clock)
    assert states(engine) == {"HD-1": "sending", "ORD-1": "pending"}
    report = run(sf, engine, clock)

    assert (report.confirmed, report.created) == (1, 1)
    assert names(sf) == ["HD-1"]


def test_a_push_that_was_killed_leaves_its_writes_to_the_next_after_the_lease(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1")
    dead = WriteLeases(engine, clock, "a worker that was killed")
    (batch,) = dead.take("Account")
    sobject(sf, "Account").upsert("External_Id__c/HD-1", dict(batch[0].values))

    assert run(sf, engine, clock) == PushReport()
    clock.advance(LEASE_S + 1)
    report = run(sf, engine, clock)

    assert (report.confirmed, report.created) == (1, 0)
    assert states(engine) == {"HD-1": "sent"}


def test_a_field_that_the_org_lacks_holds_up_no_push_after_a_death(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-1")
    note_account(engine, "A-2", Colour__c="red")
    dead = WriteLeases(engine, clock, "a worker that was killed")
    (batch,) = dead.take("Account")
    sobject(sf, "Account").upsert("External_Id__c/A-1", dict(batch[0].values))
    clock.advance(LEASE_S + 1)

    report = run(sf, engine, clock)
    clock.advance(60)
    later = run(sf, engine, clock)

    assert (report.confirmed, report.retried) == (1, 1)
    assert later.rejected == 1
    assert row_of(engine, "A-2").error_code == "INVALID_FIELD"


def test_a_worker_that_lost_its_claim_settles_nothing(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1")
    slow = WriteLeases(engine, clock, "slow")
    (batch,) = slow.take("Account")
    clock.advance(LEASE_S + 1)
    WriteLeases(engine, clock, "other").take_abandoned()

    slow.give_back(batch, SalesforceRetryable("too late"))

    row = row_of(engine, "HD-1")
    assert (row.state, row.claimed_by, row.error_message) == (WriteState.SENDING, "other", None)


def test_an_org_that_is_down_leaves_everything_due(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1")
    down = [{"errorCode": "SERVER_UNAVAILABLE", "message": "down"}]
    add_fault(org, action="status", status=503, body=down, path="/composite", times=1)

    with pytest.raises(SalesforceUnavailable):
        run(sf, engine, clock)
    row = row_of(engine, "HD-1")
    report = run(sf, engine, clock)

    assert (row.state, row.attempts, row.due_at) == (WriteState.PENDING, 0, None)
    assert row.error_code == "SERVER_UNAVAILABLE"
    assert report.created == 1


def test_a_spent_allowance_ends_the_push_and_counts_against_no_record(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1")
    add_fault(org, action="REQUEST_LIMIT_EXCEEDED")

    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(SalesforceRetryable):
            run(sf, engine, clock)

    assert states(engine) == {"HD-1": "pending"}


def test_a_login_that_is_no_longer_accepted_leaves_everything_due(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1")
    refused = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    add_fault(org, action="status", status=401, body=refused, path="/composite")

    with pytest.raises(SalesforceAuthFailed):
        run(sf, engine, clock)

    assert states(engine) == {"HD-1": "pending"}


def test_one_record_that_spoils_the_whole_call_is_found_and_the_rest_goes_in(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    for n in range(16):
        note_account(engine, f"A-{n:02d}")
    spoiled = [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize"}]
    add_fault(
        org,
        action="status",
        status=400,
        body=spoiled,
        path="/composite/sobjects",
        request_body='"A-05"',
    )

    report = run(sf, engine, clock)

    assert (report.created, report.rejected) == (15, 1)
    assert row_of(engine, "A-05").error_code == "JSON_PARSER_ERROR"
    assert report.api_calls == 9


def test_a_call_refused_for_all_its_records_is_not_searched_without_end(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    for n in range(64):
        note_account(engine, f"A-{n:02d}")
    spoiled = [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize"}]
    add_fault(org, action="status", status=400, body=spoiled, path="/composite/sobjects")

    report = run(sf, engine, clock)

    assert report.created == 0
    assert report.rejected + report.retried == 64
    assert report.api_calls <= 40


def test_newer_values_noted_while_the_older_are_on_their_way_win(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1", Name="old", Description="one")
    first = WriteLeases(engine, clock, "first")
    (batch,) = first.take("Account")
    note(engine, "Account", "HD-1", Name="new")

    assert run(sf, engine, clock) == PushReport()  # never two of one record at once
    first.give_back(batch, SalesforceRetryable("down"))
    report = run(sf, engine, clock)

    assert report.created == 1
    (row,) = query(sf, "SELECT Name, Description FROM Account")
    assert (row["Name"], row["Description"]) == ("new", "one")


def test_a_rehearsal_counts_and_sends_nothing(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    note_account(engine, "HD-1")
    note_order(engine, "ORD-1", "HD-1")

    assert preview(engine) == {"Account": 1, "Order": 1}
    assert counted_calls(org) == 0


def test_two_pushes_at_once_send_every_record_once(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    import threading

    with transaction(engine) as session:
        for n in range(300):
            enqueue(session, "Account", f"A-{n}", {"Name": f"A {n}"}, "x")
    reports: list[PushReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(run(sf, engine, clock))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(report.created for report in reports) == 300
    assert sum(report.updated for report in reports) == 0
    assert len(names(sf)) == 300


def test_the_retry_time_is_by_the_machines_clock_not_the_orgs(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    org.org.clock.set(datetime(2020, 1, 1, tzinfo=UTC), frozen=True)
    note_account(engine, "A-1")
    add_fault(org, action="UNABLE_TO_LOCK_ROW", inner=True, times=3)

    run(sf, engine, clock)

    due_at = row_of(engine, "A-1").due_at
    assert due_at is not None
    assert NOW < due_at <= NOW + timedelta(seconds=30)


def test_a_refused_write_with_a_newer_one_behind_it_is_folded_into_that(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "HD-1", CurrencyIsoCode="XXX", Description="two")
    first = WriteLeases(engine, clock, "first")
    (batch,) = first.take("Account")
    note(engine, "Account", "HD-1", CurrencyIsoCode="PLN")
    refused = SalesforceRejected("no such value", code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    first.settle([(batch[0], SaveResult(None, False, False, (refused,)))])

    report = run(sf, engine, clock)

    assert (report.created, report.problems) == (1, [])
    (row,) = query(sf, "SELECT CurrencyIsoCode, Description FROM Account")
    assert (row["CurrencyIsoCode"], row["Description"]) == ("PLN", "two")


def test_a_fault_of_our_own_stops_one_record_and_is_told_to_a_developer(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails_on_one(sf: Salesforce, name: str, key: str, records: list[Any]) -> list[SaveResult]:
        if any(record[key] == "A-05" for record in records):
            raise TypeError("no such thing")
        return collections_upsert(sf, name, key, records)

    monkeypatch.setattr("sfsync.carrying.collections_upsert", fails_on_one)
    for n in range(8):
        note_account(engine, f"A-{n:02d}")

    report = run(sf, engine, clock)
    again = run(sf, engine, clock)

    assert (report.created, report.rejected, report.retried) == (7, 1, 0)
    assert (again.api_calls, again.rejected) == (0, 0)
    row = row_of(engine, "A-05")
    assert (row.state, row.error_code, class_of(row)) == (WriteState.REJECTED, "BUG", "bug")
    assert (row.error_message or "").startswith(
        "The backoffice failed on this record (TypeError: no such thing)."
    )
    assert "a developer must mend the backoffice" in (row.error_remedy or "")
    tracebacks = [line for line in caplog.records if line.exc_info]
    assert tracebacks[0].message == "the push failed on a record; a developer must look at it"


def test_reading_back_that_fails_through_our_own_fault_does_not_hold_up_the_push(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> None:
        raise TypeError("no such thing")

    note_account(engine, "HD-1")
    next(WriteLeases(engine, clock, "a worker that was killed").take("Account"))
    note_account(engine, "HD-2")
    clock.advance(LEASE_S + 1)
    monkeypatch.setattr("sfsync.sending.read_back", fails)

    report = run(sf, engine, clock)
    clock.advance(60)
    later = run(sf, engine, clock)

    assert (report.created, report.retried) == (1, 1)
    assert later.created == 1
    assert names(sf) == ["HD-1", "HD-2"]


def test_a_job_that_fails_through_our_own_fault_is_replaced_by_calls(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(*_: object) -> None:
        raise TypeError("no such thing")

    monkeypatch.setattr("sfsync.bulk_push.INGEST_CALLS", 0)
    monkeypatch.setattr("sfsync.job_results.read_verdicts", fails)
    for n in range(3):
        note_account(engine, f"A-{n}")

    report = run(sf, engine, clock)

    assert (report.sent, report.rejected, report.retried) == (3, 0, 0)
    assert names(sf) == ["A-0", "A-1", "A-2"]
    assert [line.message for line in caplog.records if line.exc_info] == [
        "a job failed through a fault of our own; a developer must look at it"
    ]


def test_a_lookup_by_another_field_is_refused_where_it_is_asked_for(engine: Engine) -> None:
    with pytest.raises(ValueError, match="a lookup is given by external ID, 'External_Id__c'"):
        note(engine, "Order", "ORD-1", Account={"Name": "Ada"})

    assert states(engine) == {}
