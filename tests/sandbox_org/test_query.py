"""Queries through the org: the clock, the user's zone and formula fields reach SOQL."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.org.org import Actor, Org
from sandbox.org.schema import Field, FieldType
from tests.sandbox_org.builders import a_deal, a_deal_object, a_schema, an_org, the_user


def ids(org: Org, actor: Actor, soql: str, *, include_deleted: bool = False) -> list[object]:
    found = org.query(actor, soql, include_deleted=include_deleted)
    return [row["Id"] for row in found.records]


def test_today_in_a_query_is_the_users_day(org: Org, admin: Actor) -> None:
    deal = a_deal(org, Due_On__c="2026-03-05")
    org.clock.set(datetime(2026, 3, 4, 23, 30, tzinfo=UTC), frozen=True)
    soql = "SELECT Id FROM Deal__c WHERE Due_On__c = TODAY"

    in_warsaw = ids(org, admin, soql)
    org.update(admin, "User", admin.user_id, {"TimeZoneSidKey": "Europe/London"})
    in_london = ids(org, org.actor(admin.user_id), soql)

    assert in_warsaw == [deal]
    assert in_london == []


def test_deleted_rows_show_only_on_request(org: Org, admin: Actor) -> None:
    kept, gone = a_deal(org), a_deal(org)
    org.delete(admin, "Deal__c", gone)
    soql = "SELECT Id FROM Deal__c ORDER BY Id"

    assert ids(org, admin, soql) == [kept]
    assert ids(org, admin, soql, include_deleted=True) == [kept, gone]


def test_formula_fields_are_computed_for_each_row_also_of_parents() -> None:
    double = Field("Double__c", FieldType.CURRENCY, precision=18, scale=2, formula="Budget__c * 2")
    org = an_org(a_schema(a_deal_object(double)))
    whole = a_deal(org, Budget__c="1.25")
    a_deal(org, Budget__c="7.00", Parent__c=whole)

    found = org.query(
        the_user(org), "SELECT Double__c, Parent__r.Double__c FROM Deal__c ORDER BY Id"
    )

    first, second = found.records
    assert (str(first["Double__c"]), first["Parent__r"]) == ("2.50", None)
    assert str(second["Double__c"]) == "14.00"
    assert str(second["Parent__r"]["Double__c"]) == "2.50"
