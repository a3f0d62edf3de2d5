"""The state of the sync as figures: for a monitor, and in `flask sync status`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.call_ledger import Allowance, CallHour
from sfsync.drift import Drift, Reconciliation
from sfsync.exposition import Metric, as_values, render_prometheus
from sfsync.metrics import Now, read_metrics
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.sync_state import SyncState
from tests.app.test_commands import answer_of, invoke
from tests.control import control, counted_calls

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
#: The org's clock is ahead here, so that a figure by the wrong one shows.
ORG_NOW = NOW + timedelta(days=1)


def figures(engine: Engine) -> dict[str, float]:
    with transaction(engine) as session:
        return as_values(read_metrics(session, Now(org=ORG_NOW, ours=NOW)))


def write(engine: Engine, key: str, **columns: Any) -> None:
    with transaction(engine) as session:
        enqueue(session, "Account", key, {"Name": key}, "x")
        row = session.scalars(select(OutboxWrite).where(OutboxWrite.external_id == key)).one()
        for name, value in columns.items():
            setattr(row, name, value)


def test_an_empty_database_knows_nothing_and_says_so(engine: Engine) -> None:
    found = figures(engine)

    assert found['manufaktura_sync_complete{sobject="Order"}'] == 0
    assert found['manufaktura_sync_rows{sobject="Order",deleted="false"}'] == 0
    assert not [name for name in found if "lag" in name or "oldest" in name]


def test_lag_is_counted_by_the_orgs_clock(engine: Engine) -> None:
    with transaction(engine) as session:
        for name, is_loading in (("Account", False), ("Order", True)):
            upto = ORG_NOW - timedelta(seconds=90)
            session.add(
                SyncState(sobject=name, watermark_at=upto, load_no=1, is_loading=is_loading)
            )

    found = figures(engine)

    assert found['manufaktura_sync_lag_seconds{sobject="Account"}'] == 90
    assert 'manufaktura_sync_lag_seconds{sobject="Order"}' not in found
    assert found['manufaktura_sync_complete{sobject="Order"}'] == 0


def test_ages_of_writes_are_counted_by_our_clock(engine: Engine) -> None:
    write(engine, "A-1", enqueued_at=NOW - timedelta(seconds=30))
    write(engine, "A-2", enqueued_at=NOW - timedelta(seconds=40))
    write(
        engine,
        "A-3",
        state=WriteState.REJECTED,
        enqueued_at=NOW - timedelta(hours=9),
        failed_at=NOW - timedelta(seconds=50),
    )

    found = figures(engine)

    assert found['manufaktura_sync_outbox_oldest_seconds{state="pending"}'] == 40
    assert found['manufaktura_sync_outbox_oldest_seconds{state="rejected"}'] == 50
    assert found['manufaktura_sync_outbox_writes{sobject="Account",state="pending"}'] == 2
    assert found['manufaktura_sync_outbox_writes{sobject="Account",state="rejected"}'] == 1


def test_retries_waiting_writes_and_faults_of_our_own_are_counted(engine: Engine) -> None:
    write(engine, "A-1", attempts=3)
    write(engine, "A-2", attempts=1, waits_for="waits for Order ORD-1")
    write(engine, "A-3", state=WriteState.REJECTED, attempts=1, error_code="BUG")
    write(engine, "A-4", state=WriteState.SENT, attempts=9)

    found = figures(engine)

    assert found["manufaktura_sync_outbox_retries"] == 2
    assert found["manufaktura_sync_outbox_waiting"] == 1
    assert found["manufaktura_sync_outbox_bugs"] == 1


def test_drift_is_counted_until_it_is_healed(engine: Engine) -> None:
    with transaction(engine) as session:
        run = Reconciliation(
            depth="fields",
            sobjects="Account",
            started_at=NOW,
            finished_at=ORG_NOW - timedelta(seconds=70),
        )
        session.add(run)
        session.flush()
        for healed_at in (None, NOW):
            drift = Drift(run_id=run.id, sobject="Account", salesforce_id="001", kind="missing")
            drift.cause, drift.found_at, drift.healed_at = "a late commit", NOW, healed_at
            session.add(drift)

    found = figures(engine)

    assert found["manufaktura_sync_drift_found_total"] == 2
    assert found["manufaktura_sync_drift_open"] == 1
    assert found["manufaktura_sync_reconcile_age_seconds"] == 70


def test_the_api_calls_of_the_last_day_are_told_by_purpose(engine: Engine) -> None:
    hour = ORG_NOW.replace(minute=0)
    with transaction(engine) as session:
        for hours_ago, purpose, calls in ((0, "pull", 3), (23, "pull", 4), (30, "pull", 100)):
            at = hour - timedelta(hours=hours_ago)
            session.add(CallHour(org="o", hour=at, purpose=purpose, calls=calls, unsent=0))
        session.add(Allowance(org="o", step="normal", used=70, allowance=1000, others=0))

    found = figures(engine)

    assert found['manufaktura_sync_api_calls{purpose="pull"}'] == 7
    assert found['manufaktura_sync_api_org_used{org="o"}'] == 70
    assert found['manufaktura_sync_api_org_allowance{org="o"}'] == 1000


def test_the_text_for_a_scraper_names_and_explains_each_metric() -> None:
    metric = Metric("rows", "Rows.", (((("sobject", 'a"b\\c\nd'),), 3.0), ((), 0.5)), "counter")

    assert render_prometheus([metric]).splitlines() == [
        "# HELP manufaktura_sync_rows Rows.",
        "# TYPE manufaktura_sync_rows counter",
        'manufaktura_sync_rows{sobject="a\\"b\\\\c\\nd"} 3',
        "manufaktura_sync_rows 0.5",
    ]


@pytest.fixture
def worked(app: Flask, org: LocalOrgServer) -> Flask:
    """An application that pulled, and was refused a write."""
    control(org, "POST", "clock", {"now": "2026-05-04T12:00:20+00:00", "frozen": True})
    invoke(app, "sync", "pull")
    with transaction(app.extensions["runtime"].engine) as session:
        enqueue(session, "Account", "A-1", {"Name": "A", "CurrencyIsoCode": "XXX"}, "row 7")
    invoke(app, "sync", "push")
    return app


def test_the_command_prints_lines_that_a_scraper_takes(worked: Flask, org: LocalOrgServer) -> None:
    calls = counted_calls(org)

    lines = invoke(worked, "sync", "metrics").stdout.splitlines()

    assert 'manufaktura_sync_lag_seconds{sobject="Account"} 20' in lines
    assert 'manufaktura_sync_outbox_writes{sobject="Account",state="rejected"} 1' in lines
    assert 'manufaktura_sync_notes{place="case"} 1' in lines
    sample = re.compile(r'manufaktura_sync_[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? -?\d+(\.\d+)?')
    comment = re.compile(r"# (HELP|TYPE) manufaktura_sync_[a-z_]+ .+")
    assert all(sample.fullmatch(line) or comment.fullmatch(line) for line in lines)
    assert counted_calls(org) == calls


def test_the_figures_are_there_as_json_too(worked: Flask) -> None:
    found = answer_of(invoke(worked, "sync", "metrics", "--json"))

    assert found['manufaktura_sync_lag_seconds{sobject="Account"}'] == 20


def test_status_says_how_long_ago_the_proof_ends_and_what_waits_longest(worked: Flask) -> None:
    with transaction(worked.extensions["runtime"].engine) as session:
        enqueue(session, "Account", "A-2", {"Name": "B"}, "row 8")

    lines = invoke(worked, "sync", "status").stdout.splitlines()
    account = answer_of(invoke(worked, "sync", "status", "--json"))["objects"][0]

    assert "Proven complete to this long ago: Account 20 s, Order 20 s, Order_Proposal__c 20 s" in (
        lines
    )
    assert any(
        re.fullmatch(r"Oldest write of Account that has not left: noted \d+ s ago", line)
        for line in lines
    )
    assert account["lag_s"] == 20
    assert account["oldest_pending_at"] is not None
