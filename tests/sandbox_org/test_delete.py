from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.org.org import Actor, Org
from tests.sandbox_org.builders import (
    NOW,
    a_deal,
    a_deal_object,
    a_lookup,
    a_manufacturer,
    a_proposal,
    a_schema,
    an_org,
    read,
    refused,
    the_user,
)


def row(org: Org, record_id: str) -> dict[str, object]:
    found = org.store.row(record_id)
    assert found is not None
    return found


def test_a_deleted_record_is_kept_in_the_recycle_bin_and_stamped(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    org.clock.advance(60)

    org.delete(admin, "Deal__c", deal)

    assert row(org, deal)["IsDeleted"] is True
    assert row(org, deal)["SystemModstamp"] == NOW + timedelta(seconds=60)
    with refused(org, "ENTITY_IS_DELETED"):
        org.retrieve(admin, "Deal__c", deal)
    with refused(org, "ENTITY_IS_DELETED"):
        org.delete(admin, "Deal__c", deal)


def test_a_record_that_others_need_is_not_deleted(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    a_proposal(org, deal)

    with refused(org, "DELETE_FAILED") as refusal:
        org.delete(admin, "Deal__c", deal)

    assert "Proposals: OP-0000000001" in refusal.items[0].message


def test_a_required_lookup_restricts_even_when_it_says_set_null(org: Org, admin: Actor) -> None:
    account = a_manufacturer(org)
    org.insert(
        admin,
        "Order",
        {"AccountId": account, "EffectiveDate": "2026-03-20", "Status": "Draft"},
    )

    with refused(org, "DELETE_FAILED"):
        org.delete(admin, "Account", account)


def test_a_deleted_child_does_not_hold_its_parent(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    org.delete(admin, "Proposal__c", a_proposal(org, deal))

    org.delete(admin, "Deal__c", deal)

    assert row(org, deal)["IsDeleted"] is True


def test_set_null_blanks_the_lookup_and_moves_only_the_system_stamp(org: Org, admin: Actor) -> None:
    account = a_manufacturer(org)
    deal = a_deal(org, AccountId__c=account)
    org.clock.advance(60)

    org.delete(admin, "Account", account)

    found = read(org, deal, "AccountId__c", "LastModifiedDate", "SystemModstamp")
    assert found == {
        "AccountId__c": None,
        "LastModifiedDate": NOW,
        "SystemModstamp": NOW + timedelta(seconds=60),
    }


def test_cascade_deletes_the_whole_tree_and_undelete_brings_it_back(org: Org, admin: Actor) -> None:
    whole = a_deal(org)
    part = a_deal(org, Parent__c=whole)
    screw = a_deal(org, Parent__c=part)
    gone_before = a_deal(org, Parent__c=whole)
    org.delete(admin, "Deal__c", gone_before)
    org.clock.advance(60)

    org.delete(admin, "Deal__c", whole)
    assert [row(org, deal)["IsDeleted"] for deal in (whole, part, screw)] == [True] * 3

    org.clock.advance(60)
    org.undelete(admin, "Deal__c", whole)
    assert [row(org, deal)["IsDeleted"] for deal in (whole, part, screw)] == [False] * 3
    assert row(org, gone_before)["IsDeleted"] is True
    assert row(org, screw)["SystemModstamp"] == NOW + timedelta(seconds=120)


def test_a_restricted_child_anywhere_in_the_tree_stops_the_delete(org: Org, admin: Actor) -> None:
    whole = a_deal(org)
    part = a_deal(org, Parent__c=whole)
    a_proposal(org, part)

    with refused(org, "DELETE_FAILED"):
        org.delete(admin, "Deal__c", whole)


def test_records_that_point_at_each_other_can_be_deleted(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    org.update(admin, "Deal__c", deal, {"Parent__c": deal})

    org.delete(admin, "Deal__c", deal)

    assert row(org, deal)["IsDeleted"] is True


def test_a_restricting_lookup_to_oneself_restricts_nothing() -> None:
    needs = a_lookup("Needs__c", "Deal__c", "Needs__r", delete_constraint="Restrict")
    org = an_org(a_schema(a_deal_object(needs)))
    admin = the_user(org)
    deal = a_deal(org)
    org.update(admin, "Deal__c", deal, {"Needs__c": deal})

    org.delete(admin, "Deal__c", deal)

    assert row(org, deal)["IsDeleted"] is True


@pytest.mark.parametrize("is_first", [True, False])
def test_lookups_within_a_deleted_tree_come_back_with_it(is_first: bool) -> None:
    twin, deal = a_lookup("Twin__c", "Deal__c", "Twin__r"), a_deal_object()
    fields = {"Twin__c": twin, **deal.fields} if is_first else {**deal.fields, "Twin__c": twin}
    org = an_org(a_schema(replace(deal, fields=fields)))
    admin = the_user(org)
    whole = a_deal(org)
    part = a_deal(org, Parent__c=whole, Twin__c=whole)

    org.delete(admin, "Deal__c", whole)
    org.undelete(admin, "Deal__c", whole)

    assert read(org, part, "Parent__c", "Twin__c") == {"Parent__c": whole, "Twin__c": whole}


def test_undelete_refuses_a_unique_value_that_is_taken_meanwhile(org: Org, admin: Actor) -> None:
    deal = a_deal(org, External_Id__c="D-1")
    org.delete(admin, "Deal__c", deal)
    a_deal(org, External_Id__c="D-1")

    with refused(org, "DUPLICATE_VALUE"):
        org.undelete(admin, "Deal__c", deal)


def test_only_a_deleted_record_can_be_undeleted(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    with refused(org, "UNDELETE_FAILED"):
        org.undelete(admin, "Deal__c", deal)


def test_history_goes_and_comes_back_with_its_record(org: Org, admin: Actor) -> None:
    proposal = a_proposal(org, a_deal(org))
    history = org.store.tables["Proposal__History"]

    org.delete(admin, "Proposal__c", proposal)
    assert [entry["IsDeleted"] for entry in history.all()] == [True]

    org.undelete(admin, "Proposal__c", proposal)
    assert [entry["IsDeleted"] for entry in history.all()] == [False]


def test_records_without_a_recycle_bin_are_removed_for_good(org: Org, admin: Actor) -> None:
    table = org.store.tables["PermissionSetAssignment"]
    gone, kept = table.all()

    org.delete(admin, "PermissionSetAssignment", str(gone["Id"]))

    assert table.all() == [kept]


def test_what_the_platform_owns_cannot_be_deleted(org: Org, admin: Actor) -> None:
    with refused(org, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"):
        org.delete(admin, "User", admin.user_id)
