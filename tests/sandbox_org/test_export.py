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
