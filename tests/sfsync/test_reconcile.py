"""Whatever was done to the replica, or in the org without a word, a reconciliation finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, delete, func, insert, select, update

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync import descent, exports, keyset, reconcile, scanning
from sfsync.checksums import checksummer
from sfsync.client import usage
from sfsync.drift import Drift, Reconciliation
from sfsync.errors import IncompleteRead, SalesforceRetryable
from sfsync.judging import (
    DELETED,
    EDITED_BOTH,
    EDITED_HERE,
    ERASED,
    FALSE_STAMP,
    INVENTED,
    MARKED_HERE,
    MISSED,
    NOT_RESTORED,
    REMOVED_HERE,
    UNSTAMPED,
)
from sfsync.mapping import ACCOUNT, MAPPINGS
from sfsync.pull import forget, pull
from sfsync.reconcile import ReconcileReport
from sfsync.replica import TABLES
from sfsync.replica_reads import load_stored
from sfsync.replica_writes import sum_again
from tests.control import add_fault, counted_calls, seed
from tests.sfsync.people import Admin
from tests.sfsync.simulation import Killed, killing
from tests.sfsync.test_pull import a_market, an_account, in_org, replica

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=2)
TABLE = TABLES["Account"]


@pytest.fixture
def admin(org: LocalOrgServer, sf: Salesforce, engine: Engine) -> Admin:
    """An org with six accounts and a market, pulled and proven two days later."""
    admin = Admin(org)
    admin.at(NOON)
    a_market(org)
    seed(org, [an_account(number, Rating__c=number) for number in range(6)])
    admin.at(LATER)
    pull(sf, engine)
    admin.wait(minutes=5)
    return admin


def run(sf: Salesforce, engine: Engine, **options: Any) -> ReconcileReport:
    return reconcile.reconcile(sf, engine, **options)


def id_of(engine: Engine, number: int) -> str:
    with transaction(engine) as session:
        query = select(TABLE.c.salesforce_id).where(TABLE.c.external_id == f"A-{number}")
        return str(session.scalars(query).one())


def tamper(engine: Engine, number: int, *, sums: bool = False, **values: Any) -> str:
    """Changes a replica row by hand; with `sums` as wrong code of ours would, checksum and all."""
    record_id = id_of(engine, number)
    with transaction(engine) as session:
        session.execute(update(TABLE).where(TABLE.c.salesforce_id == record_id).values(**values))
        if sums:
            sum_again(session, ACCOUNT, [record_id])
    return record_id


def ledger(engine: Engine) -> list[tuple[str, str | None, str, str]]:
    """The entries: Id, field, kind and cause."""
    with transaction(engine) as session:
        entries = session.scalars(select(Drift).order_by(Drift.id)).all()
    assert all(each.healed_at is not None for each in entries)
    return [(each.salesforce_id, each.field, each.kind, each.cause) for each in entries]


def assert_healed(sf: Salesforce, engine: Engine) -> None:
    """The replica is the org's again, deleted rows apart, its checksums are true, and a second run
    finds nothing."""
    for mapping in MAPPINGS:
        ours = {i: r for i, r in replica(engine, mapping.sobject).items() if not r["is_deleted"]}
        theirs = {i: r for i, r in in_org(sf, mapping.sobject).items() if not r["is_deleted"]}
        assert ours == theirs
        checksum = checksummer(mapping)
        with transaction(engine) as session:
            stored = load_stored(session, mapping, replica_ids(session, mapping), lock=False)
        assert all(row["checksum"] == checksum(row) for row in stored.values())
    entries = ledger(engine)
    assert run(sf, engine).drifted == 0
    assert run(sf, engine, every_field=True).drifted == 0
    assert ledger(engine) == entries


def replica_ids(session: Any, mapping: Any) -> list[str]:
    return list(session.scalars(select(TABLES[mapping.sobject].c.salesforce_id)))


@pytest.mark.usefixtures("admin")
def test_a_replica_that_is_the_orgs_is_found_so_in_three_calls(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    before = counted_calls(org)

    report = run(sf, engine)

    assert report.drifted == 0
    assert {name: each.rows for name, each in report.findings.items()} == {
        "Account": 8,
        "Order": 1,
        "Order_Proposal__c": 1,
    }
    # What happened since, what the fields are, and all figures.
    assert report.api_calls == counted_calls(org) - before == 3
    assert usage(sf).by_purpose["reconcile"] == 2
    assert ledger(engine) == []
    with transaction(engine) as session:
        (noted,) = session.scalars(select(Reconciliation)).all()
    assert (noted.rows_checked, noted.rows_drifted, noted.api_calls) == (10, 0, 3)
    assert noted.finished_at == LATER + timedelta(minutes=5)


@pytest.mark.usefixtures("admin")
def test_a_cell_that_was_changed_here_is_named_and_healed(sf: Salesforce, engine: Engine) -> None:
    changed = tamper(engine, 3, name="by hand", rating=None)

    report = run(sf, engine)

    assert ledger(engine) == [
        (changed, "Name", "cell", EDITED_HERE),
        (changed, "Rating__c", "cell", EDITED_HERE),
    ]
    (name, rating) = report.differences
    assert (name["ours"], name["theirs"]) == ("by hand", "Account 3")
    assert (rating["ours"], rating["theirs"]) == (None, "3")
    assert report.drifted == 1
    assert report.findings["Account"].depth == "figures"
    assert report.api_calls == 3
    assert_healed(sf, engine)


@pytest.mark.usefixtures("admin")
def test_rows_that_were_deleted_here_come_back(sf: Salesforce, engine: Engine) -> None:
    removed, marked, marked_well = id_of(engine, 0), id_of(engine, 1), id_of(engine, 2)
    with transaction(engine) as session:
        session.execute(delete(TABLE).where(TABLE.c.salesforce_id == removed))
    tamper(engine, 1, is_deleted=True)
    tamper(engine, 2, is_deleted=True, sums=True)

    report = run(sf, engine)

    assert sorted(ledger(engine)) == sorted(
        [
            (removed, None, "missing", REMOVED_HERE),
            (marked, None, "missing", MARKED_HERE),
            (marked_well, None, "missing", NOT_RESTORED),
        ]
    )
    assert report.findings["Account"].depth == "ids"
    assert_healed(sf, engine)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("made_up", ["001Lc00000zzzzzAAA", "' OR 1=1"])
def test_a_row_that_was_invented_here_is_marked_as_deleted(
    sf: Salesforce, engine: Engine, made_up: str
) -> None:
    row = {"salesforce_id": made_up, "is_deleted": False, "system_modstamp": NOON, "name": "new"}
    with transaction(engine) as session:
        session.execute(insert(TABLE).values(**row))

    run(sf, engine)

    assert ledger(engine) == [(made_up, None, "surplus", INVENTED)]
    assert replica(engine, "Account")[made_up]["is_deleted"] is True
    assert_healed(sf, engine)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("every_field", [False, True], ids=["figures", "fields"])
def test_a_row_of_the_future_that_the_org_never_had_is_found(
    sf: Salesforce, engine: Engine, every_field: bool
) -> None:
    """No day up to now holds it, and its checksum is true."""
    row = {"is_deleted": False, "system_modstamp": NOON + timedelta(days=900), "name": "new"}
    with transaction(engine) as session:
        session.execute(insert(TABLE).values(salesforce_id="001Lc00000zzzzzAAA", **row))
        sum_again(session, ACCOUNT, ["001Lc00000zzzzzAAA"])

    report = run(sf, engine, every_field=every_field)

    assert found(report) == {("001Lc00000zzzzzAAA", None, "surplus")}
    assert_healed(sf, engine)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    "moved", [timedelta(days=-3), timedelta(days=1), timedelta(days=9)], ids=str
)
@pytest.mark.parametrize("sums", [False, True], ids=["by hand", "by wrong code"])
def test_a_false_stamp_is_put_right(
    sf: Salesforce, engine: Engine, moved: timedelta, sums: bool
) -> None:
    """A stamp of the future would keep every later version out."""
    record_id = tamper(engine, 4, system_modstamp=NOON + moved, sums=sums)

    run(sf, engine)

    cause = EDITED_HERE if not sums else MISSED if moved < timedelta(0) else FALSE_STAMP
    assert ledger(engine) == [(record_id, "SystemModstamp", "stale", cause)]
    assert_healed(sf, engine)


def test_a_version_that_was_missed_is_found_by_its_day(
    admin: Admin, sf: Salesforce, engine: Engine
) -> None:
    record_id = id_of(engine, 5)
    with transaction(engine) as session:
        (old,) = load_stored(session, ACCOUNT, [record_id], lock=False).values()
    admin.change("Account", record_id, Name="newer")
    admin.wait(minutes=5)
    pull(sf, engine)
    tamper(engine, 5, **old)

    run(sf, engine)

    assert {(each[1], each[2], each[3]) for each in ledger(engine)} == {
        ("Name", "stale", MISSED),
        ("SystemModstamp", "stale", MISSED),
        ("LastModifiedDate", "stale", MISSED),
        ("LastModifiedById", "stale", MISSED),
    }
    assert_healed(sf, engine)


@pytest.mark.parametrize("for_good", [False, True], ids=["into the bin", "for good"])
def test_what_was_deleted_in_the_org_without_our_knowledge_is_found(
    admin: Admin, sf: Salesforce, engine: Engine, for_good: bool
) -> None:
    record_id = id_of(engine, 2)
    with transaction(engine) as session:
        (old,) = load_stored(session, ACCOUNT, [record_id], lock=False).values()
    admin.delete("Account", record_id)
    if for_good:
        admin.erase("Account", record_id)
    admin.wait(minutes=5)
    pull(sf, engine)
    tamper(engine, 2, **old)

    run(sf, engine)

    assert ledger(engine) == [(record_id, None, "surplus", ERASED if for_good else DELETED)]
    assert replica(engine, "Account")[record_id]["is_deleted"] is True
    assert_healed(sf, engine)


def change_unstamped(
    org: LocalOrgServer, record_id: str, field: str, value: object, sobject: str = "Account"
) -> None:
    """What formulas do, and nothing else may: a value moves, and the record's stamp stays."""
    store = org.org.store
    with store.transaction():
        store.connection.execute(
            f'UPDATE "{sobject}" SET "{field}" = ? WHERE "Id" = ?',  # noqa: S608 - names of ours
            (value, record_id),
        )


def test_a_value_that_changed_without_a_stamp_is_found_by_comparing_fields(
    admin: Admin, sf: Salesforce, engine: Engine, org: LocalOrgServer
) -> None:
    record_id = id_of(engine, 1)
    change_unstamped(org, record_id, "Name", "without a stamp")

    figures = run(sf, engine)
    fields = run(sf, engine, every_field=True)

    assert (figures.drifted, fields.drifted) == (0, 1)
    assert ledger(engine) == [(record_id, "Name", "cell", UNSTAMPED)]
    assert fields.differences[0]["theirs"] == "without a stamp"
    assert_healed(sf, engine)


def test_a_number_that_changed_without_a_stamp_shows_in_the_sums(
    admin: Admin, sf: Salesforce, engine: Engine, org: LocalOrgServer
) -> None:
    record_id = id_of(engine, 1)
    tamper(engine, 1, rating=5, sums=True)

    report = run(sf, engine)

    assert ledger(engine) == [(record_id, "Rating__c", "cell", UNSTAMPED)]
    assert report.findings["Account"].depth == "fields"
    assert_healed(sf, engine)


def every_kind(engine: Engine) -> set[tuple[str, str | None, str]]:
    """Seeds one drift of each kind; what has to be found."""
    removed = id_of(engine, 0)
    old = tamper(engine, 3, system_modstamp=NOON - timedelta(days=4), sums=True)
    with transaction(engine) as session:
        session.execute(delete(TABLE).where(TABLE.c.salesforce_id == removed))
        row = {"is_deleted": False, "system_modstamp": NOON, "name": "invented"}
        session.execute(insert(TABLE).values(salesforce_id="001Lc00000zzzzzAAA", **row))
    return {
        (removed, None, "missing"),
        ("001Lc00000zzzzzAAA", None, "surplus"),
        (tamper(engine, 1, name="cell"), "Name", "cell"),
        (tamper(engine, 2, rating=4, sums=True), "Rating__c", "cell"),
        (old, "SystemModstamp", "stale"),
        (tamper(engine, 4, is_deleted=True), None, "missing"),
    }


def found(report: ReconcileReport) -> set[tuple[str, str | None, str]]:
    return {(each["salesforce_id"], each["field"], each["kind"]) for each in report.differences}


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("every_field", [False, True], ids=["figures", "fields"])
def test_a_rehearsal_finds_the_same_and_changes_nothing(
    sf: Salesforce, engine: Engine, every_field: bool
) -> None:
    seeded = every_kind(engine)
    before = replica(engine, "Account")

    rehearsed = run(sf, engine, dry_run=True, every_field=every_field)
    unchanged = replica(engine, "Account") == before
    entries = ledger(engine)
    healed = run(sf, engine, every_field=every_field)

    assert found(rehearsed) == seeded
    assert (unchanged, entries, rehearsed.run_id) == (True, [], None)
    assert found(healed) == seeded
    assert rehearsed.drifted == healed.drifted == 6
    assert_healed(sf, engine)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("every_field", [False, True], ids=["figures", "fields"])
def test_a_reconciliation_that_is_killed_anywhere_is_made_good_by_the_next(
    sf: Salesforce, engine: Engine, every_field: bool
) -> None:
    seeded = every_kind(engine)
    statement, deaths = 1, 0
    while True:
        try:
            with killing(engine, statement):
                run(sf, engine, every_field=every_field)
        except Killed:
            deaths, statement = deaths + 1, statement + 7
        else:
            break

    entries = {(each[0], each[1], each[2]) for each in ledger(engine)}
    assert entries == seeded
    assert len(ledger(engine)) == len(seeded)
    assert deaths > 3
    assert_healed(sf, engine)


@contextmanager
def meanwhile(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Any) -> Iterator[None]:
    """Lets something happen just before the reconciliation calls that function."""
    honest = getattr(module, name)

    def acting(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(module, name, honest)
        act()
        return honest(*args, **options)

    monkeypatch.setattr(module, name, acting)
    yield


@pytest.mark.parametrize("step", ["describe_many", "get_many"])
@pytest.mark.parametrize("is_pulled", [False, True], ids=["not pulled", "pulled meanwhile"])
def test_what_people_do_meanwhile_is_no_drift(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    is_pulled: bool,
) -> None:
    edited, deleted, erased = (id_of(engine, number) for number in range(3))

    def live() -> None:
        admin.wait(minutes=1)
        admin.change("Account", edited, Name="edited meanwhile")
        admin.create("Account", Name="created meanwhile")
        admin.delete("Account", deleted)
        admin.erase("Account", erased)
        if is_pulled:
            pull(sf, engine)

    with meanwhile(monkeypatch, descent, step, live):
        report = run(sf, engine)

    assert ledger(engine) == []
    assert report.drifted == 0
    admin.wait(minutes=5)
    pull(sf, engine)
    assert_healed(sf, engine)


def test_a_row_that_is_pulled_between_the_question_and_its_healing_is_left_alone(
    admin: Admin, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_id = tamper(engine, 1, name="by hand")
    honest = descent.get_many

    def asking(*args: Any, **options: Any) -> Any:
        answer = honest(*args, **options)
        admin.wait(minutes=1)
        admin.change("Account", record_id, Name="newest")
        pull(sf, engine)
        return answer

    monkeypatch.setattr(descent, "get_many", asking)
    report = run(sf, engine)
    monkeypatch.setattr(descent, "get_many", honest)

    assert (report.drifted, report.findings["Account"].moved) == (0, 1)
    assert replica(engine, "Account")[record_id]["name"] == "newest"


def test_a_cell_that_was_changed_here_before_an_edit_there_is_still_told(
    admin: Admin, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_id = tamper(engine, 1, name="by hand")

    def edit() -> None:
        admin.wait(minutes=1)
        admin.change("Account", record_id, Name="edited there")

    with meanwhile(monkeypatch, descent, "get_many", edit):
        run(sf, engine)

    assert ledger(engine) == [(record_id, None, "cell", EDITED_BOTH)]
    assert replica(engine, "Account")[record_id]["name"] == "edited there"


@pytest.mark.parametrize("for_good", [False, True], ids=["into the bin", "for good"])
def test_what_is_deleted_and_pulled_while_rows_are_streamed_stays_deleted(
    admin: Admin, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch, for_good: bool
) -> None:
    """The stream showed the record alive, and our row is dead by a deletion of a moment ago."""
    record_id = id_of(engine, 1)
    honest = scanning.Scan.read

    def reading(scan: scanning.Scan) -> Iterator[list[dict[str, Any]]]:
        pages = list(honest(scan))
        if scan.mapping.sobject == "Account":
            admin.wait(minutes=1)
            admin.delete("Account", record_id)
            if for_good:
                admin.erase("Account", record_id)
            admin.wait(minutes=2)
            pull(sf, engine)
        yield from pages

    monkeypatch.setattr(scanning.Scan, "read", reading)
    report = run(sf, engine, every_field=True)

    assert report.drifted == 0
    assert replica(engine, "Account")[record_id]["is_deleted"] is True
    assert ledger(engine) == []


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("every_field", [False, True], ids=["figures", "fields"])
def test_a_rebuild_that_begins_meanwhile_makes_nothing_drift(
    sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch, every_field: bool
) -> None:
    tamper(engine, 1, name="by hand")
    honest = descent.survey

    def surveying(*args: Any) -> Any:
        found = honest(*args)
        forget(engine)
        return found

    monkeypatch.setattr(descent, "survey", surveying)
    with pytest.raises(SalesforceRetryable, match="Account is being read whole"):
        run(sf, engine, every_field=every_field)

    assert ledger(engine) == []


def test_a_replica_that_was_never_complete_is_not_compared(sf: Salesforce, engine: Engine) -> None:
    with pytest.raises(SalesforceRetryable, match="not complete"):
        run(sf, engine, dry_run=True)

    assert ledger(engine) == []


@pytest.fixture
def _exports(monkeypatch: pytest.MonkeyPatch) -> None:
    for reader in (scanning, descent):
        monkeypatch.setattr(reader, "is_export_cheaper", lambda _rows, _spans=1: True)
    monkeypatch.setattr(exports, "PAGE_ROWS", 3)
    monkeypatch.setattr(exports, "ONE_PAGE_ROWS", 3)
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(keyset, "PAGE_SIZE", 4)


@pytest.mark.usefixtures("admin", "_exports")
@pytest.mark.parametrize("every_field", [False, True], ids=["figures", "fields"])
def test_an_export_serves_as_well_as_pages(
    sf: Salesforce, engine: Engine, every_field: bool
) -> None:
    seeded = every_kind(engine)

    report = run(sf, engine, every_field=every_field)

    assert found(report) == seeded
    assert_healed(sf, engine)


@pytest.mark.usefixtures("admin", "_exports")
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "status", "status": 403, "body": "<html>blocked</html>", "path": "jobs/query"},
        {"action": "status", "status": 403, "body": "no", "path": "/results.*locator"},
    ],
    ids=["none begins", "it is taken back"],
)
def test_pages_serve_where_the_org_gives_no_export(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, fault: dict[str, Any]
) -> None:
    seeded = every_kind(engine)
    add_fault(org, **fault)

    report = run(sf, engine, every_field=True)

    assert found(report) == seeded


@pytest.mark.usefixtures("admin", "_exports")
def test_an_export_that_arrives_short_proves_nobody_gone(
    sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = exports.csv.reader
    monkeypatch.setattr(exports.csv, "reader", lambda *a, **k: iter(list(honest(*a, **k))[:-1]))

    with pytest.raises(IncompleteRead):
        run(sf, engine, every_field=True)

    assert ledger(engine) == []
    assert not any(row["is_deleted"] for row in replica(engine, "Account").values())


@pytest.mark.usefixtures("admin")
def test_a_table_that_was_emptied_is_filled_again(sf: Salesforce, engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(delete(TABLE))

    report = run(sf, engine)

    assert report.findings["Account"].kinds == {"missing": 8}
    assert_healed(sf, engine)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("most", [2, 2_000], ids=["too many to ask for each", "few"])
def test_a_column_that_was_overwritten_is_healed(
    sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(descent, "MOST_EXAMINED", most)
    with transaction(engine) as session:
        session.execute(update(TABLE).values(name="lost"))

    report = run(sf, engine)

    assert report.findings["Account"].kinds == {"cell": 8}
    assert_healed(sf, engine)


@pytest.mark.usefixtures("admin")
def test_one_sobject_can_be_compared_alone(sf: Salesforce, engine: Engine) -> None:
    tamper(engine, 1, name="by hand")
    with transaction(engine) as session:
        session.execute(update(TABLES["Order"]).values(name="by hand"))

    report = run(sf, engine, mappings=[ACCOUNT])

    assert list(report.findings) == ["Account"]
    assert report.drifted == 1
    assert {row["name"] for row in replica(engine, "Order").values()} == {"by hand"}


def count(engine: Engine, table: Any) -> int:
    with transaction(engine) as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


@pytest.mark.usefixtures("admin")
def test_an_emptied_replica_is_read_whole_and_nothing_is_drift(
    sf: Salesforce, engine: Engine
) -> None:
    forget(engine)

    report = run(sf, engine)

    assert report.drifted == 0
    assert count(engine, TABLE) == 8
