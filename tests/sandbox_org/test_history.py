from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox.org.org import Actor, Org
from sandbox.org.schema import Field
from tests.sandbox_org.builders import (
    NOW,
    OPS,
    a_deal,
    a_manufacturer,
    a_proposal,
    a_proposal_object,
    a_schema,
    an_org,
    refused,
    the_user,
)


def history(org: Org) -> list[tuple[object, ...]]:
    columns = ("Field", "DataType", "OldValue", "NewValue")
    rows = org.store.tables["Proposal__History"].all()
    return [tuple(row[column] for column in columns) for row in rows]


def test_a_new_record_leaves_one_row(org: Org, admin: Actor) -> None:
    proposal = a_proposal(org, a_deal(org))

    assert history(org) == [("created", "Text", None, None)]
    (row,) = org.store.tables["Proposal__History"].all()
    assert row["ParentId"] == proposal
    assert row["CreatedById"] == admin.user_id
    assert row["CreatedDate"] == NOW


def test_each_tracked_change_leaves_a_row_with_who_and_when(org: Org) -> None:
    proposal = a_proposal(org, a_deal(org))
    ops = the_user(org, OPS)
    org.clock.advance(60)

    org.update(ops, "Proposal__c", proposal, {"Price__c": "99.90", "Status__c": "Won"})

    assert history(org)[1:] == [
        ("Price__c", "Currency", "120.00", "99.90"),
        ("Status__c", "DynamicEnum", "Submitted", "Won"),
    ]
    changes = org.store.tables["Proposal__History"].all()[1:]
    assert {row["CreatedById"] for row in changes} == {ops.user_id}
    assert {row["CreatedDate"] for row in changes} == {NOW + timedelta(seconds=60)}


def test_a_changed_lookup_leaves_names_and_ids(org: Org, admin: Actor) -> None:
    lamp, desk = a_deal(org, Name="Lamp"), a_deal(org, Name="Desk")
    proposal = a_proposal(org, lamp)

    org.update(admin, "Proposal__c", proposal, {"Deal__c": desk})

    assert history(org)[1:] == [
        ("Deal__c", "Text", "Lamp", "Desk"),
        ("Deal__c", "EntityId", lamp, desk),
    ]


def test_a_long_text_leaves_only_that_it_changed(org: Org, admin: Actor) -> None:
    proposal = a_proposal(org, a_deal(org), Note__c="short")

    org.update(admin, "Proposal__c", proposal, {"Note__c": "x" * 256})

    assert history(org)[1:] == [("Note__c", "TextArea", "short", None)]


def test_untracked_fields_and_saves_without_change_leave_nothing(org: Org, admin: Actor) -> None:
    proposal = a_proposal(org, a_deal(org))

    org.update(admin, "Proposal__c", proposal, {"Urgent__c": True})
    org.update(admin, "Proposal__c", proposal, {"Price__c": Decimal("120")})

    assert len(history(org)) == 1


def test_a_refused_change_leaves_nothing(org: Org, admin: Actor) -> None:
    proposal = a_proposal(org, a_deal(org))

    with refused(org, "REQUIRED_FIELD_MISSING"):
        org.update(admin, "Proposal__c", proposal, {"Status__c": "Won", "Price__c": None})

    assert len(history(org)) == 1


def test_without_history_on_the_object_nothing_is_kept() -> None:
    quiet = a_proposal_object()
    quiet.enable_history = False
    schema = a_schema(proposal=quiet)
    org = an_org(schema)

    a_proposal(org, a_deal(org))

    assert "Proposal__History" not in schema.objects


def test_history_is_written_by_the_org_only(org: Org, admin: Actor) -> None:
    a_proposal(org, a_deal(org))
    (row,) = org.store.tables["Proposal__History"].all()

    with refused(org, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"):
        org.insert(admin, "Proposal__History", {})
    with refused(org, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"):
        org.update(admin, "Proposal__History", str(row["Id"]), {})
    with refused(org, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"):
        org.delete(admin, "Proposal__History", str(row["Id"]))

    assert len(history(org)) == 1


def test_history_goes_with_its_record_and_comes_back_with_it(org: Org, admin: Actor) -> None:
    proposal = a_proposal(org, a_deal(org))
    soql = "SELECT COUNT() FROM Proposal__History"

    org.delete(admin, "Proposal__c", proposal)
    deleted = org.query(admin, soql).total_size
    org.undelete(admin, "Proposal__c", proposal)

    assert (deleted, org.query(admin, soql).total_size) == (0, 1)


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM Proposal__History WHERE NewValue = 'Won'", "INVALID_FIELD"),
        ("SELECT Id FROM Proposal__History WHERE OldValue = null", "INVALID_FIELD"),
        ("SELECT COUNT(Id) FROM Proposal__History GROUP BY NewValue", "MALFORMED_QUERY"),
    ],
)
def test_values_of_history_are_no_condition(org: Org, admin: Actor, soql: str, code: str) -> None:
    with refused(org, code):
        org.query(admin, soql)


def test_history_can_be_sorted_by_its_values(org: Org, admin: Actor) -> None:
    proposal = a_proposal(org, a_deal(org))
    org.update(admin, "Proposal__c", proposal, {"Status__c": "Won", "Price__c": "9.90"})

    found = org.query(
        admin, "SELECT NewValue FROM Proposal__History ORDER BY NewValue DESC NULLS LAST"
    )

    assert [row["NewValue"] for row in found.records] == ["Won", "9.90", None]


def test_a_lookup_to_a_user_is_named_by_the_users_full_name() -> None:
    schema = a_schema()
    owner = schema.objects["Proposal__c"].fields["OwnerId"]
    schema.objects["Proposal__c"].add_field(_tracked(owner))
    org = an_org(schema)
    proposal = a_proposal(org, a_deal(org, AccountId__c=a_manufacturer(org)))
    ops = the_user(org, OPS)

    org.update(the_user(org), "Proposal__c", proposal, {"OwnerId": ops.user_id})

    assert history(org)[1] == ("OwnerId", "Text", "Admin Manufaktura", "Operations Manufaktura")


def _tracked(field: Field) -> Field:
    return replace(field, track_history=True)
