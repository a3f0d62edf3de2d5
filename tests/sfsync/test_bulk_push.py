"""Many writes go in one job: few calls, each record judged by its own key, nothing sent twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, delete, select

from config.clock import FrozenClock
from config.database import transaction
from sandbox.bulk import ingest as org_ingest
from sandbox.bulk.job import JobKind
from sandbox.server import LocalOrgServer
from sfsync import bulk_push, ingest_results
from sfsync.bulk_push import is_ingest_cheaper
from sfsync.client import adapter_of
from sfsync.errors import SalesforceRetryable, SalesforceUnavailable
from sfsync.ingest import IngestJob
from sfsync.leases import LEASE_S
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.push import push
from sfsync.queries import query
from tests.control import add_fault, control, counted_calls
from tests.sfsync.simulation import Killed, killing
from tests.sfsync.test_push import (
    NOW,
    PushReport,
    names,
    note,
    note_account,
    note_order,
    row_of,
    run,
    states,
)

JOBS = "/jobs/ingest"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def org(org: LocalOrgServer) -> LocalOrgServer:
    """A local org whose jobs end before the answer to their closing, so that calls can be told."""
    control(org, "POST", "bulk", {"inline": True})
    return org


@pytest.fixture
def _job_for_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs pay at once, so that few records tell all."""
    monkeypatch.setattr(bulk_push, "INGEST_CALLS", 0)


def note_accounts(engine: Engine, count: int) -> list[str]:
    """Notes that many accounts in one transaction; their keys in order."""
    keys = [f"A-{n:05d}" for n in range(count)]
    with transaction(engine) as session:
        for key in keys:
            enqueue(session, "Account", key, {"Name": key}, "orders.xlsx")
    return keys


def requests_of(org: LocalOrgServer) -> list[str]:
    """The counted requests since the start, such as `PUT batches`."""
    log = control(org, "GET", "requests")["log"]
    return [f"{e['method']} {e['path'].rsplit('/')[-1]}" for e in log if "oauth2" not in e["path"]]


def jobs_of(sf: Salesforce) -> list[dict[str, Any]]:
    """All ingest jobs of the org with their counters."""
    listed = sf.restful("jobs/ingest")["records"]
    return [sf.restful(f"jobs/ingest/{each['id']}") for each in listed]


@pytest.mark.parametrize(
    ("rows", "is_cheaper"), [(1, False), (1_000, False), (1_400, False), (1_401, True)]
)
def test_a_job_is_chosen_when_it_takes_fewer_calls(rows: int, is_cheaper: bool) -> None:
    assert is_ingest_cheaper(rows) is is_cheaper


def test_one_thousand_five_hundred_records_are_one_job(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    keys = note_accounts(engine, 1_500)

    report = run(sf, engine, clock)

    assert (report.created, report.api_calls, counted_calls(org)) == (1_500, 5, 5)
    assert names(sf) == keys
    assert Counter(states(engine).values()) == {"sent": 1_500}
    row = row_of(engine, "A-00007")
    (job,) = jobs_of(sf)
    assert row.bulk_job_id == job["id"]
    found = query(sf, "SELECT Id FROM Account WHERE External_Id__c = 'A-00007'")
    assert (row.salesforce_id, row.created) == (found[0]["Id"], True)


@pytest.mark.slow
def test_ten_thousand_records_are_at_most_ten_calls(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    control(org, "POST", "bulk", {"inline": False})
    keys = note_accounts(engine, 10_000)

    report = push(sf, engine)

    assert report.created == 10_000
    assert report.api_calls == counted_calls(org) <= 10
    assert names(sf) == keys


@pytest.mark.usefixtures("_job_for_any")
def test_parents_go_before_children_job_by_job(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_order(engine, "ORD-1", "HD-1", Budget__c=100)
    note_order(engine, "ORD-2", "HD-2")
    note_account(engine, "HD-1")
    note_account(engine, "HD-2", CurrencyIsoCode="XXX")

    report = run(sf, engine, clock)

    assert (report.created, report.rejected, report.waiting) == (2, 1, 1)
    (order,) = query(sf, "SELECT Account.External_Id__c, Budget__c FROM Order")
    assert (order["Account"]["External_Id__c"], order["Budget__c"]) == ("HD-1", 100)
    reason = row_of(engine, "ORD-2").waits_for or ""
    assert reason.startswith("waits for Account HD-2, which was refused: INVALID_OR_NULL")


@pytest.mark.usefixtures("_job_for_any")
def test_a_refused_record_is_kept_with_field_words_and_remedy_and_stops_nobody(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-1")
    note_account(engine, "A-2", CurrencyIsoCode="XXX")
    note_account(engine, "A-3")

    report = run(sf, engine, clock)

    assert (report.created, report.rejected, report.api_calls) == (2, 1, 6)
    assert names(sf) == ["A-1", "A-3"]
    row = row_of(engine, "A-2")
    assert (row.state, row.error_code) == (
        WriteState.REJECTED,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    )
    assert row.error_fields == "CurrencyIsoCode"
    assert "XXX" in (row.error_message or "")
    assert row.error_remedy == "Choose a value of the picklist, or ask the admin to add this one."


@pytest.mark.usefixtures("_job_for_any")
def test_records_of_different_fields_share_a_job_and_touch_only_their_own(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-1", Description="one", BillingCountry="Brno")
    note_account(engine, "A-2", Description="two", BillingCountry="Oslo")
    run(sf, engine, clock)
    org.org.clock.advance(2)

    note(engine, "Account", "A-1", Description=None)
    note(engine, "Account", "A-2", BillingCountry="Bergen")
    report = run(sf, engine, clock)

    assert (report.updated, report.api_calls) == (2, 6)  # one of them reads what there is
    rows = query(sf, "SELECT Description, BillingCountry FROM Account ORDER BY External_Id__c")
    assert [(row["Description"], row["BillingCountry"]) for row in rows] == [
        (None, "Brno"),
        ("two", "Bergen"),
    ]


@pytest.mark.usefixtures("_job_for_any")
def test_what_a_table_cannot_say_goes_by_a_call(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_account(engine, "A-1", Description="#N/A")
    note_account(engine, "A-2", Description='#N/A "2"\r\n🙂, NA')
    note_account(engine, " A-3")

    report = run(sf, engine, clock)

    assert (report.created, report.api_calls) == (3, 6)
    rows = query(sf, "SELECT Description FROM Account ORDER BY External_Id__c")
    assert [row["Description"] for row in rows] == [None, "#N/A", '#N/A "2"\r\n🙂, NA']
    (job,) = jobs_of(sf)
    assert job["numberRecordsProcessed"] == 1


TEXTS = [
    "NA",
    "null",
    "None",
    "",
    " x ",
    "#N/A",
    "  ",
    '"',
    "a,b",
    "a\r\nb",
    "a\nb",
    "🙂é",
    "'",
    "=1",
]
#: What the generated orders may hold, by field.
CHOICES: dict[str, list[Any]] = {
    "Description": [*TEXTS, None],
    "Selection_Note__c": [*TEXTS, None],
    "Budget__c": [None, Decimal("0.01"), Decimal("9999999999999999.99"), 5, Decimal("1E+3")],
    "EffectiveDate": ["2028-02-29", "2027-03-28"],
    "Manufacturer_Selected_Date__c": [None, "2027-03-28T01:59:59.000+0000", "2027-01-01T00:00:00Z"],
    "Deposit_Required__c": [True, False],
    "CurrencyIsoCode": ["EUR", "PLN"],
}


def note_orders_of_all_kinds(engine: Engine, prefix: str, die: random.Random, count: int) -> None:
    with transaction(engine) as session:
        for n in range(count):
            names = die.sample(sorted(CHOICES), die.randint(1, len(CHOICES)))
            values = {name: die.choice(CHOICES[name]) for name in names}
            known = {"Account": {"External_Id__c": "HD-1"}, "EffectiveDate": "2027-06-01"}
            order = {"Status": "PENDING VALIDATION", **known, **values}
            enqueue(session, "Order", f"{prefix}-{n:04d}", order, "orders.xlsx")


def orders_of(sf: Salesforce, prefix: str) -> list[dict[str, Any]]:
    fields = ", ".join(CHOICES)
    rows = query(sf, f"SELECT External_Id__c, {fields} FROM Order ORDER BY External_Id__c")  # noqa: S608
    return [
        {name: row[name] for name in CHOICES} for row in rows if row["External_Id__c"][0] == prefix
    ]


def test_what_a_job_writes_is_what_calls_write(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note_account(engine, "HD-1")
    note_orders_of_all_kinds(engine, "C", random.Random(7), 150)
    by_calls = run(sf, engine, clock)
    monkeypatch.setattr(bulk_push, "INGEST_CALLS", 0)
    note_orders_of_all_kinds(engine, "J", random.Random(7), 150)
    by_jobs = run(sf, engine, clock)

    assert (by_calls.created, by_jobs.created) == (151, 150)
    assert jobs_of(sf)[0]["numberRecordsProcessed"] > 60
    assert orders_of(sf, "J") == orders_of(sf, "C")


@pytest.mark.usefixtures("_job_for_any")
def test_shuffled_results_are_matched_by_key(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    add_fault(org, action="shuffled_bulk_results", seed=5)
    for n in range(40):
        currency = "XXX" if n % 3 == 0 else "EUR"
        note_account(engine, f"A-{n:02d}", CurrencyIsoCode=currency, Description=f"{n}")

    report = run(sf, engine, clock)

    assert (report.created, report.rejected) == (26, 14)
    ids = {
        r["External_Id__c"]: r["Id"] for r in query(sf, "SELECT Id, External_Id__c FROM Account")
    }
    for n in range(40):
        row = row_of(engine, f"A-{n:02d}")
        assert row.salesforce_id == ids.get(f"A-{n:02d}")
        assert (row.state == WriteState.REJECTED) is (n % 3 == 0)


CUTS = [
    {"action": "truncated_bulk_results", "keep": 0.4},
    {"action": "truncated_body", "keep": 0.4, "framing": "length"},
    {"action": "truncated_body", "keep": 0.4, "framing": "close"},
    {"action": "truncated_body", "keep": 0.4, "framing": "short"},
]


@pytest.mark.slow
@pytest.mark.usefixtures("_job_for_any")
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("file", ["successfulResults", "failedResults"])
def test_a_file_that_breaks_off_once_is_read_again(
    cut: dict[str, Any],
    file: str,
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
) -> None:
    for n in range(10):
        note_account(engine, f"A-{n:02d}", CurrencyIsoCode="XXX" if n % 2 else "EUR")
    add_fault(org, **cut, path=file, times=1)

    report = run(sf, engine, clock)

    assert (report.created, report.rejected, report.api_calls) == (5, 5, 7)


@pytest.mark.usefixtures("_job_for_any")
@pytest.mark.parametrize("cut", CUTS)
def test_of_records_that_no_file_tells_the_org_is_asked(
    cut: dict[str, Any],
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
) -> None:
    for n in range(10):
        note_account(engine, f"A-{n:02d}")
    add_fault(org, **cut, path="successfulResults")

    report = run(sf, engine, clock)

    assert report.created + report.confirmed == 10
    assert report.confirmed >= 6
    assert set(states(engine).values()) == {"sent"}
    assert [job["numberRecordsProcessed"] for job in jobs_of(sf)] == [10]


@pytest.mark.usefixtures("_job_for_any")
def test_a_refusal_that_no_file_tells_is_found_out_by_sending_again(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    for n in range(4):
        note_account(engine, f"A-{n}", CurrencyIsoCode="XXX" if n < 3 else "EUR")
    add_fault(org, action="truncated_bulk_results", keep=0.0, path="failedResults", times=2)

    report = run(sf, engine, clock)
    clock.advance(60)
    later = run(sf, engine, clock)

    assert (report.created, report.retried, report.rejected) == (1, 3, 0)
    assert later.rejected == 3


@pytest.mark.usefixtures("_job_for_any")
def test_a_result_of_another_record_is_not_believed(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note_account(engine, "A-1")
    note_account(engine, "A-2")
    honest = ingest_results._read_success
    monkeypatch.setattr(
        ingest_results,
        "_read_success",
        lambda cells: honest({**cells, "sf__Id": "001000000000001AAA"}),
    )

    report = run(sf, engine, clock)

    assert (report.created, report.confirmed) == (0, 2)
    found = query(sf, "SELECT Id, External_Id__c FROM Account")
    assert {r["Id"] for r in found} == {row_of(engine, k).salesforce_id for k in ("A-1", "A-2")}


@pytest.mark.usefixtures("_job_for_any")
def test_records_held_by_another_save_are_asked_again_in_the_same_push(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    for n in range(5):
        note_account(engine, f"A-{n}")
    add_fault(org, action="UNABLE_TO_LOCK_ROW", inner=True, times=2)

    report = run(sf, engine, clock)

    assert (report.created, report.retried) == (5, 0)
    assert names(sf) == [f"A-{n}" for n in range(5)]


@pytest.mark.usefixtures("_job_for_any")
def test_a_column_that_the_org_does_not_know_costs_only_its_record(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    for n in range(8):
        note_account(engine, f"A-{n}")
    note_account(engine, "A-8", Colour__c="red")

    report = run(sf, engine, clock)

    # Four calls find the column, five carry the others, one has the record refused, and one
    # compares the fields.
    assert (report.created, report.rejected, report.api_calls) == (8, 1, 11)
    row = row_of(engine, "A-8")
    assert (row.error_code, row.bulk_job_id) == ("INVALID_FIELD", None)
    assert "Colour__c" in (row.error_message or "")


@pytest.mark.usefixtures("_job_for_any")
@pytest.mark.parametrize("code", ["API_DISABLED_FOR_ORG", "INVALIDJOB", "EXCEEDED_QUOTA"])
def test_an_org_without_jobs_is_served_by_calls(
    code: str, org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    body = [{"errorCode": code, "message": "no"}]
    add_fault(org, action="status", status=400, body=body, path=JOBS, method="POST")
    note_accounts(engine, 3)

    report = run(sf, engine, clock)

    assert (report.created, report.api_calls) == (3, 2)


@pytest.mark.usefixtures("_job_for_any")
def test_what_a_stopped_job_did_not_come_to_is_sent_again_later(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop_jobs_after_one_chunk(org, monkeypatch)
    keys = note_accounts(engine, 600)

    report = run(sf, engine, clock)

    assert (report.created, report.retried, report.api_calls) == (200, 400, 6)
    row = row_of(engine, keys[-1])
    assert (row.state, row.error_code) == (WriteState.PENDING, "JOB_ABORTED")
    monkeypatch.undo()
    clock.advance(60)
    later = run(sf, engine, clock)
    assert (later.created, later.updated) == (400, 0)


def stop_jobs_after_one_chunk(org: LocalOrgServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has somebody stop every job when it has saved 200 rows."""
    honest = org_ingest.save_chunk

    def save_and_stop(*arguments: Any) -> Any:
        saved = honest(*arguments)
        for job in org.services.bulk.jobs.all_of(JobKind.INGEST):
            org.services.bulk.abort(job)
        return saved

    monkeypatch.setattr(org_ingest, "save_chunk", save_and_stop)


@pytest.mark.usefixtures("_job_for_any")
def test_a_job_that_may_not_be_closed_is_ended_and_replaced_by_calls(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_accounts(engine, 3)
    body = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]
    closing = {"method": "PATCH", "path": JOBS, "request_body": "UploadComplete"}
    add_fault(org, action="status", status=403, body=body, **closing)

    report = run(sf, engine, clock)

    assert (report.created, report.api_calls) == (3, 10)
    (job,) = jobs_of(sf)
    assert (job["state"], job["numberRecordsProcessed"]) == ("Aborted", 0)


@pytest.mark.usefixtures("_job_for_any")
def test_a_dead_pushs_open_job_that_cannot_be_ended_is_left_open_and_read_back(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_accounts(engine, 3)
    with suppress(Killed), dying(sf, 3, is_answered=False):
        run(sf, engine, clock)
    body = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]
    add_fault(org, action="status", status=403, body=body, method="PATCH", path=JOBS)
    clock.advance(LEASE_S + 1)

    report = run(sf, engine, clock)

    assert (report.created, report.retried) == (0, 3)
    assert [job["state"] for job in jobs_of(sf)] == ["Open"]


@pytest.mark.usefixtures("_job_for_any")
def test_a_job_that_vanishes_is_read_back(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_accounts(engine, 3)
    gone = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    add_fault(org, action="status", status=404, body=gone, path=JOBS, method="GET")

    report = run(sf, engine, clock)

    assert (report.confirmed, report.created) == (3, 0)


@pytest.mark.usefixtures("_job_for_any")
def test_a_push_that_lost_its_claim_before_its_job_sends_nothing(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = note_accounts(engine, 3)
    honest = bulk_push.start_ingest
    thefts: list[PushReport] = []

    def slow(*arguments: Any) -> str:
        if not thefts:
            thefts.append(PushReport())
            clock.advance(LEASE_S + 1)
            thefts.append(run(sf, engine, clock))
        return honest(*arguments)

    monkeypatch.setattr(bulk_push, "start_ingest", slow)

    report = run(sf, engine, clock)
    clock.advance(60)
    later = run(sf, engine, clock)

    assert (thefts[1].retried, report.sent, later.created) == (3, 0, 3)
    assert names(sf) == keys
    assert sum(job["numberRecordsProcessed"] for job in jobs_of(sf)) == 3


STEPS = ["POST", "PUT", "PATCH", "GET"]
ROUTES = {
    "POST": rf"{JOBS}/?$",
    "PUT": "/batches",
    "PATCH": JOBS,
    "GET": JOBS,
}


@pytest.mark.usefixtures("_job_for_any")
@pytest.mark.parametrize(
    ("action", "step"),
    [
        *((action, step) for action in ("drop_before", "drop_after") for step in STEPS),
        *(("status", step) for step in ("POST", "PUT", "PATCH")),
    ],
)
def test_an_answer_lost_at_any_step_sends_nothing_twice(
    action: str,
    step: str,
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
) -> None:
    keys = note_accounts(engine, 5)
    more = {"status": 500, "body": "<h1>no</h1>"} if action == "status" else {}
    add_fault(org, action=action, method=step, path=ROUTES[step], times=1, **more)

    report = run(sf, engine, clock)

    assert (report.created, report.confirmed, report.updated) == (5, 0, 0)
    assert names(sf) == keys
    assert sum(job["numberRecordsProcessed"] for job in jobs_of(sf)) == 5


@pytest.mark.usefixtures("_job_for_any")
@pytest.mark.parametrize("step", STEPS)
def test_an_org_that_goes_down_at_any_step_leaves_everything_to_the_next_push(
    step: str, org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    keys = note_accounts(engine, 5)
    down = [{"errorCode": "SERVER_UNAVAILABLE", "message": "down"}]
    add_fault(org, action="status", status=503, body=down, method=step, path=ROUTES[step])

    with pytest.raises(SalesforceUnavailable):
        run(sf, engine, clock)
    control(org, "DELETE", "faults")
    report = run(sf, engine, clock)

    assert report.created == 5
    assert names(sf) == keys
    assert sum(job["numberRecordsProcessed"] for job in jobs_of(sf)) == 5
    assert {row.attempts for row in rows_of(engine)} == {1}


@pytest.mark.usefixtures("_job_for_any")
def test_a_spent_allowance_ends_the_push_at_every_step_and_counts_against_no_record(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    keys = note_accounts(engine, 5)

    for call in range(1, 40):
        control(org, "DELETE", "faults")
        add_fault(org, action="REQUEST_LIMIT_EXCEEDED", path="/services/data/v", call=[call])
        try:
            run(sf, engine, clock)
        except SalesforceRetryable:
            continue
        break

    assert Counter(states(engine).values()) == {"sent": 5}
    assert {row.attempts for row in rows_of(engine)} == {1}
    assert names(sf) == keys


@pytest.mark.usefixtures("_job_for_any")
def test_a_session_that_ends_before_the_upload_is_renewed_and_the_table_sent_whole(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    keys = note_accounts(engine, 5)
    add_fault(org, action="expire_session", method="PUT", times=1)

    report = run(sf, engine, clock)

    assert report.created == 5
    assert names(sf) == keys


def rows_of(engine: Engine) -> list[OutboxWrite]:
    with transaction(engine) as session:
        return list(session.scalars(select(OutboxWrite).order_by(OutboxWrite.id)))


def finish(sf: Salesforce, engine: Engine, clock: FrozenClock) -> None:
    """What the workers do after one of them died: they push on."""
    for _ in range(3):
        clock.advance(LEASE_S + 1)
        run(sf, engine, clock)


def assert_sent_once(org: LocalOrgServer, sf: Salesforce, engine: Engine, where: str) -> None:
    found = states(engine)
    assert set(found.values()) == {"sent"}, where
    assert names(sf) == sorted(found), where
    by_calls = sum("composite" in line for line in requests_of(org))
    tried = sum(job["numberRecordsProcessed"] for job in jobs_of(sf))
    assert (tried, by_calls) == (len(found), 0), where


@pytest.mark.slow
@pytest.mark.usefixtures("_job_for_any")
def test_a_push_killed_at_any_statement_is_finished_and_sends_nothing_twice(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    for statement in range(1, 60):
        org.reset()
        control(org, "POST", "bulk", {"inline": True})
        with transaction(engine) as session:
            session.execute(delete(OutboxWrite))
        note_accounts(engine, 4)
        is_killed = False
        try:
            with killing(engine, statement):
                run(sf, engine, clock)
        except Killed:
            is_killed = True
        finish(sf, engine, clock)
        assert_sent_once(org, sf, engine, f"killed at statement {statement}")
        if not is_killed:
            break
    assert not is_killed
    assert statement > 8


@contextmanager
def dying(sf: Salesforce, call: int, *, is_answered: bool) -> Iterator[list[int]]:
    """The process ends at that request, before it is sent or when its answer is there."""
    adapter = adapter_of(sf)
    honest = adapter._send_once
    count = [0]

    def send(request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        count[0] += 1
        if count[0] == call and not is_answered:
            raise Killed
        answer = honest(request, options)
        if count[0] == call:
            raise Killed
        return answer

    adapter._send_once = send  # type: ignore[method-assign]
    try:
        yield count
    finally:
        adapter._send_once = honest  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.usefixtures("_job_for_any")
@pytest.mark.parametrize("is_answered", [False, True])
@pytest.mark.parametrize("call", [1, 2, 3, 4, 5])
def test_a_push_killed_at_any_request_is_finished_and_sends_nothing_twice(
    call: int,
    is_answered: bool,
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
) -> None:
    note_accounts(engine, 4)

    with suppress(Killed), dying(sf, call, is_answered=is_answered):
        run(sf, engine, clock)
    finish(sf, engine, clock)

    assert_sent_once(org, sf, engine, f"killed at request {call}")


@pytest.mark.usefixtures("_job_for_any")
def test_a_dead_pushs_job_that_is_gone_is_read_back(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    keys = note_accounts(engine, 3)
    with suppress(Killed), dying(sf, 4, is_answered=False):
        run(sf, engine, clock)
    (job,) = jobs_of(sf)
    sf.session.delete(f"{sf.base_url}jobs/ingest/{job['id']}", headers=sf.headers)
    clock.advance(LEASE_S + 1)

    report = run(sf, engine, clock)

    assert (report.confirmed, report.created) == (3, 0)
    assert names(sf) == keys


@pytest.mark.usefixtures("_job_for_any")
def test_a_dead_pushs_job_that_still_runs_is_waited_for_when_all_else_is_done(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note_accounts(engine, 3)
    with suppress(Killed), dying(sf, 4, is_answered=False):
        run(sf, engine, clock)
    clock.advance(LEASE_S + 1)
    note_account(engine, "B-1")
    honest = bulk_push.read_ingest
    looks: list[str] = []

    def slow(sf: Salesforce, job_id: str) -> IngestJob:
        looks.append(job_id)
        job = honest(sf, job_id)
        return IngestJob(job_id, "InProgress", 0, 0, "") if len(looks) == 1 else job

    monkeypatch.setattr(bulk_push, "read_ingest", slow)

    report = run(sf, engine, clock)

    assert (report.created, report.retried) == (4, 0)
    first, second = (row_of(engine, key) for key in ("A-00000", "B-1"))
    assert looks == [first.bulk_job_id] * 2
    assert first.bulk_job_id != second.bulk_job_id


@pytest.mark.usefixtures("_job_for_any")
def test_a_job_longer_than_the_lease_keeps_its_writes(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    note_accounts(engine, 3)
    thieves: list[PushReport] = []

    def sleep(_: float) -> None:
        # A pause of most of a lease, in which another push looks for what is abandoned.
        clock.advance(LEASE_S * 0.9)
        thieves.append(push(sf, engine, clock=clock, sleep=lambda _: None))

    states_seen = iter(["InProgress", "InProgress", "InProgress"])
    honest = bulk_push.await_ingest.__globals__["read_ingest"]

    def slow(sf: Salesforce, job_id: str) -> Any:
        state = next(states_seen, None)
        job = honest(sf, job_id)
        return job if state is None else type(job)(job.id, state, 0, 0, "")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bulk_push.await_ingest.__globals__, "read_ingest", slow)
        report = push(sf, engine, clock=clock, sleep=sleep)

    assert report.created == 3
    assert thieves == [PushReport()] * 4
