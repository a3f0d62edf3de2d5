from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.org import Actor, Org
from sandbox.org.schema import PermissionSet
from tests.sandbox_org.builders import (
    ADMIN,
    LOADER,
    OPS,
    a_deal,
    a_schema,
    an_org,
    read,
    refused,
    the_user,
)


def test_four_users_exist_from_the_start(org: Org) -> None:
    names = (ADMIN, "integration@manufaktura.example", OPS, LOADER)

    actors = [the_user(org, name) for name in names]

    assert [actor.username for actor in actors] == list(names)
    assert [actor.profile for actor in actors] == [
        "System Administrator",
        "Minimum Access - API Only Integrations",
        "Standard User",
        "System Administrator",
    ]
    assert {actor.time_zone for actor in actors} == {ZoneInfo("Europe/Warsaw")}


def test_only_the_loader_has_the_bypass(org: Org) -> None:
    granted = {name: the_user(org, name).permissions for name in (ADMIN, OPS, LOADER)}

    assert granted == {ADMIN: frozenset(), OPS: frozenset(), LOADER: frozenset({"Bypass"})}


def test_permission_sets_are_assigned_only_when_the_metadata_has_them() -> None:
    schema = a_schema()
    schema.permission_sets["Manufaktura_Operations"] = PermissionSet(
        "Manufaktura_Operations", "Operations", custom_permissions=frozenset({"Operations_User"})
    )

    org = an_org(schema)

    assert the_user(org, OPS).permissions == {"Operations_User"}
    assert len(org.store.tables["PermissionSetAssignment"].all()) == 2


def test_a_username_is_found_whatever_its_case(org: Org) -> None:
    assert org.find_user("ADMIN@Manufaktura.Example") == the_user(org).user_id
    assert org.find_user("nobody@manufaktura.example") is None


def test_an_unknown_user_is_refused(org: Org) -> None:
    with pytest.raises(OrgError, match="NOT_FOUND"):
        org.actor("005Lc0000000099AAA")


def test_a_changed_time_zone_counts_at_once(org: Org, admin: Actor) -> None:
    ops = the_user(org, OPS)

    org.update(admin, "User", ops.user_id, {"TimeZoneSidKey": "America/New_York"})

    assert org.actor(ops.user_id).time_zone == ZoneInfo("America/New_York")


def test_an_unknown_time_zone_is_refused(org: Org, admin: Actor) -> None:
    with refused(org, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"):
        org.update(admin, "User", admin.user_id, {"TimeZoneSidKey": "Europe/Atlantis"})


def test_a_permission_comes_and_goes_with_its_assignment(org: Org, admin: Actor) -> None:
    ops = the_user(org, OPS)
    assignment = org.insert(
        admin,
        "PermissionSetAssignment",
        {"AssigneeId": ops.user_id, "PermissionSet": {"Name": "Data_Load_Admin"}},
    )
    assert org.actor(ops.user_id).permissions == {"Bypass"}

    org.delete(admin, "PermissionSetAssignment", assignment)
    assert org.actor(ops.user_id).permissions == frozenset()


def test_a_rolled_back_change_of_a_user_is_forgotten(org: Org, admin: Actor) -> None:
    ops = the_user(org, OPS)

    with pytest.raises(ZeroDivisionError):
        _change_and_fail(org, admin, ops)

    assert org.actor(ops.user_id).time_zone == ZoneInfo("Europe/Warsaw")


def _change_and_fail(org: Org, admin: Actor, ops: Actor) -> None:
    with org.transaction():
        org.update(admin, "User", ops.user_id, {"TimeZoneSidKey": "America/New_York"})
        assert org.actor(ops.user_id).time_zone == ZoneInfo("America/New_York")
        raise ZeroDivisionError


def test_new_users_can_be_created_and_act(org: Org, admin: Actor) -> None:
    user = org.insert(
        admin,
        "User",
        {
            "Username": "anna@manufaktura.example",
            "LastName": "Nowak",
            "Email": "anna@manufaktura.example",
            "Alias": "anna",
            "Profile": {"Name": "Standard User"},
        },
    )

    org.insert(
        admin,
        "PermissionSetAssignment",
        {"AssigneeId": user, "PermissionSet": {"Name": "Manufaktura_Operations"}},
    )

    deal = org.insert(org.actor(user), "Deal__c", {"Name": "Lamp"})

    assert read(org, deal, "CreatedById", "OwnerId") == {"CreatedById": user, "OwnerId": user}
    assert read(org, user, "Name", "TimeZoneSidKey") == {
        "Name": "Nowak",
        "TimeZoneSidKey": "Europe/Warsaw",
    }


def test_the_organisation_has_a_stable_id(org: Org) -> None:
    (row,) = org.store.tables["Organization"].all()

    assert row["Id"] == org.org_id == an_org().org_id
    assert org.org_id.startswith("00D")
    assert (row["Name"], row["IsSandbox"]) == ("Manufaktura", True)


def test_rates_are_units_of_each_currency_for_one_euro(org: Org) -> None:
    rows = {row["IsoCode"]: row for row in org.store.tables["CurrencyType"].all()}

    assert sorted(map(str, rows)) == ["CHF", "CZK", "EUR", "GBP", "JPY", "PLN", "USD"]
    assert rows["EUR"]["ConversionRate"] == 1
    assert [code for code, row in rows.items() if row["IsCorporate"]] == ["EUR"]
    assert rows["PLN"]["ConversionRate"] == Decimal("4.25")
    assert rows["JPY"]["DecimalPlaces"] == 0


def test_order_statuses_and_record_types_mirror_the_metadata(org: Org) -> None:
    statuses = org.store.tables["OrderStatus"].all()
    types = org.store.tables["RecordType"].all()

    assert [(s["ApiName"], s["SortOrder"], s["StatusCode"]) for s in statuses] == [
        ("Draft", 1, "Draft"),
        ("Activated", 2, "Activated"),
    ]
    assert [(t["SobjectType"], t["DeveloperName"], t["Name"]) for t in types] == [
        ("Account", "Manufacturer", "Manufacturer"),
        ("Account", "Hardware_Designer", "Hardware Designer"),
    ]


def test_an_object_with_one_record_type_defaults_to_it_and_with_two_to_none() -> None:
    schema, two = a_schema(), an_org()
    del schema.objects["Account"].record_types["Manufacturer"]
    one = an_org(schema)

    accounts = [o.insert(the_user(o), "Account", {"Name": "A"}) for o in (one, two)]

    only = one.store.tables["RecordType"].all()[0]["Id"]
    assert read(one, accounts[0], "RecordTypeId") == {"RecordTypeId": only}
    assert read(two, accounts[1], "RecordTypeId") == {"RecordTypeId": None}


def test_the_owner_is_whoever_creates(org: Org) -> None:
    assert read(org, a_deal(org), "OwnerId") == {"OwnerId": the_user(org).user_id}
