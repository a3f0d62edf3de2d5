"""Transactions that stamp their rows now and let others see them later."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.org.ddl import IncompatibleDataError
from sandbox.org.org import Actor, Org
from sandbox.org.schema import Field, FieldType
from tests.sandbox_org.builders import (
    NOW,
    a_deal,
    a_deal_object,
    a_schema,
    an_org,
    read,
    refused,
    the_user,
)

LATE_S = 600


def names(org: Org) -> list[str]:
    rows = org.query(the_user(org), "SELECT Name FROM Deal__c ORDER BY Name").records
    return [str(row["Name"]) for row in rows]


def wait(org: Org, seconds: float) -> None:
    org.clock.advance(seconds)


def test_a_late_insert_is_readable_after_its_delay_with_its_own_stamp(org: Org) -> None:
    with org.store.late.delaying(LATE_S):
        deal = a_deal(org, Name="Late")
    a_deal(org, Name="Prompt")

    wait(org, LATE_S - 1)
    assert names(org) == ["Prompt"]
    assert org.store.late.oldest == NOW
    wait(org, 1)
    assert names(org) == ["Late", "Prompt"]
    assert read(org, deal, "SystemModstamp") == {"SystemModstamp": NOW}
    assert org.store.late.oldest is None


def test_until_then_others_read_the_row_as_it_was(org: Org, admin: Actor) -> None:
    deal = a_deal(org, Name="Before")

    with org.store.late.delaying(LATE_S), org.transaction():
        org.update(admin, "Deal__c", deal, {"Name": "After"})
        org.update(admin, "Deal__c", deal, {"Budget__c": 5})

    assert read(org, deal, "Name", "Budget__c") == {"Name": "Before", "Budget__c": None}
    wait(org, LATE_S)
    assert read(org, deal, "Name", "Budget__c") == {"Name": "After", "Budget__c": 5}


def test_inside_the_transaction_its_own_writes_are_seen(org: Org, admin: Actor) -> None:
    with org.store.late.delaying(LATE_S), org.transaction():
        deal = a_deal(org, Name="Late")
        org.update(admin, "Deal__c", deal, {"Name": "Later"})
        assert names(org) == ["Later"]

    assert names(org) == []


def test_a_row_on_its_way_is_locked_for_everybody_else(org: Org, admin: Actor) -> None:
    deal = a_deal(org, External_Id__c="D-1")
    with org.store.late.delaying(LATE_S):
        org.update(admin, "Deal__c", deal, {"Name": "Late"})
        a_deal(org, External_Id__c="D-2")

    with refused(org, "UNABLE_TO_LOCK_ROW"):
        org.update(admin, "Deal__c", deal, {"Name": "Prompt"})
    with refused(org, "UNABLE_TO_LOCK_ROW"):
        org.upsert(admin, "Deal__c", "External_Id__c", "D-2", {"Name": "Prompt"})
    wait(org, LATE_S)
    assert org.upsert(admin, "Deal__c", "External_Id__c", "D-2", {"Name": "Prompt"})[1] is False


@pytest.mark.parametrize("value", ["D-2", "d-2"])
def test_its_unique_values_stay_taken_in_any_case_and_over_a_deploy(org: Org, value: str) -> None:
    with org.store.late.delaying(LATE_S):
        a_deal(org, Name="Late", External_Id__c="D-2")
    extra = Field("Extra__c", FieldType.TEXT, length=10)
    org.adopt(a_schema(a_deal_object(extra)), commit=lambda: None)

    with refused(org, "UNABLE_TO_LOCK_ROW"):
        a_deal(org, Name="Twin", External_Id__c=value)

    wait(org, LATE_S)
    assert names(org) == ["Late"]


def test_a_deploy_keeps_the_fields_that_only_it_has_filled(org: Org, admin: Actor) -> None:
    extra = Field("Extra__c", FieldType.TEXT, length=10)
    formula = Field("Extra__c", FieldType.TEXT, length=10, formula="Name")
    org.adopt(a_schema(a_deal_object(extra)), commit=lambda: None)
    with org.store.late.delaying(LATE_S):
        deal = a_deal(org, Name="Late", Extra__c="kept")

    with pytest.raises(IncompatibleDataError, match=r"Deal__c\.Extra__c was text"):
        org.adopt(a_schema(a_deal_object(formula)), commit=lambda: None)

    wait(org, LATE_S)
    assert read(org, deal, "Name", "Extra__c") == {"Name": "Late", "Extra__c": "kept"}


def test_what_waits_fits_the_columns_that_a_deploy_leaves(org: Org) -> None:
    extra = Field("Extra__c", FieldType.TEXT, length=10)
    formula = Field("Extra__c", FieldType.TEXT, length=10, formula="Name")
    flag = Field("Flag__c", FieldType.CHECKBOX)
    org.adopt(a_schema(a_deal_object(extra)), commit=lambda: None)
    with org.store.late.delaying(LATE_S):
        deal = a_deal(org, Name="Late")
    org.adopt(a_schema(a_deal_object(formula, flag)), commit=lambda: None)

    wait(org, LATE_S)

    assert read(org, deal, "Extra__c", "Flag__c") == {"Extra__c": "Late", "Flag__c": False}


def test_what_was_refused_within_it_never_comes(org: Org, admin: Actor) -> None:
    with org.store.late.delaying(LATE_S):
        with org.transaction():
            a_deal(org, Name="Good")
            with pytest.raises(ZeroDivisionError):
                _create_and_fail(org, "Bad")
        with pytest.raises(ZeroDivisionError):
            _create_and_fail(org, "Worse")

    wait(org, LATE_S)
    assert names(org) == ["Good"]


def _create_and_fail(org: Org, name: str) -> None:
    with org.savepoint():
        a_deal(org, Name=name)
        raise ZeroDivisionError


def test_a_transaction_that_fails_afterwards_takes_nothing_along(org: Org) -> None:
    with org.store.late.delaying(LATE_S):
        a_deal(org, Name="Late")
    wait(org, LATE_S)

    with pytest.raises(ZeroDivisionError), org.transaction():
        raise ZeroDivisionError

    assert names(org) == ["Late"]


def test_a_late_delete_leaves_the_row_until_then(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    with org.store.late.delaying(LATE_S):
        org.delete(admin, "Deal__c", deal)

    assert names(org) == ["Lamp"]
    wait(org, LATE_S)
    assert names(org) == []


def test_a_purge_leaves_what_a_transaction_on_its_way_takes_out_of_the_bin(
    org: Org, admin: Actor
) -> None:
    deal = a_deal(org, Name="Back")
    org.delete(admin, "Deal__c", deal)
    with org.store.late.delaying(20 * 86_400):
        org.undelete(admin, "Deal__c", deal)
    wait(org, 16 * 86_400)

    found = org.query(admin, "SELECT IsDeleted FROM Deal__c", include_deleted=True).records
    wait(org, 4 * 86_400)

    assert [row["IsDeleted"] for row in found] == [True]
    assert names(org) == ["Back"]


def test_closing_the_org_lets_everything_come(tmp_path: Path) -> None:
    org = an_org(a_schema(), tmp_path)
    with org.store.late.delaying(LATE_S):
        a_deal(org, Name="Late")
    org.close()

    again = an_org(a_schema(), tmp_path)

    assert names(again) == ["Late"]
    again.close()


def test_an_emptied_org_forgets_what_was_on_its_way(org: Org) -> None:
    with org.store.late.delaying(LATE_S):
        a_deal(org, Name="Late")

    org.reset()
    wait(org, 2 * timedelta(seconds=LATE_S).total_seconds())

    assert names(org) == []
