"""Within a transaction a parent is read once, and anew as soon as it may be another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.org import Actor, Org
from sandbox.org.schema import Field, FieldType, ValidationRule
from tests.sandbox_org.builders import (
    a_deal,
    a_deal_object,
    a_proposal,
    a_proposal_object,
    a_schema,
    an_org,
    the_user,
)
from tests.sandbox_org.statements import statements_of

CLOSED = ValidationRule("Closed", 'ISPICKVAL(Deal__r.Stage__c, "Closed")', "The deal is closed.")


@pytest.fixture
def org() -> Iterator[Org]:
    org = an_org(a_schema(proposal=a_proposal_object(rules=[CLOSED])))
    yield org
    org.close()


def test_proposals_of_one_transaction_read_their_deal_once(org: Org) -> None:
    deal = a_deal(org)

    with statements_of(org) as statements, org.transaction():
        for _ in range(5):
            a_proposal(org, deal)

    assert sum(1 for sql in statements if deal in sql and sql.startswith("SELECT")) == 1


def test_a_parent_changed_in_the_transaction_is_seen_changed(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    with org.transaction():
        a_proposal(org, deal)
        org.update(admin, "Deal__c", deal, {"Stage__c": "Closed"})
        with pytest.raises(OrgError, match=r"The deal is closed\."):
            a_proposal(org, deal)
        org.update(admin, "Deal__c", deal, {"Stage__c": "Open"})
        assert a_proposal(org, deal)


def test_a_parent_whose_change_is_undone_is_seen_as_it_was(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    def close_it_and_add_a_proposal() -> None:
        with org.savepoint():
            org.update(admin, "Deal__c", deal, {"Stage__c": "Closed"})
            a_proposal(org, deal)

    with org.transaction():
        with pytest.raises(OrgError, match=r"The deal is closed\."):
            close_it_and_add_a_proposal()
        assert a_proposal(org, deal)


def test_a_parent_deleted_in_the_transaction_is_no_parent_any_more(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    with org.transaction():
        org.delete(admin, "Proposal__c", a_proposal(org, deal))
        org.delete(admin, "Deal__c", deal)
        with pytest.raises(OrgError) as caught:
            a_proposal(org, deal)
        org.undelete(admin, "Deal__c", deal)
        assert a_proposal(org, deal)

    assert [item.code for item in caught.value.items] == ["INVALID_CROSS_REFERENCE_KEY"]


def test_the_next_transaction_reads_anew(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    with org.transaction():
        a_proposal(org, deal)
    with org.transaction():
        org.update(the_user(org), "Deal__c", deal, {"Stage__c": "Closed"})

    with pytest.raises(OrgError, match=r"The deal is closed\."), org.transaction():
        a_proposal(org, deal)


def test_rows_that_commit_late_are_not_seen_before_their_time(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    with org.store.late.delaying(60):
        org.update(admin, "Deal__c", deal, {"Stage__c": "Closed"})
    with org.transaction():
        assert a_proposal(org, deal)
    org.clock.advance(61)
    with pytest.raises(OrgError, match=r"The deal is closed\."), org.transaction():
        a_proposal(org, deal)


def test_a_deploy_between_two_reads_gives_rows_of_the_new_schema(org: Org) -> None:
    deal = a_deal(org)
    extra = Field("Extra__c", FieldType.TEXT, length=10)

    with org.transaction():
        before = org.store.row(deal)
        org.adopt(a_schema(a_deal_object(extra)), commit=lambda: None)
        after = org.store.row(deal)

    assert before is not None
    assert after == before | {"Extra__c": None}
