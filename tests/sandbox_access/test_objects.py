"""Object permissions: what a user may see, create, change and delete."""

from __future__ import annotations

import pytest

from sandbox.org.errors import OrgError
from tests.sandbox_access.builders import DEAL, READ, WORK, an_org_with, columns, ops_of
from tests.sandbox_org.builders import OPS, a_deal, a_manufacturer, read, refused, the_user

DELETE = WORK | {"delete"}


def test_an_object_without_read_does_not_exist() -> None:
    org = an_org_with()
    deal = a_deal(org)
    ops = ops_of(org)

    for soql in (
        "SELECT Id FROM Deal__c",
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId__c FROM Deal__c)",
    ):
        with pytest.raises(OrgError, match="INVALID_TYPE"):
            org.query(ops, soql)
    with pytest.raises(OrgError, match="Didn't understand relationship 'Deals__r'"):
        org.query(ops, "SELECT (SELECT Id FROM Deals__r) FROM Account")
    for attempt in (
        lambda: org.retrieve(ops, "Deal__c", deal),
        lambda: org.insert(ops, "Deal__c", {"Name": "Lamp"}),
        lambda: org.update(ops, "Deal__c", deal, {"Name": "Desk"}),
        lambda: org.delete(ops, "Deal__c", deal),
        lambda: org.undelete(ops, "Deal__c", deal),
    ):
        with refused(org, "INVALID_TYPE"):
            attempt()


def test_who_may_only_read_can_write_nothing() -> None:
    org = an_org_with({"Deal__c": READ})
    deal = a_deal(org)
    ops = ops_of(org)

    assert columns(org, "SELECT Name FROM Deal__c") == [{"Name": "Lamp"}]
    with refused(org, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"):
        org.insert(ops, "Deal__c", {"Name": "Lamp"})
    with refused(org, "INSUFFICIENT_ACCESS_OR_READONLY"):
        org.update(ops, "Deal__c", deal, {"Name": "Desk"})
    with refused(org, "INSUFFICIENT_ACCESS_OR_READONLY"):
        org.delete(ops, "Deal__c", deal)


def test_public_read_write_lets_everybody_edit_and_the_owner_delete() -> None:
    org = an_org_with({"Deal__c": DELETE})
    theirs, own = a_deal(org), org.insert(ops_of(org), "Deal__c", {"Name": "Desk"})
    ops = ops_of(org)

    org.update(ops, "Deal__c", theirs, {"Name": "Shelf"})
    with refused(org, "INSUFFICIENT_ACCESS_OR_READONLY"):
        org.delete(ops, "Deal__c", theirs)
    org.delete(ops, "Deal__c", own)

    assert columns(org, "SELECT Name FROM Deal__c") == [{"Name": "Shelf"}]


def test_modify_all_deletes_what_others_own() -> None:
    org = an_org_with({"Deal__c": DELETE | {"viewAll", "modifyAll"}})
    deal = a_deal(org)

    org.delete(ops_of(org), "Deal__c", deal)
    org.undelete(ops_of(org), "Deal__c", deal)

    assert columns(org, "SELECT Name FROM Deal__c") == [{"Name": "Lamp"}]


def test_a_lookup_cannot_be_pointed_at_what_the_user_cannot_see() -> None:
    org = an_org_with({"Deal__c": WORK}, {"Deal__c.Winner__c": frozenset({"read", "edit"})})
    deal = a_deal(org)
    proposal = org.insert(the_user(org), "Proposal__c", {"Deal__c": deal, "Price__c": 1})

    with refused(org, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"):
        org.update(ops_of(org), "Deal__c", deal, {"Winner__c": proposal})


@pytest.mark.parametrize(
    ("permission", "may_write"), [("ViewAllData", False), ("ModifyAllData", True)]
)
def test_permissions_on_all_data_reach_every_object(permission: str, may_write: bool) -> None:
    org = an_org_with(user_permissions=frozenset({permission}))
    deal = a_deal(org)

    assert columns(org, "SELECT Name FROM Deal__c") == [{"Name": "Lamp"}]
    assert ops_of(org).access.allows(org.schema.objects["Deal__c"], "edit") is may_write
    if may_write:
        org.update(ops_of(org), "Deal__c", deal, {"Name": "Desk"})
        assert read(org, deal, "Name") == {"Name": "Desk"}


def test_rights_taken_away_are_gone_at_once() -> None:
    org = an_org_with(DEAL)
    a_deal(org)
    user_id = ops_of(org).user_id
    (row,) = [
        row
        for row in org.store.tables["PermissionSetAssignment"].all()
        if row["AssigneeId"] == user_id
    ]

    org.delete(the_user(org), "PermissionSetAssignment", str(row["Id"]))

    with pytest.raises(OrgError, match="INVALID_TYPE"):
        org.query(the_user(org, OPS), "SELECT Id FROM Deal__c")


def test_everybody_reads_users_and_currencies_and_only_admins_change_them() -> None:
    org = an_org_with()

    assert columns(org, "SELECT COUNT(Id) n FROM CurrencyType") == [{"n": 7}]
    with refused(org, "INSUFFICIENT_ACCESS_OR_READONLY"):
        org.update(ops_of(org), "User", ops_of(org).user_id, {"TimeZoneSidKey": "Asia/Tokyo"})


def test_an_administrator_needs_no_grant() -> None:
    org = an_org_with()
    deal = a_deal(org, Budget__c=5, AccountId__c=a_manufacturer(org))

    org.delete(the_user(org), "Deal__c", deal)

    assert org.query(the_user(org), "SELECT Id, Budget__c FROM Deal__c").records == []
