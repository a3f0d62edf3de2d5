"""Results read piece by piece, and records deleted for good."""

from __future__ import annotations

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.org import Actor, Org
from sandbox.org.schema import Field, FieldType
from tests.sandbox_org.builders import (
    a_deal,
    a_deal_object,
    a_proposal,
    a_schema,
    an_org,
    refused,
    the_user,
)


def test_pieces_are_those_of_one_instant_although_others_write(org: Org, admin: Actor) -> None:
    deals = [a_deal(org) for _ in range(3)]

    with org.export(admin, "SELECT Id FROM Deal__c ORDER BY Id") as export:
        first = export.columns_of(1)
        org.delete(admin, "Deal__c", deals[2])
        a_deal(org)
        rest = export.columns_of(10)

        assert (first, rest) == ([(deals[0],)], [(deals[1], deals[2])])
        assert export.columns_of(10) is None


def test_records_of_an_export_are_those_of_the_query() -> None:
    double = Field("Double__c", FieldType.CURRENCY, precision=18, scale=2, formula="Budget__c * 2")
    org = an_org(a_schema(a_deal_object(double)))
    for budget in ("1.25", "3"):
        a_deal(org, Budget__c=budget)
    soql = "SELECT Id, Double__c, Owner.Username, CreatedDate FROM Deal__c"
    admin = the_user(org)

    with org.export(admin, soql) as export:
        pieces = [export.records_of(1), export.records_of(1), export.records_of(1)]

    assert [*(pieces[0] or []), *(pieces[1] or [])] == org.query(admin, soql).records
    assert pieces[2] is None
    org.close()


def test_formulas_of_many_records_see_what_each_of_them_holds() -> None:
    """Records that agree in what a formula reads share its value, and no others do."""
    formulas = (
        Field("Double__c", FieldType.CURRENCY, precision=18, scale=2, formula="Budget__c * 2"),
        Field("Ratio__c", FieldType.NUMBER, precision=9, scale=1, formula="1 / (Double__c - 4)"),
        Field("Above__c", FieldType.TEXT, formula="Parent__r.Name & TEXT(Double__c)"),
        Field("Age__c", FieldType.NUMBER, precision=9, formula="TODAY() - DATE(2026, 1, 1)"),
    )
    org = an_org(a_schema(a_deal_object(*formulas)))
    admin = the_user(org)
    top = a_deal(org, Name="Top", Budget__c="3")
    for budget, parent in (("3", None), ("3", top), ("2", top), (None, None), ("3", top)):
        a_deal(org, Name="Low", Budget__c=budget, Parent__c=parent)
    names = [formula.name for formula in formulas]
    soql = "SELECT Double__c, Ratio__c, Above__c, Age__c FROM Deal__c ORDER BY Id"

    with org.export(admin, soql) as export:
        double, ratio, above, age = export.columns_of(10) or []

    one_by_one = [
        [org.retrieve(admin, "Deal__c", row["Id"], names)[name] for name in names]
        for row in org.query(admin, "SELECT Id FROM Deal__c ORDER BY Id").records
    ]
    assert list(map(str, double)) == ["6.00", "6.00", "6.00", "4.00", "0.00", "6.00"]
    assert list(map(str, ratio)) == ["0.5", "0.5", "0.5", "None", "-0.3", "0.5"]
    assert above == ["6", "6", "Top6", "Top4", "0", "Top6"]
    assert len(set(age)) == 1
    assert [list(row) for row in zip(double, ratio, above, age, strict=True)] == one_by_one
    org.close()


def test_closing_frees_the_rows_and_a_refused_export_keeps_none(org: Org, admin: Actor) -> None:
    a_deal(org)
    with org.export(admin, "SELECT Id FROM Deal__c"), pytest.raises(OrgError):
        org.export(admin, "SELECT COUNT() FROM Deal__c")

    names = "SELECT name FROM sqlite_temp_master"
    assert org.store.connection.execute(names).fetchall() == []


def test_an_erased_record_leaves_nothing_behind(org: Org, admin: Actor) -> None:
    live, binned = a_deal(org), a_deal(org)
    org.delete(admin, "Deal__c", binned)

    org.erase(admin, "Deal__c", live)
    org.erase(admin, "Deal__c", binned)

    assert org.query(admin, "SELECT Id FROM Deal__c", include_deleted=True).records == []
    with refused(org, "NOT_FOUND"):
        org.erase(admin, "Deal__c", live)


def test_a_record_that_others_need_is_not_erased(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    a_proposal(org, deal)

    with refused(org, "DELETE_FAILED"):
        org.erase(admin, "Deal__c", deal)

    assert [row["Id"] for row in org.query(admin, "SELECT Id FROM Deal__c").records] == [deal]
