"""After the first pull: every change arrives, however late, and the org's calls are spared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.errors import SalesforceRejected, SalesforceUnavailable
from sfsync.mapping import ACCOUNT, MAPPINGS
from sfsync.planning import Expected
from sfsync.pull import PullReport, forget, pull, pull_records
from sfsync.replica_reads import load_record
from sfsync.status import read_status
from sfsync.sync_state import begin_load
from tests.control import add_fault
from tests.sfsync.people import Admin
from tests.sfsync.test_pull import counts, in_org, replica, run

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HALF_PAST = NOON + timedelta(minutes=30)


@pytest.fixture
def admin(org: LocalOrgServer) -> Admin:
    """The administrator, at noon of a quiet day."""
    admin = Admin(org)
    admin.at(NOON)
    return admin


def is_deleted(engine: Engine, record_id: str) -> bool:
    with transaction(engine) as session:
        row = load_record(session, "Account", record_id)
    assert row is not None
    return bool(row["is_deleted"])


def names(engine: Engine) -> set[str]:
    return {row["name"] for row in replica(engine, "Account").values() if not row["is_deleted"]}


def test_an_idle_pull_asks_for_all_objects_in_one_call(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    admin.create("Account", Name="A")
    admin.wait(minutes=2)
    run(sf, engine)
    admin.wait(minutes=5)

    report = run(sf, engine)

    assert report.api_calls == 1
    assert counts(report, "Account") == (0, 0, 0, 0, 0)
    assert report.watermarks == {m.sobject: NOON + timedelta(minutes=7) for m in MAPPINGS}


def test_changes_of_all_objects_cost_two_calls(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    designer = admin.create("Account", Name="HD")
    admin.wait(minutes=1)
    run(sf, engine)
    admin.wait(minutes=5)
    admin.create("Account", Name="MS")
    for _ in range(3):
        admin.create("Order", AccountId=designer, EffectiveDate="2026-06-01")
    admin.wait(seconds=20)

    report = run(sf, engine)

    assert report.api_calls == 2
    assert counts(report, "Account") == (1, 1, 0, 0, 0)
    assert counts(report, "Order") == (3, 3, 0, 0, 0)


def test_only_the_minute_that_was_not_over_is_read_again(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    for name in ("earlier", "in that minute"):
        admin.wait(seconds=50)
        admin.create("Account", Name=name)
    admin.wait(seconds=10)
    run(sf, engine)
    admin.wait(minutes=5)
    admin.create("Account", Name="new")
    admin.wait(seconds=10)

    report = run(sf, engine)

    assert counts(report, "Account") == (2, 1, 0, 0, 1)
    assert names(engine) == {"earlier", "in that minute", "new"}


def test_a_change_in_the_second_of_an_earlier_one_is_not_lost(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    record = admin.create("Account", Name="A")
    run(sf, engine)
    admin.wait(minutes=2)
    admin.change("Account", record, Name="first")
    admin.change("Account", record, Name="second", late_s=600)
    admin.wait(minutes=1)
    run(sf, engine)
    assert names(engine) == {"first"}
    admin.wait(minutes=10)

    run(sf, engine)

    assert names(engine) == {"second"}


def test_a_pull_that_dies_keeps_what_it_proved(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    org: LocalOrgServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sfsync.keyset.PAGE_SIZE", 2)
    gone = admin.create("Account", Name="gone")
    run(sf, engine)
    admin.wait(minutes=5)
    admin.erase("Account", gone)
    for number in range(7):
        admin.wait(seconds=10)
        admin.create("Account", Name=f"A{number}")
    admin.wait(minutes=2)
    add_fault(org, action="status", status=503, path="/queryAll", call=[2, 3, 4, 5])

    with pytest.raises(SalesforceUnavailable):
        run(sf, engine)
    (between, *_) = read_status(engine).objects
    report = run(sf, engine)

    # Two pages of two; the last of them is met again, because others may share its second.
    assert between.complete_up_to == NOON + timedelta(minutes=5, seconds=40)
    assert counts(report, "Account") == (4, 3, 0, 0, 1)
    assert names(engine) == {f"A{number}" for number in range(7)}
    assert is_deleted(engine, gone)


@pytest.mark.parametrize("late_minutes", [5, 20, 60])
def test_a_record_whose_commit_shows_late_arrives_with_the_next_pull(
    admin: Admin, sf: Salesforce, engine: Engine, late_minutes: int
) -> None:
    run(sf, engine)
    admin.wait(minutes=2)
    admin.create("Account", Name="late", late_s=60 * late_minutes)
    admin.wait(minutes=1)
    admin.create("Account", Name="prompt")
    admin.wait(minutes=1)
    before = run(sf, engine)
    assert (names(engine), before.watermarks["Account"]) == (
        {"prompt"},
        NOON + timedelta(minutes=2),
    )
    admin.wait(minutes=late_minutes)

    report = run(sf, engine)

    assert names(engine) == {"late", "prompt"}
    # The prompt one is read again: it might have been overwritten in the very same second.
    assert counts(report, "Account") == (2, 1, 0, 0, 1)
    assert report.api_calls == 2
    assert report.watermarks["Account"] == NOON + timedelta(minutes=4 + late_minutes)
    assert replica(engine, "Account") == in_org(sf, "Account")


def test_a_late_commit_of_a_known_record_arrives(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    record = admin.create("Account", Name="A")
    admin.wait(minutes=2)
    run(sf, engine)
    admin.change("Account", record, Name="renamed", late_s=1200)
    admin.wait(minutes=1)
    admin.create("Account", Name="B")
    run(sf, engine)
    assert names(engine) == {"A", "B"}
    admin.wait(minutes=20)

    run(sf, engine)

    assert names(engine) == {"renamed", "B"}


def test_a_late_deletion_arrives(admin: Admin, sf: Salesforce, engine: Engine) -> None:
    record = admin.create("Account", Name="A")
    run(sf, engine)
    admin.wait(minutes=2)
    admin.delete("Account", record, late_s=1200)
    admin.wait(minutes=1)
    admin.create("Account", Name="B")
    run(sf, engine)
    assert not is_deleted(engine, record)
    admin.wait(minutes=20)

    report = run(sf, engine)

    assert is_deleted(engine, record)
    assert counts(report, "Account")[3] == 1


def test_the_watermark_stands_still_while_a_transaction_is_open_and_rows_go_on(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    run(sf, engine)
    admin.wait(minutes=2)
    admin.create("Account", Name="late", late_s=7200)
    reports = []
    for number in range(4):
        admin.wait(minutes=10)
        admin.create("Account", Name=f"A{number}")
        reports.append(run(sf, engine))

    assert [report.watermarks["Account"] for report in reports] == [NOON + timedelta(minutes=2)] * 4
    # The row stamped in the second of a pull is read by that one and by the next.
    assert [counts(report, "Account")[:2] for report in reports] == [(1, 1), *[(2, 1)] * 3]
    assert [report.api_calls for report in reports] == [2, 2, 2, 2]


def test_a_record_deleted_for_good_is_marked(admin: Admin, sf: Salesforce, engine: Engine) -> None:
    record = admin.create("Account", Name="A")
    run(sf, engine)
    admin.wait(minutes=5)
    admin.erase("Account", record)
    admin.wait(minutes=5)

    report = run(sf, engine)

    assert is_deleted(engine, record)
    assert counts(report, "Account") == (0, 0, 0, 1, 0)


def test_a_record_that_was_restored_is_alive_again(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    record = admin.create("Account", Name="A")
    admin.wait(minutes=1)
    admin.delete("Account", record)
    run(sf, engine)
    assert is_deleted(engine, record)
    admin.wait(minutes=1)
    admin.undelete("Account", record)

    run(sf, engine)

    assert not is_deleted(engine, record)
    assert replica(engine, "Account") == in_org(sf, "Account")


def test_a_pause_of_three_weeks_is_followed_by_reading_everything(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    gone, kept = (admin.create("Account", Name=name) for name in ("gone", "kept"))
    run(sf, engine)
    admin.wait(days=1)
    admin.erase("Account", gone)
    admin.wait(days=21)

    report = run(sf, engine)

    assert counts(report, "Account") == (1, 0, 0, 1, 1)
    assert is_deleted(engine, gone)
    assert not is_deleted(engine, kept)


def test_an_org_that_cannot_tell_the_changes_is_read_whole(
    admin: Admin, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(sf, engine)
    admin.wait(days=10)
    for number in range(3):
        admin.create("Account", Name=f"A{number}")
    admin.wait(minutes=5)
    monkeypatch.setattr("sandbox.api.changes.MOST_IDS", 2)

    report = run(sf, engine)

    assert counts(report, "Account") == (3, 3, 0, 0, 0)
    assert report.api_calls == 2


def test_an_org_that_cannot_even_tell_the_last_minutes_is_a_clear_refusal(
    admin: Admin, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        admin.create("Account", Name=f"A{number}")
    monkeypatch.setattr("sandbox.api.changes.MOST_IDS", 2)

    with pytest.raises(SalesforceRejected, match="what happened to Account in the last two"):
        run(sf, engine)

    assert replica(engine, "Account") == {}


def test_a_pull_without_an_answer_changes_nothing_and_the_next_one_goes_on(
    admin: Admin, sf: Salesforce, engine: Engine, org: LocalOrgServer
) -> None:
    run(sf, engine)
    admin.wait(minutes=5)
    admin.create("Account", Name="A")
    admin.wait(minutes=1)
    add_fault(org, action="status", status=503, path="composite/batch", call=[2, 3, 4, 5])

    with pytest.raises(SalesforceUnavailable):
        run(sf, engine)
    state_between = read_status(engine).objects[0]
    run(sf, engine)

    assert state_between.complete_up_to == NOON
    assert names(engine) == {"A"}


def test_a_reading_of_everything_that_is_overtaken_does_no_harm(
    admin: Admin, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfsync.keyset.PAGE_SIZE", 2)
    for number in range(5):
        admin.create("Account", Name=f"A{number}")
    overtaken: list[PullReport] = []

    def overtake(_sobject: str, _tally: object) -> None:
        if not overtaken:
            overtaken.append(PullReport())
            overtaken[0] = pull(sf, engine, full=True, mappings=[ACCOUNT])

    pull(sf, engine, full=True, mappings=[ACCOUNT], on_page=overtake)

    assert names(engine) == {f"A{number}" for number in range(5)}
    assert counts(overtaken[0], "Account")[0] == 5
    (status, *_) = read_status(engine).objects
    assert (status.rows, status.deleted_rows, status.is_pull_interrupted) == (5, 0, False)


def test_pages_that_go_on_foretell_what_is_stored_and_what_is_left(
    admin: Admin, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfsync.keyset.PAGE_SIZE", 2)
    monkeypatch.setattr("sfsync.planning.FEW", 1)
    for number in range(5):
        admin.create("Account", Name=f"A{number}")
    plans: list[dict[str, Expected]] = []

    def stop(_sobject: str, _tally: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(sf, engine, mappings=[ACCOUNT], on_page=stop, on_plan=plans.append)
    pull(sf, engine, mappings=[ACCOUNT], on_plan=plans.append)

    assert plans == [{"Account": Expected(5, 0)}, {"Account": Expected(5, 2)}]


def test_a_pull_during_which_the_replica_is_forgotten_calls_nothing_complete(
    admin: Admin, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfsync.keyset.PAGE_SIZE", 2)
    for number in range(5):
        admin.create("Account", Name=f"A{number}")
    forgotten: list[str] = []

    def rebuild_and_die(sobject: str, _tally: object) -> None:
        if not forgotten:
            forgotten.append(sobject)
            forget(engine)
            with transaction(engine) as session:
                begin_load(session, sobject, NOON, NOON)

    pull(sf, engine, mappings=[ACCOUNT], on_page=rebuild_and_die)
    (between, *_) = read_status(engine).objects
    pull(sf, engine, mappings=[ACCOUNT])

    assert (between.complete_up_to, between.is_pull_interrupted) == (None, True)
    assert names(engine) == {f"A{number}" for number in range(5)}


def test_a_pull_that_a_rebuild_overtook_calls_nothing_complete(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    admin.create("Account", Name="A")
    run(sf, engine, mappings=[ACCOUNT])
    admin.wait(minutes=5)
    admin.create("Account", Name="B")
    admin.wait(minutes=1)

    report = run(
        sf, engine, mappings=[ACCOUNT], on_page=lambda _sobject, _tally: forget(engine, [ACCOUNT])
    )

    assert report.watermarks == {"Account": None}
    assert read_status(engine).objects[0].complete_up_to is None


def test_the_status_gives_the_proof(admin: Admin, sf: Salesforce, engine: Engine) -> None:
    run(sf, engine)
    admin.wait(minutes=2)
    admin.create("Account", Name="late", late_s=7200)
    admin.at(HALF_PAST)

    run(sf, engine)

    (status, *_) = read_status(engine).objects
    assert status.complete_up_to == NOON + timedelta(minutes=2)
    assert (status.proved_at, status.read_up_to) == (HALF_PAST, HALF_PAST)


def test_records_named_by_an_event_are_read_at_once(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    run(sf, engine)
    admin.wait(minutes=2)
    record = admin.create("Account", Name="A")

    tally = pull_records(sf, engine, "Account", [record])

    assert (tally.read, tally.inserted) == (1, 1)
    assert names(engine) == {"A"}
    assert read_status(engine).objects[0].complete_up_to == NOON


def test_a_forgotten_replica_is_rebuilt_field_by_field(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    designer = admin.create("Account", Name="HD")
    admin.create("Order", AccountId=designer, EffectiveDate="2026-06-01")
    run(sf, engine)
    before = {mapping.sobject: replica(engine, mapping.sobject) for mapping in MAPPINGS}

    forget(engine)
    assert replica(engine, "Order") == {}
    run(sf, engine)

    assert {mapping.sobject: replica(engine, mapping.sobject) for mapping in MAPPINGS} == before
