from __future__ import annotations

import pytest

from sandbox.org.errors import MultipleMatches
from sandbox.org.org import Actor, Org
from tests.sandbox_org.builders import a_deal, contents, read, refused


def test_no_match_creates_with_the_key(org: Org, admin: Actor) -> None:
    deal, created = org.upsert(admin, "Deal__c", "External_Id__c", "D-1", {"Name": "Lamp"})

    assert created is True
    assert read(org, deal, "External_Id__c", "Name") == {"External_Id__c": "D-1", "Name": "Lamp"}


def test_one_match_updates_whatever_the_case_of_the_key(org: Org, admin: Actor) -> None:
    deal = a_deal(org, External_Id__c="D-1")

    answer = org.upsert(admin, "Deal__c", "external_id__c", "d-1", {"Name": "Desk"})

    assert answer == (deal, False)
    assert read(org, deal, "External_Id__c", "Name") == {"External_Id__c": "D-1", "Name": "Desk"}


def test_the_same_upsert_twice_leaves_one_record(org: Org, admin: Actor) -> None:
    answers = [
        org.upsert(admin, "Deal__c", "External_Id__c", "D-1", {"Name": "Lamp"}) for _ in range(2)
    ]

    assert [created for _, created in answers] == [True, False]
    assert answers[0][0] == answers[1][0]
    assert len(org.store.tables["Deal__c"].all()) == 1


def test_several_matches_write_nothing_and_name_them_all(org: Org, admin: Actor) -> None:
    plan = [
        {
            "attributes": {"type": "Deal__c", "referenceId": name},
            "Name": name,
            "External_Id__c": "D-1",
        }
        for name in ("Lamp", "Desk")
    ]
    ids = org.seed({"records": plan, "checks": False})
    before = contents(org)

    with pytest.raises(MultipleMatches) as matches:
        org.upsert(admin, "Deal__c", "External_Id__c", "D-1", {"Name": "Chair"})

    assert set(matches.value.ids) == set(ids.values())
    assert contents(org) == before


def test_update_only_does_not_create(org: Org, admin: Actor) -> None:
    with refused(org, "NOT_FOUND"):
        org.upsert(admin, "Deal__c", "External_Id__c", "D-1", {"Name": "Lamp"}, update_only=True)


def test_the_key_must_not_be_repeated_in_the_body(org: Org, admin: Actor) -> None:
    for name in ("External_Id__c", "id"):
        with refused(org, "INVALID_FIELD_FOR_INSERT_UPDATE"):
            org.upsert(admin, "Deal__c", "External_Id__c", "D-1", {"Name": "Lamp", name: "D-1"})


@pytest.mark.parametrize("name", ["Name", "Nothing__c"])
def test_only_an_external_id_can_be_matched_on(org: Org, admin: Actor, name: str) -> None:
    with refused(org, "NOT_FOUND") as refusal:
        org.upsert(admin, "Deal__c", name, "D-1", {})

    assert refusal.items[0].message == (
        f"Provided external ID field does not exist or is not accessible: {name}"
    )


def test_a_blank_key_is_refused(org: Org, admin: Actor) -> None:
    with refused(org, "MISSING_ARGUMENT"):
        org.upsert(admin, "Deal__c", "External_Id__c", "", {"Name": "Lamp"})


def test_upsert_by_id_only_updates(org: Org, admin: Actor) -> None:
    deal = a_deal(org)

    assert org.upsert(admin, "Deal__c", "Id", deal, {"Name": "Desk"}) == (deal, False)
    assert read(org, deal, "Name") == {"Name": "Desk"}
    with refused(org, "NOT_FOUND"):
        org.upsert(admin, "Deal__c", "Id", "a00Lc0000000099", {"Name": "Desk"})
