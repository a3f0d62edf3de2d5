"""Formulas stay what the org computes, although their changes move no stamp."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select, update

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync import formulas, keyset, scanning
from sfsync.about_org import describe_many
from sfsync.changes import LONGEST_SPAN
from sfsync.client import usage
from sfsync.errors import SalesforceUnavailable
from sfsync.formulas import Refreshed, sweep, sweep_calls
from sfsync.judging import EDITED_HERE, UNSTAMPED
from sfsync.mapping import BY_SOBJECT, DESCRIBED_TYPES, MAPPINGS, FieldMap, Kind
from sfsync.pull import pull, pull_records
from sfsync.reconcile import reconcile
from sfsync.replica import TABLES
from sfsync.replica_writes import sum_again
from sfsync.stale import FormulaState, StaleFormula
from sfsync.status import read_status
from tests.control import add_fault, seed
from tests.sfsync.people import Admin
from tests.sfsync.simulation import Killed, killing
from tests.sfsync.test_pull import a_market, in_org, replica, run

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PROPOSAL = "Order_Proposal__c"


@pytest.fixture
def admin(org: LocalOrgServer) -> Admin:
    admin = Admin(org)
    admin.at(NOON)
    return admin


@pytest.fixture
def market(admin: Admin, org: LocalOrgServer, sf: Salesforce, engine: Engine) -> dict[str, str]:
    """Two accounts, an order and its proposal, known to the replica for ten minutes."""
    ids = a_market(org)
    admin.wait(minutes=5)
    run(sf, engine)
    admin.wait(minutes=10)
    return ids


def qualify(admin: Admin, ids: dict[str, str], status: str = "Suspended", **how: Any) -> None:
    admin.change("Account", ids["ms"], Qualification_Status__c=status, **how)


def qualification(engine: Engine, ids: dict[str, str]) -> object:
    return replica(engine, PROPOSAL)[ids["proposal"]]["manufacturer_qualification"]


def noted(engine: Engine) -> list[str]:
    query = select(StaleFormula.salesforce_id).where(StaleFormula.is_refreshed.is_(False))
    with transaction(engine) as session:
        return list(session.scalars(query))


def assert_equal_to_the_org(sf: Salesforce, engine: Engine) -> None:
    for mapping in MAPPINGS:
        assert replica(engine, mapping.sobject) == in_org(sf, mapping.sobject)


def described(sf: Salesforce) -> dict[str, dict[str, dict[str, Any]]]:
    found = describe_many(sf, [mapping.sobject for mapping in MAPPINGS])
    return {name: {each["name"]: each for each in d["fields"]} for name, d in found.items()}


def own_fields(sf: Salesforce) -> list[tuple[str, FieldMap, dict[str, Any]]]:
    """The fields that are mapped, not through a lookup, and the org's word on them."""
    fields = described(sf)
    return [
        (mapping.sobject, each, fields[mapping.sobject][each.path])
        for mapping in MAPPINGS
        for each in mapping.fields
        if "." not in each.path
    ]


def test_every_mapped_field_has_the_kind_of_its_type(org: LocalOrgServer, sf: Salesforce) -> None:
    strange = [
        (name, field.path, found["type"])
        for name, field, found in own_fields(sf)
        if found["type"] not in DESCRIBED_TYPES[field.kind]
    ]

    assert strange == []


def test_no_kind_takes_a_compound() -> None:
    taken = frozenset[str]().union(*DESCRIBED_TYPES.values())

    assert taken & {"address", "location", "base64", "anyType", "complexvalue"} == set()
    assert set(DESCRIBED_TYPES) == set(Kind)


def test_the_formulas_that_are_declared_are_the_orgs(org: LocalOrgServer, sf: Salesforce) -> None:
    theirs = {(n, f.path) for n, f, found in own_fields(sf) if found["calculatedFormula"]}
    ours = {(m.sobject, each.path) for m in MAPPINGS for each in m.formulas}

    assert ours == theirs
    assert len(ours) == 3


def test_what_a_formula_reads_beside_its_record_is_declared(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    for name, field, found in own_fields(sf):
        text, formula = found["calculatedFormula"] or "", field.formula
        assert bool(re.search(r"\b(TODAY|NOW)\(", text)) == bool(formula and formula.follows_time)
        read = set(re.findall(r"([A-Za-z_]+)__r\.([A-Za-z_]+)", text))
        assert "." not in re.sub(r"[A-Za-z_]+__r\.[A-Za-z_]+", "", text)
        declared = {
            (lookup_of(name, reading.lookup), path_of(reading.sobject, column))
            for reading in (formula.parents if formula else ())
            for column in reading.columns
        }
        assert {(f"{lookup}__c", path) for lookup, path in read} == declared


def lookup_of(sobject: str, column: str) -> str:
    return path_of(sobject, column)


def path_of(sobject: str, column: str) -> str:
    return next(each.path for each in BY_SOBJECT[sobject].fields if each.column == column)


def test_a_parent_that_changed_refreshes_its_children_in_the_same_pull(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    before = replica(engine, PROPOSAL)[market["proposal"]]
    qualify(admin, market)
    admin.wait(seconds=20)

    report = run(sf, engine)

    after = replica(engine, PROPOSAL)[market["proposal"]]
    assert (before["manufacturer_qualification"], before["order_status"]) == (
        "Pending",
        "AWAITING PROPOSALS",
    )
    assert after == before | {"manufacturer_qualification": "Suspended"}
    assert (report.formulas_refreshed, report.api_calls) == (1, 3)
    assert usage(sf).by_purpose["formulas"] == 1
    assert noted(engine) == []
    assert_equal_to_the_org(sf, engine)


def test_an_order_that_moves_on_refreshes_its_proposals(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    admin.change("Order", market["order"], Status="SELECTION REVIEW")
    admin.wait(seconds=20)

    run(sf, engine)

    proposal = replica(engine, PROPOSAL)[market["proposal"]]
    assert proposal["order_status"] == "SELECTION REVIEW"
    assert_equal_to_the_org(sf, engine)


def test_a_change_that_no_formula_reads_costs_no_call_more(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    admin.change("Account", market["ms"], Name="renamed")
    admin.change("Order", market["order"], Budget__c=1)
    admin.wait(seconds=20)

    report = run(sf, engine)

    assert (report.formulas_refreshed, report.api_calls) == (0, 2)


def test_children_beyond_one_call_take_another(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    market: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(6):
        admin.create(
            PROPOSAL,
            Order__c=market["order"],
            Manufacturer__c=market["ms"],
            Price__c=10,
            CurrencyIsoCode="PLN",
        )
    admin.wait(minutes=5)
    run(sf, engine)
    monkeypatch.setattr(formulas, "ROWS_PER_CALL", 6)
    monkeypatch.setattr(formulas, "sweep_calls", lambda _rows: 100)
    qualify(admin, market)
    admin.wait(seconds=20)

    report = run(sf, engine)

    assert (report.formulas_refreshed, report.api_calls) == (7, 2 + 2)
    assert_equal_to_the_org(sf, engine)


def test_many_stale_rows_are_swept_where_that_takes_fewer_calls(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    market: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {"Order__c": market["order"], "Manufacturer__c": market["ms"], "Price__c": 10}
    for _ in range(2):
        admin.create(PROPOSAL, **values, CurrencyIsoCode="PLN")
    admin.wait(minutes=5)
    run(sf, engine)
    monkeypatch.setattr(formulas, "ROWS_PER_CALL", 1)
    qualify(admin, market)
    admin.wait(seconds=20)

    report = run(sf, engine)

    assert (report.formulas_refreshed, report.api_calls) == (3, 2 + 1)
    assert noted(engine) == []
    assert_equal_to_the_org(sf, engine)


def test_a_kill_at_any_statement_loses_no_refresh(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    stati = ("Qualified", "Suspended")
    deaths = 0
    for statement in range(1, 60):
        qualify(admin, market, stati[statement % 2])
        admin.wait(seconds=20)
        with killing(engine, statement):
            try:
                pull(sf, engine)
            except Killed:
                deaths += 1
        admin.wait(minutes=5)
        pull(sf, engine)
        assert qualification(engine, market) == stati[statement % 2], statement

    assert 20 < deaths < 59
    assert noted(engine) == []


def test_a_lost_answer_leaves_the_refresh_to_the_next_pull(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str], org: LocalOrgServer
) -> None:
    qualify(admin, market)
    admin.wait(seconds=20)
    add_fault(org, action="status", status=503, path="/composite/batch", call=[3, 4, 5, 6])
    with pytest.raises(SalesforceUnavailable):
        run(sf, engine)
    stale = noted(engine)
    status = {each.sobject: each for each in read_status(engine).objects}
    admin.wait(minutes=5)

    report = run(sf, engine)

    assert stale == [market["proposal"]]
    assert status[PROPOSAL].stale_formulas == 1
    assert (report.formulas_refreshed, report.api_calls) == (1, 3)
    assert qualification(engine, market) == "Suspended"


def test_a_child_that_changed_meanwhile_comes_with_its_own_row(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    qualify(admin, market)
    admin.wait(seconds=20)

    def change_child(sobject: str, _tally: object) -> None:
        if sobject == "Account":
            admin.wait(minutes=1)
            admin.change(PROPOSAL, market["proposal"], Price__c=77)

    report = run(sf, engine, on_page=change_child)
    before = replica(engine, PROPOSAL)[market["proposal"]]
    admin.wait(minutes=5)
    run(sf, engine)

    assert report.formulas_refreshed == 0
    assert (before["price"], before["manufacturer_qualification"]) == (Decimal("99.9"), "Pending")
    assert qualification(engine, market) == "Suspended"
    assert_equal_to_the_org(sf, engine)


def test_a_targeted_pull_of_a_parent_leaves_its_children_to_the_next_pull(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    qualify(admin, market)

    pull_records(sf, engine, "Account", [market["ms"][:15]])
    admin.wait(minutes=5)
    run(sf, engine)

    assert qualification(engine, market) == "Suspended"


def test_children_are_read_behind_the_last_page_of_their_parents(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    market: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A late commit shows between the first page of the accounts and their second."""
    monkeypatch.setattr(keyset, "PAGE_SIZE", 5)
    admin.create(
        PROPOSAL,
        Order__c=market["order"],
        Manufacturer__c=market["ms"],
        Price__c=1,
        CurrencyIsoCode="PLN",
    )
    for number in range(6):
        admin.create("Account", Name=f"A{number}")
    admin.wait(seconds=1)
    qualify(admin, market, late_s=60)
    admin.wait(seconds=30)
    pages: list[str] = []

    def let_it_show(sobject: str, _tally: object) -> None:
        pages.append(sobject)
        admin.wait(seconds=40 if pages == ["Account"] else 0)

    report = run(sf, engine, on_page=let_it_show)

    assert pages.count("Account") == 2
    # What happened, first pages, the second page of accounts, that of proposals once more, and the
    # proposal that was known before.
    assert report.api_calls == 5
    assert_equal_to_the_org(sf, engine)


def test_a_parent_that_was_read_whole_has_its_children_swept(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    market: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    qualify(admin, market)
    for number in range(3):
        admin.create("Account", Name=f"A{number}")
    admin.wait(minutes=5)
    monkeypatch.setattr("sandbox.api.changes.MOST_IDS", 2)

    def die(sobject: str, _tally: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        run(sf, engine, on_page=die)
    monkeypatch.undo()
    run(sf, engine)

    assert qualification(engine, market) == "Suspended"
    assert_equal_to_the_org(sf, engine)
    with transaction(engine) as session:
        state = session.get(FormulaState, PROPOSAL)
    assert state is not None
    assert state.parent_loads == 0


def test_a_sweep_follows_the_time(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    before = replica(engine, "Order")[market["order"]]
    admin.wait(days=3)

    done = sweep(sf, engine)

    after = replica(engine, "Order")[market["order"]]
    days = before["days_to_deadline"]
    assert after == before | {"days_to_deadline": days - 3}
    assert done == {"Order": Refreshed(1, 1), PROPOSAL: Refreshed(1, 0)}
    assert usage(sf).by_purpose["sweep"] == 2
    assert_equal_to_the_org(sf, engine)
    assert read_status(engine).objects[1].formulas_fresh_at == NOON + timedelta(days=3, minutes=15)


def test_a_sweep_finds_what_nobody_noted(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    with transaction(engine) as session:
        # As the pull stores it, checksum and all.
        session.execute(update(TABLES[PROPOSAL]).values(manufacturer_qualification="wrong"))
        sum_again(session, BY_SOBJECT[PROPOSAL], [market["proposal"]])

    assert sweep(sf, engine)[PROPOSAL] == Refreshed(1, 1)
    assert_equal_to_the_org(sf, engine)


def test_a_long_sweep_is_an_export(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    market: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admin.wait(days=1)
    monkeypatch.setattr(scanning, "is_export_cheaper", lambda rows, _spans=1: rows > 0)
    monkeypatch.delattr(scanning, "read_pages")

    done = sweep(sf, engine)

    assert done == {"Order": Refreshed(1, 1), PROPOSAL: Refreshed(1, 0)}
    assert_equal_to_the_org(sf, engine)


def test_a_sweep_without_exports_reads_pages(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    market: dict[str, str],
    org: LocalOrgServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admin.wait(days=1)
    monkeypatch.setattr(scanning, "is_export_cheaper", lambda rows, _spans=1: rows > 0)
    refusal = [{"errorCode": "FEATURENOTENABLED", "message": "no exports here"}]
    add_fault(org, action="status", status=400, body=refusal, path="/jobs/query", times=9)

    done = sweep(sf, engine)

    assert done == {"Order": Refreshed(1, 1), PROPOSAL: Refreshed(1, 0)}
    assert_equal_to_the_org(sf, engine)


def test_a_sweep_never_undoes_a_refresh_that_is_newer_than_its_reading(
    admin: Admin,
    sf: Salesforce,
    engine: Engine,
    market: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_pages: Callable[..., Any] = scanning.read_pages

    def slow(*arguments: Any) -> Any:
        for page in read_pages(*arguments):
            if arguments[1] == PROPOSAL:
                qualify(admin, market)
                admin.wait(seconds=20)
                assert run(sf, engine).formulas_refreshed == 1
            yield page

    monkeypatch.setattr(scanning, "read_pages", slow)
    done = sweep(sf, engine)

    assert done[PROPOSAL] == Refreshed(1, 0)
    assert qualification(engine, market) == "Suspended"


def test_what_was_never_read_whole_is_not_swept(sf: Salesforce, engine: Engine) -> None:
    assert sweep(sf, engine) == {}
    assert usage(sf).calls == 0


@pytest.mark.parametrize(
    ("rows", "calls"), [(0, 1), (1999, 1), (2000, 2), (7999, 4), (8000, 4), (100_000, 4)]
)
def test_a_sweep_takes_the_cheaper_way(rows: int, calls: int) -> None:
    assert sweep_calls(rows) == calls


def test_an_old_replica_is_read_whole_and_its_formulas_with_it(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    qualify(admin, market)
    admin.wait(seconds=LONGEST_SPAN.total_seconds() + 60)

    report = run(sf, engine)

    assert report.formulas_refreshed == 0
    assert report.tallies[PROPOSAL].read == 1
    assert "formulas" not in usage(sf).by_purpose
    assert_equal_to_the_org(sf, engine)


def test_a_thousand_changed_rows_cost_two_calls(
    admin: Admin, org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    records: list[dict[str, object]] = [
        {"attributes": {"type": "Account", "referenceId": f"a{n}"}, "Name": f"A{n}"}
        for n in range(1000)
    ]
    ids = seed(org, records)
    admin.wait(minutes=5)
    run(sf, engine)
    admin.wait(minutes=5)
    for record_id in ids.values():
        admin.change("Account", record_id, Qualification_Status__c="Qualified")
    admin.wait(seconds=20)

    report = run(sf, engine)

    assert report.tallies["Account"].updated == 1000
    assert report.api_calls == 2


@pytest.mark.parametrize("way", ["by the parent's change", "by a sweep"])
def test_a_row_that_was_changed_here_is_not_vouched_for_by_its_fresh_formula(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str], way: str
) -> None:
    table, record_id = TABLES[PROPOSAL], market["proposal"]
    with transaction(engine) as session:
        mine = update(table).where(table.c.salesforce_id == record_id)
        session.execute(mine.values(description="by hand"))
    qualify(admin, market)
    admin.wait(minutes=5)

    run(sf, engine)
    if way == "by a sweep":
        sweep(sf, engine)
    report = reconcile(sf, engine)

    assert {(each["field"], each["ours"]) for each in report.differences} == {
        ("Description__c", "by hand"),
        ("Manufacturer_Qualification__c", "Pending"),
    }
    assert_equal_to_the_org(sf, engine)


def test_a_formula_that_moved_is_not_put_down_to_whoever_changed_its_row_here(
    admin: Admin, sf: Salesforce, engine: Engine, market: dict[str, str]
) -> None:
    with transaction(engine) as session:
        mine = update(TABLES["Order"]).where(TABLES["Order"].c.salesforce_id == market["order"])
        session.execute(mine.values(name="by hand"))
    admin.wait(days=2)

    report = reconcile(sf, engine)

    assert {each["field"]: each["cause"] for each in report.differences} == {
        "Name": EDITED_HERE,
        "Days_To_Deadline__c": UNSTAMPED,
    }
