"""Fields of the org change under the replica: what is added arrives, what is lost stops alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, update

from config.database import transaction
from config.settings import Settings
from sandbox.org.schema import Field, FieldType, PicklistValue
from sandbox.server import LocalOrgServer
from sfsync import exports, loading
from sfsync.column_choices import forget_column
from sfsync.errors import SalesforceRejected, SalesforceUnavailable
from sfsync.pull import forget, pull, pull_records
from sfsync.queries import query_all
from sfsync.reconcile import reconcile
from sfsync.replica import TABLES
from sfsync.replica_reads import load_record
from sfsync.schema import ColumnState, Trouble, read_fields
from sfsync.status import read_status
from tests.control import add_fault, control
from tests.sfsync.drifting import (
    account,
    admin,
    org,
    remodel,
    restarted,
    server,
    troubles,
)
from tests.sfsync.people import Admin
from tests.sfsync.remodelling import Remodeller

__all__ = ["account", "admin", "org", "remodel", "server"]

PLACES = Field("Places__c", FieldType.NUMBER, label="Places", precision=18, scale=2)
WHY = Field("Why__c", FieldType.LONG_TEXT_AREA, label="Why", length=32_000)


def row_of(engine: Engine, record_id: str, sobject: str = "Account") -> dict[str, Any]:
    with transaction(engine) as session:
        row = load_record(session, sobject, record_id)
    assert row is not None
    return row


def states(engine: Engine, sobject: str = "Account") -> dict[str, str]:
    with transaction(engine) as session:
        rows = read_fields(session, sobject)
    return {name: row.state for name, row in rows.items() if row.state != ColumnState.ACTIVE}


def test_a_new_field_is_mirrored_by_its_name_and_older_values_are_fetched(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    sf: Salesforce,
    engine: Engine,
    account: str,
) -> None:
    assert row_of(engine, account)["extra"] == {}
    remodel.add("Account", PLACES)
    admin.change("Account", account, Places__c="1234567890123456.78")
    admin.wait(minutes=2)
    pull(sf, engine)
    assert row_of(engine, account)["extra"] == {}

    report = restarted(settings, engine)

    assert row_of(engine, account)["extra"] == {"Places__c": Decimal("1234567890123456.78")}
    assert report.tallies["Account"].read == 1
    admin.wait(minutes=2)
    admin.change("Account", account, Places__c="0.50", Name="Meble i syn")
    pull(sf, engine)
    assert row_of(engine, account)["extra"] == {"Places__c": Decimal("0.5")}
    assert troubles(engine) == []


def test_a_new_field_without_values_costs_a_count_and_no_reading(
    admin: Admin, remodel: Remodeller, settings: Settings, engine: Engine, account: str
) -> None:
    remodel.add("Account", PLACES)

    report = restarted(settings, engine)

    assert (report.api_calls, report.tallies["Account"].read) == (2, 0)
    admin.change("Account", account, Places__c="7")
    admin.wait(minutes=2)
    assert restarted(settings, engine).api_calls == 2
    assert row_of(engine, account)["extra"] == {"Places__c": 7}


def test_a_new_field_that_cannot_be_counted_is_read(
    admin: Admin, remodel: Remodeller, settings: Settings, engine: Engine, account: str
) -> None:
    remodel.add("Account", WHY)
    admin.change("Account", account, Why__c="za drogo\n🚚")

    report = restarted(settings, engine)

    assert report.tallies["Account"].read == 1
    assert row_of(engine, account)["extra"] == {"Why__c": "za drogo\n🚚"}


def test_a_process_that_runs_for_long_compares_once_a_day(
    admin: Admin, remodel: Remodeller, sf: Salesforce, engine: Engine, account: str
) -> None:
    remodel.add("Account", PLACES)
    admin.change("Account", account, Places__c="7")
    admin.wait(hours=20)
    pull(sf, engine)
    assert row_of(engine, account)["extra"] == {}

    admin.wait(hours=5)
    pull(sf, engine)

    assert row_of(engine, account)["extra"] == {"Places__c": 7}


def test_a_comparison_that_finds_nothing_costs_no_call(
    settings: Settings, engine: Engine, account: str
) -> None:
    assert restarted(settings, engine).api_calls == 1


def test_a_wider_field_and_a_new_value_are_taken_in(
    admin: Admin, remodel: Remodeller, settings: Settings, engine: Engine, account: str
) -> None:
    remodel.alter("Account", "Payout_Account__c", length=255, label="Payout")
    values = remodel.values("Account", "Qualification_Status__c")
    new = PicklistValue("Paused", "Paused")
    remodel.alter("Account", "Qualification_Status__c", values=(*values, new))

    report = restarted(settings, engine)

    assert troubles(engine) == []
    assert report.api_calls == 1
    with transaction(engine) as session:
        fields = read_fields(session, "Account")
        payout = fields["Payout_Account__c"].description
        status = fields["Qualification_Status__c"].description
    assert payout is not None
    assert (payout.length, payout.label) == (255, "Payout")
    assert status is not None
    assert "Paused" in status.values


def test_a_field_that_vanishes_pauses_its_column_alone_and_catches_up_when_it_is_back(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    sf: Salesforce,
    engine: Engine,
    account: str,
) -> None:
    remodel.grant("Account", "Payout_Account__c")
    admin.change("Account", account, Name="Meble i syn", Payout_Account__c="DE89")
    new = admin.create("Account", Name="Nowy", Payout_Account__c="FR76")
    admin.wait(minutes=2)

    restarted(settings, engine)

    row = row_of(engine, account)
    assert (row["name"], row["payout_account"]) == ("Meble i syn", "PL61")
    assert row_of(engine, new)["payout_account"] is None
    (trouble,) = troubles(engine)
    assert trouble == Trouble(
        name="Account.Payout_Account__c",
        state="paused",
        message=(
            "Account.Payout_Account__c is missing or not visible (it was string (64)); the column"
            " is paused. Its values are as of 2026-05-04 12:02:00 UTC."
        ),
        remedy=(
            "Restore the field, or let the integration user see it again; it resumes by itself. If"
            " it was renamed or deleted for good, a developer changes sfsync/mapping.py."
        ),
    )
    remodel.grant("Account", "Payout_Account__c", "read", "edit")
    admin.wait(minutes=2)
    pull(sf, engine)
    assert row_of(engine, account)["payout_account"] == "DE89"
    assert row_of(engine, new)["payout_account"] == "FR76"
    assert troubles(engine) == []


def test_a_field_that_vanishes_between_two_comparisons_is_met_in_the_same_pull(
    admin: Admin, remodel: Remodeller, sf: Salesforce, engine: Engine, account: str
) -> None:
    remodel.grant("Account", "Rating__c")
    admin.change("Account", account, Name="Meble i syn", Rating__c="1")
    admin.wait(minutes=2)

    report = pull(sf, engine)

    assert states(engine) == {"Rating__c": "paused"}
    row = row_of(engine, account)
    assert (row["name"], row["rating"]) == ("Meble i syn", Decimal("4.5"))
    # What happened, the rows in vain, the describe, what happened, the rows.
    assert report.api_calls == 5
    remodel.grant("Account", "Rating__c", "read")
    pull(sf, engine)
    assert row_of(engine, account)["rating"] == 1


def test_records_that_an_event_names_are_read_without_the_column_that_vanished(
    admin: Admin, remodel: Remodeller, sf: Salesforce, engine: Engine, account: str
) -> None:
    remodel.grant("Account", "Rating__c")
    admin.change("Account", account, Name="Meble i syn")

    tally = pull_records(sf, engine, "Account", [account])

    assert (tally.updated, states(engine)) == (1, {"Rating__c": "paused"})
    assert row_of(engine, account)["name"] == "Meble i syn"


@pytest.mark.parametrize(
    ("name", "facts", "what"),
    [
        (
            "Payout_Account__c",
            {"length": 20},
            "was string (64) and is now string (20)",
        ),
        (
            "Rating__c",
            {"scale": 1},
            "was double (3, 2) and is now double (3, 1)",
        ),
    ],
)
def test_a_field_that_holds_less_than_before_is_paused(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    engine: Engine,
    name: str,
    facts: dict[str, Any],
    what: str,
) -> None:
    account = admin.create("Account", Name="Meble", **{name: None})
    admin.wait(minutes=2)
    restarted(settings, engine)
    remodel.alter("Account", name, **facts)
    admin.change("Account", account, Name="Meble i syn")
    admin.wait(minutes=2)

    restarted(settings, engine)

    assert states(engine) == {name: "paused"}
    (trouble,) = troubles(engine)
    assert trouble.message == (
        f"Account.{name} {what}; the column is paused."
        " Its values are as of 2026-05-04 12:02:00 UTC."
    )
    assert trouble.remedy == (
        "Undo the change in the org, and it resumes by itself; or accept it:"
        f" `flask sync columns resume Account.{name}`."
    )
    assert row_of(engine, account)["name"] == "Meble i syn"


def test_a_value_that_rows_hold_pauses_the_column_when_the_list_loses_it(
    admin: Admin, remodel: Remodeller, settings: Settings, engine: Engine
) -> None:
    account = admin.create("Account", Name="Meble", Qualification_Status__c="Suspended")
    admin.wait(minutes=2)
    restarted(settings, engine)
    values = remodel.values("Account", "Qualification_Status__c")
    left = tuple(each for each in values if each.value != "Rejected")
    remodel.alter("Account", "Qualification_Status__c", values=left)
    restarted(settings, engine)
    assert troubles(engine) == []

    left = tuple(each for each in left if each.value != "Suspended")
    remodel.alter("Account", "Qualification_Status__c", values=left)
    admin.wait(minutes=2)
    restarted(settings, engine)

    (trouble,) = troubles(engine)
    assert trouble.message == (
        "Account.Qualification_Status__c has no value 'Suspended' any more, which rows hold; the"
        " column is paused. Its values are as of 2026-05-04 12:02:00 UTC."
    )
    assert row_of(engine, account)["qualification_status"] == "Suspended"


@pytest.mark.parametrize("is_noticed_by_a_value", [False, True])
@pytest.mark.parametrize(
    ("type_", "value", "now"),
    [(FieldType.NUMBER, "5", "double (18, 0)"), (FieldType.DATETIME, None, "datetime")],
)
def test_a_field_of_another_type_is_paused(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    sf: Salesforce,
    engine: Engine,
    type_: FieldType,
    value: str | None,
    now: str,
    is_noticed_by_a_value: bool,
) -> None:
    account = admin.create("Account", Name="Meble")
    admin.wait(minutes=2)
    pull(sf, engine)
    remodel.alter("Account", "Payout_Account__c", type=type_, precision=18, length=None)
    value = value or "2026-05-04T12:00:00Z"
    admin.change("Account", account, Name="Meble i syn", Payout_Account__c=value)
    admin.wait(minutes=2)

    if is_noticed_by_a_value and type_ is FieldType.NUMBER:
        pull(sf, engine)
    else:
        restarted(settings, engine)

    row = row_of(engine, account)
    assert (row["name"], row["payout_account"]) == ("Meble i syn", None)
    (trouble,) = troubles(engine)
    assert trouble.message.startswith(
        f"Account.Payout_Account__c was string (64) and is now {now}; the column is paused."
    )
    assert trouble.remedy == (
        "Give the field its former type again; it resumes by itself. If the new type shall stay, a"
        " developer changes sfsync/mapping.py."
    )


def test_a_day_that_became_an_instant_is_noticed_by_its_values(
    admin: Admin, remodel: Remodeller, sf: Salesforce, engine: Engine
) -> None:
    designer = admin.create("Account", Name="HD")
    order = admin.create("Order", AccountId=designer, EffectiveDate="2026-06-01")
    admin.wait(minutes=2)
    pull(sf, engine)
    remodel.alter("Order", "Decided_Due_Date__c", type=FieldType.DATETIME)
    admin.change("Order", order, Decided_Due_Date__c="2026-06-02T10:00:00Z", Name="Krzesło")
    admin.wait(minutes=2)

    pull(sf, engine)

    assert states(engine, "Order") == {"Decided_Due_Date__c": "paused"}
    row = row_of(engine, order, "Order")
    assert (row["name"], row["decided_due_on"]) == ("Krzesło", None)


def test_a_field_that_was_mirrored_by_its_name_keeps_its_last_value_too(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    sf: Salesforce,
    engine: Engine,
    account: str,
) -> None:
    remodel.add("Account", PLACES)
    remodel.add("Account", WHY)
    admin.change("Account", account, Places__c="7", Why__c="bo tak")
    restarted(settings, engine)
    remodel.drop("Account", "Places__c")
    admin.change("Account", account, Why__c="bo nie")
    admin.wait(minutes=2)

    pull(sf, engine)

    assert row_of(engine, account)["extra"] == {"Places__c": 7, "Why__c": "bo nie"}
    (trouble,) = troubles(engine)
    assert trouble.remedy == (
        "Restore the field, or let the integration user see it again; it resumes by itself. If it"
        " was renamed or deleted for good: `flask sync columns forget Account.Places__c`."
    )


@pytest.mark.parametrize("name", ["External_Id__c"])
def test_a_field_that_no_row_can_do_without_stops_its_object_and_no_other(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    sf: Salesforce,
    engine: Engine,
    account: str,
    name: str,
) -> None:
    order = admin.create("Order", AccountId=account, EffectiveDate="2026-06-01")
    remodel.grant("Account", name)
    admin.change("Account", account, Name="Meble i syn")
    admin.wait(minutes=2)

    with pytest.raises(SalesforceRejected) as refused:
        restarted(settings, engine)

    assert refused.value.code == "FIELD_LOST"
    assert refused.value.message == (
        f"Account is not read at all: Account.{name} is missing or not visible (it was string"
        " (64)); the column is paused."
    )
    assert row_of(engine, account)["name"] == "Meble"
    assert row_of(engine, order, "Order")["account_id"] == account
    remodel.grant("Account", name, "read", "edit")
    pull(sf, engine)
    assert row_of(engine, account)["name"] == "Meble i syn"


def test_an_object_that_is_hidden_stops_alone(
    admin: Admin,
    remodel: Remodeller,
    sf: Salesforce,
    engine: Engine,
    account: str,
) -> None:
    remodel.hide_object("Order_Proposal__c")
    admin.change("Account", account, Name="Meble i syn")
    admin.wait(minutes=2)

    with pytest.raises(SalesforceRejected, match=r"Order_Proposal__c is not read at all"):
        pull(sf, engine)

    assert row_of(engine, account)["name"] == "Meble i syn"
    remodel.undo()
    admin.wait(minutes=2)
    pull(sf, engine)
    assert troubles(engine) == []


def test_an_org_of_one_currency_has_no_currency_of_rows_and_that_is_no_trouble(
    admin: Admin, remodel: Remodeller, settings: Settings, engine: Engine
) -> None:
    for sobject in ("Account", "Order", "Order_Proposal__c"):
        remodel.drop(sobject, "CurrencyIsoCode")
    account = admin.create("Account", Name="Meble")
    admin.wait(minutes=2)

    restarted(settings, engine)

    assert row_of(engine, account)["currency"] is None
    assert (troubles(engine), states(engine)) == ([], {"CurrencyIsoCode": "absent"})
    remodel.undo()
    admin.change("Account", account, CurrencyIsoCode="PLN")
    admin.wait(minutes=2)
    restarted(settings, engine)
    assert row_of(engine, account)["currency"] == "PLN"


def test_a_path_through_a_lookup_lasts_as_long_as_the_lookup(
    admin: Admin, remodel: Remodeller, sf: Salesforce, engine: Engine, account: str
) -> None:
    remodel.drop("Account", "RecordTypeId")
    admin.change("Account", account, Name="Meble i syn")
    admin.wait(minutes=2)

    pull(sf, engine)

    assert states(engine) == {"RecordType.DeveloperName": "paused"}
    assert row_of(engine, account)["name"] == "Meble i syn"


def test_a_refusal_that_the_fields_do_not_explain_is_raised(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sfsync.planning.FEW", 1)
    refusal = {"status": 400, "error_code": "INVALID_FIELD", "message": "No such column 'X'"}
    add_fault(org, action="status", path="queryAll", **refusal)

    with pytest.raises(SalesforceRejected, match="No such column 'X'"):
        pull(sf, engine, full=True)

    assert troubles(engine) == []


def test_all_values_are_those_of_the_org_after_a_pause(
    admin: Admin, remodel: Remodeller, sf: Salesforce, engine: Engine, account: str
) -> None:
    remodel.grant("Account", "Rating__c")
    admin.change("Account", account, Rating__c="2")
    admin.wait(minutes=2)
    pull(sf, engine)
    status = read_status(engine)
    assert [each.name for each in status.troubles] == ["Account.Rating__c"]
    remodel.grant("Account", "Rating__c", "read")
    admin.wait(minutes=2)

    pull(sf, engine)

    (found,) = query_all(sf, "SELECT Rating__c FROM Account")
    assert row_of(engine, account)["rating"] == found["Rating__c"]


@pytest.mark.parametrize("is_known", [False, True])
def test_an_export_mirrors_new_fields_and_leaves_paused_columns_alone(
    admin: Admin,
    remodel: Remodeller,
    sf: Salesforce,
    engine: Engine,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
    is_known: bool,
) -> None:
    monkeypatch.setattr("sfsync.planning.FEW", 1)
    monkeypatch.setattr(loading, "is_export_cheaper", lambda _rows, **_: True)
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.01)
    remodel.add("Account", PLACES)
    remodel.add("Account", Field("Since__c", FieldType.DATETIME, label="Since"))
    remodel.grant("Account", "Payout_Account__c")
    values = {"Places__c": "0.50", "Since__c": "2026-03-29T01:30:00Z"}
    admin.change("Account", account, Rating__c="3", **values)
    new = admin.create("Account", Name="Nowy", Payout_Account__c="FR76")
    admin.wait(minutes=2)
    if not is_known:
        forget(engine)

    pull(sf, engine, full=True)
    pull(sf, engine, full=True)

    row = row_of(engine, account)
    assert (row["rating"], row["payout_account"]) == (3, "PL61" if is_known else None)
    assert row["extra"] == {
        "Places__c": Decimal("0.5"),
        "Since__c": "2026-03-29T01:30:00.000+0000",
    }
    assert row_of(engine, new)["extra"] == {}
    (trouble,) = troubles(engine)
    assert trouble.name == "Account.Payout_Account__c"
    assert trouble.message.endswith("; the column is paused. Its values are incomplete.")
    assert reconcile(sf, engine).drifted == 0
    remodel.grant("Account", "Payout_Account__c", "read")
    pull(sf, engine)
    assert row_of(engine, new)["payout_account"] == "FR76"
    assert reconcile(sf, engine, every_field=True).drifted == 0


def test_an_export_that_was_begun_without_a_field_is_not_read(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    sf: Salesforce,
    engine: Engine,
    account: str,
    org: LocalOrgServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sfsync.planning.FEW", 1)
    monkeypatch.setattr(loading, "is_export_cheaper", lambda _rows, **_: True)
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.01)
    add_fault(org, action="status", status=503, path="jobs/query/.*/results")
    with pytest.raises(SalesforceUnavailable):
        pull(sf, engine, full=True)
    control(org, "DELETE", "faults")
    remodel.add("Account", PLACES)
    admin.change("Account", account, Places__c="7")

    restarted(settings, engine)

    assert row_of(engine, account)["extra"] == {"Places__c": 7}


@pytest.mark.parametrize("way", ["pages", "an export"])
def test_a_value_of_the_orgs_own_fields_that_was_changed_here_is_found_and_healed(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    sf: Salesforce,
    engine: Engine,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    monkeypatch.setattr("sfsync.planning.FEW", 1)
    monkeypatch.setattr(loading, "is_export_cheaper", lambda _rows, **_: way == "an export")
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.05)
    remodel.add("Account", PLACES)
    admin.change("Account", account, Places__c="7")
    forget(engine)
    restarted(settings, engine)
    admin.wait(minutes=2)
    assert reconcile(sf, engine).drifted == 0
    mine = update(TABLES["Account"]).where(TABLES["Account"].c.salesforce_id == account)
    with transaction(engine) as session:
        session.execute(mine.values(extra='{"Places__c": 8}'))

    report = reconcile(sf, engine)

    assert [(each["field"], each["theirs"]) for each in report.differences] == [
        ("extra", '{"Places__c":7}')
    ]
    assert row_of(engine, account)["extra"] == {"Places__c": 7}
    assert reconcile(sf, engine).drifted == 0


def test_a_value_that_is_forgotten_leaves_a_true_checksum_and_vouches_for_nothing_else(
    admin: Admin, remodel: Remodeller, settings: Settings, sf: Salesforce, engine: Engine
) -> None:
    remodel.add("Account", PLACES)
    ids = [admin.create("Account", Name="Meble", Places__c="7") for _ in range(2)]
    admin.wait(minutes=2)
    restarted(settings, engine)
    remodel.drop("Account", "Places__c")
    restarted(settings, engine)
    mine = update(TABLES["Account"]).where(TABLES["Account"].c.salesforce_id == ids[1])
    with transaction(engine) as session:
        session.execute(mine.values(name="by hand"))

    with transaction(engine) as session:
        assert forget_column(session, "Account.Places__c") == 2

    assert [row_of(engine, each)["extra"] for each in ids] == [{}, {}]
    report = reconcile(sf, engine)
    assert [(each["salesforce_id"], each["field"]) for each in report.differences] == [
        (ids[1], "Name")
    ]
