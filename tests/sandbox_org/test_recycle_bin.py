"""The recycle bin's end: erasing, purging, and merging duplicates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.org import Actor, Org
from tests.sandbox_org.builders import NOW, OPS, a_deal, a_manufacturer, read, refused, the_user

DAY_S = 86_400


def names(org: Org, sobject: str = "Deal__c", *, deleted: bool = True) -> list[str]:
    soql = f"SELECT Name FROM {sobject} ORDER BY Name"  # noqa: S608 - names come from the tests
    found = org.query(the_user(org), soql, include_deleted=deleted)
    return [str(row["Name"]) for row in found.records]


def test_an_erased_record_is_in_no_bin_with_all_that_belongs_to_it(org: Org, admin: Actor) -> None:
    whole = a_deal(org, Name="Whole")
    a_deal(org, Name="Part", Parent__c=whole)

    org.erase(admin, "Deal__c", whole)

    assert names(org) == []
    with refused(org, "NOT_FOUND"):
        org.undelete(admin, "Deal__c", whole)


def test_erased_records_are_known_by_their_deletion_only(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    org.delete(admin, "Deal__c", deal)
    org.clock.advance(60)
    org.empty_from_bin(admin, "Deal__c", deal)

    span = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert org.erased("Deal__c", *span) == [(deal, NOW)]
    org.reset()
    assert org.erased("Deal__c", *span) == []


def test_only_what_is_in_the_bin_can_be_emptied_from_it(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    with refused(org, "INVALID_ID_FIELD"):
        org.empty_from_bin(admin, "Deal__c", deal)


def test_the_bin_of_others_is_out_of_reach(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    org.delete(admin, "Deal__c", deal)

    with refused(org, "INSUFFICIENT_ACCESS_OR_READONLY"):
        org.empty_from_bin(the_user(org, OPS), "Deal__c", deal)


def test_after_fifteen_days_the_bin_is_purged(org: Org, admin: Actor) -> None:
    gone, kept = a_deal(org, Name="Gone"), a_deal(org, Name="Kept")
    org.delete(admin, "Deal__c", gone)
    org.clock.advance(DAY_S)
    org.delete(admin, "Deal__c", kept)

    org.clock.advance(14 * DAY_S)
    assert names(org) == ["Gone", "Kept"]
    org.clock.advance(3600)

    assert names(org) == ["Kept"]
    org.undelete(admin, "Deal__c", kept)
    assert names(org, deleted=False) == ["Kept"]


def test_a_merge_moves_what_pointed_at_the_losers_and_bins_them(org: Org, admin: Actor) -> None:
    master, loser, third = (a_manufacturer(org, name) for name in ("Good", "Double", "Triple"))
    deal = a_deal(org, AccountId__c=loser)
    org.update(admin, "Account", loser, {"External_Id__c": "A-1"})

    moved = org.merge(admin, "Account", master, [loser, third], {"External_Id__c": "A-1"})

    assert moved == [deal]
    assert read(org, deal, "AccountId__c") == {"AccountId__c": master}
    assert read(org, master, "External_Id__c") == {"External_Id__c": "A-1"}
    rows = org.query(
        admin,
        "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true ORDER BY Id",
        include_deleted=True,
    ).records
    assert [(row["Id"], row["MasterRecordId"]) for row in rows] == [
        (loser, master),
        (third, master),
    ]


@pytest.mark.parametrize("losers", [0, 3])
def test_a_merge_takes_one_or_two_losers(org: Org, admin: Actor, losers: int) -> None:
    ids = [a_manufacturer(org, f"M{n}") for n in range(losers + 1)]

    with refused(org, "INVALID_ARGUMENT_TYPE"):
        org.merge(admin, "Account", ids[0], ids[1:], {})


def test_a_refused_merge_changes_nothing(org: Org, admin: Actor) -> None:
    master, loser = a_manufacturer(org, "Good"), a_manufacturer(org, "Double")
    a_deal(org, AccountId__c=loser)

    with refused(org, "REQUIRED_FIELD_MISSING"):
        org.merge(admin, "Account", master, [loser], {"Name": None})
    with pytest.raises(OrgError, match="cannot be merged"):
        org.merge(admin, "Deal__c", a_deal(org), [a_deal(org)], {})
