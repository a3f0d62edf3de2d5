from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox.org.org import Actor, Org
from tests.sandbox_org.builders import (
    NOW,
    OPS,
    a_deal,
    a_proposal,
    an_org,
    contents,
    read,
    refused,
    the_user,
)


def test_only_the_given_fields_change(org: Org, admin: Actor) -> None:
    deal = a_deal(org, Budget__c="500", Due_On__c="2026-03-20")
    before = read(org, deal)

    org.update(admin, "Deal__c", deal, {"Budget__c": 600})

    assert read(org, deal) == before | {"Budget__c": Decimal("600.00")}


def test_every_save_moves_the_stamps_even_when_no_value_changes(org: Org) -> None:
    deal = a_deal(org)
    org.clock.advance(60)
    ops = the_user(org, OPS)

    org.update(ops, "Deal__c", deal, {"Name": "Lamp"})

    found = read(org, deal)
    later = NOW + timedelta(seconds=60)
    assert found["LastModifiedDate"] == found["SystemModstamp"] == later
    assert found["LastModifiedById"] == ops.user_id
    assert found["CreatedDate"] == NOW
    assert found["CreatedById"] == the_user(org).user_id


def test_an_empty_text_blanks_the_field(org: Org, admin: Actor) -> None:
    deal = a_deal(org, External_Id__c="D-1")

    org.update(admin, "Deal__c", deal, {"External_Id__c": ""})

    assert read(org, deal, "External_Id__c") == {"External_Id__c": None}


def test_a_required_field_cannot_be_blanked(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    with refused(org, "REQUIRED_FIELD_MISSING") as refusal:
        org.update(admin, "Deal__c", deal, {"Name": None})

    assert refusal.items[0].fields == ("Name",)


def test_a_legacy_row_without_a_required_value_cannot_be_saved_until_it_has_one(
    org: Org, admin: Actor
) -> None:
    row = {"attributes": {"type": "Deal__c", "referenceId": "d"}, "Stage__c": "Open"}
    deal = org.seed({"records": [row], "checks": False})["d"]

    with refused(org, "REQUIRED_FIELD_MISSING"):
        org.update(admin, "Deal__c", deal, {"Stage__c": "Closed"})

    org.update(admin, "Deal__c", deal, {"Stage__c": "Closed", "Name": "Lamp"})
    assert read(org, deal, "Stage__c") == {"Stage__c": "Closed"}


def test_a_retired_picklist_value_stays_until_somebody_touches_it(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    row = {
        "attributes": {"type": "Proposal__c", "referenceId": "p"},
        "Deal__c": deal,
        "Price__c": 1,
        "Status__c": "Postponed",
    }
    proposal = org.seed({"records": [row], "checks": False})["p"]

    org.update(admin, "Proposal__c", proposal, {"Price__c": 2, "Status__c": "Postponed"})

    assert read(org, proposal, "Price__c", "Status__c") == {
        "Price__c": Decimal("2.00"),
        "Status__c": "Postponed",
    }


def test_a_record_that_does_not_exist_or_is_deleted_cannot_be_updated(
    org: Org, admin: Actor
) -> None:
    deal = a_deal(org)
    org.delete(admin, "Deal__c", deal)

    with refused(org, "ENTITY_IS_DELETED"):
        org.update(admin, "Deal__c", deal, {"Name": "Chair"})
    with refused(org, "NOT_FOUND"):
        org.update(admin, "Deal__c", "a00Lc0000000099", {"Name": "Chair"})
    with refused(org, "MALFORMED_ID"):
        org.update(admin, "Deal__c", "nonsense", {"Name": "Chair"})


def test_if_unmodified_since_lets_an_untouched_record_pass(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    org.update(admin, "Deal__c", deal, {"Name": "Chair"}, unmodified_since=NOW)

    assert read(org, deal, "Name") == {"Name": "Chair"}


def test_if_unmodified_since_refuses_a_record_that_was_modified_later(
    org: Org, admin: Actor
) -> None:
    deal = a_deal(org)
    org.clock.advance(1)
    org.update(the_user(org, OPS), "Deal__c", deal, {"Name": "Desk"})

    with refused(org, "PRECONDITION_FAILED"):
        org.update(admin, "Deal__c", deal, {"Name": "Chair"}, unmodified_since=NOW)


def test_if_unmodified_since_cannot_see_a_change_within_the_same_second(
    org: Org, admin: Actor
) -> None:
    deal = a_deal(org)
    org.clock.advance(0.9)
    org.update(the_user(org, OPS), "Deal__c", deal, {"Name": "Desk"})

    org.update(admin, "Deal__c", deal, {"Name": "Chair"}, unmodified_since=NOW)

    assert read(org, deal, "Name") == {"Name": "Chair"}


def test_a_record_may_keep_its_own_unique_value(org: Org, admin: Actor) -> None:
    deal = a_deal(org, External_Id__c="D-1")

    org.update(admin, "Deal__c", deal, {"External_Id__c": "d-1"})

    assert read(org, deal, "External_Id__c") == {"External_Id__c": "d-1"}


def test_rows_of_one_chunk_share_one_stamp() -> None:
    org = an_org()
    org.clock.set(NOW)
    admin = the_user(org)

    with org.chunk():
        first = org.insert(admin, "Deal__c", {"Name": "Lamp"})
        org.clock.advance(5)
        second = org.insert(admin, "Deal__c", {"Name": "Desk"})
    third = org.insert(admin, "Deal__c", {"Name": "Chair"})

    stamps = [
        read(org, deal, "SystemModstamp")["SystemModstamp"] for deal in (first, second, third)
    ]
    assert stamps[0] == stamps[1] < stamps[2]


class PlugPulledError(Exception):
    """The process dies in the middle of a call."""


def _change_half(org: Org, deal: str) -> None:
    with org.transaction():
        org.update(the_user(org), "Deal__c", deal, {"Name": "Chair"})
        a_proposal(org, deal)
        raise PlugPulledError


def test_a_transaction_is_undone_as_a_whole(org: Org) -> None:
    deal = a_deal(org)
    before = contents(org)

    with pytest.raises(PlugPulledError):
        _change_half(org, deal)

    assert contents(org) == before


def _insert_in_vain(org: Org) -> None:
    with org.savepoint():
        a_deal(org, Name="Desk")
        raise PlugPulledError


def test_a_savepoint_undoes_only_its_own_part(org: Org) -> None:
    with org.transaction():
        kept = a_deal(org)
        with pytest.raises(PlugPulledError):
            _insert_in_vain(org)

    assert [row["Id"] for row in org.store.tables["Deal__c"].all()] == [kept]


def test_threads_that_insert_at_once_get_different_numbers(org: Org) -> None:
    deal = a_deal(org)
    with ThreadPoolExecutor(8) as pool:
        proposals = list(pool.map(lambda _: a_proposal(org, deal), range(40)))

    names = {read(org, proposal, "Name")["Name"] for proposal in proposals}
    assert names == {f"OP-{number:010}" for number in range(1, 41)}
