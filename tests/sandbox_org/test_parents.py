"""Parents given by external ID instead of by Id."""

from __future__ import annotations

import pytest

from sandbox.metadata.standard import record_type_field
from sandbox.org.org import Actor, Org
from sandbox.org.schema import RecordType
from tests.sandbox_org.builders import (
    a_deal,
    a_manufacturer,
    a_proposal,
    a_schema,
    an_org,
    read,
    refused,
    the_user,
)


def test_a_parent_may_be_named_by_its_external_id(org: Org, admin: Actor) -> None:
    deal = a_deal(org, External_Id__c="D-1")
    values = {
        "Deal__r": {"attributes": {"type": "Deal__c"}, "external_id__c": "d-1"},
        "Price__c": 1,
    }

    proposal = org.insert(admin, "Proposal__c", values)

    assert read(org, proposal, "Deal__c") == {"Deal__c": deal}


def test_a_record_type_may_be_named_by_developer_name_or_label(org: Org, admin: Actor) -> None:
    by_name = {"Name": "HD", "RecordType": {"DeveloperName": "Hardware_Designer"}}
    by_label = {"Name": "HD", "RecordType": {"Name": "Hardware Designer"}}

    accounts = [org.insert(admin, "Account", values) for values in (by_name, by_label)]

    types = [read(org, account, "RecordTypeId")["RecordTypeId"] for account in accounts]
    expected = org.store.tables["RecordType"].find("DeveloperName", "Hardware_Designer")
    assert types == [expected[0]["Id"]] * 2


def test_an_owner_may_be_named_by_username(org: Org) -> None:
    deal = a_deal(org, Owner={"Username": "OPS@manufaktura.example"})

    assert read(org, deal, "OwnerId") == {"OwnerId": org.find_user("ops@manufaktura.example")}


def test_a_null_parent_blanks_the_lookup(org: Org, admin: Actor) -> None:
    deal = a_deal(org, AccountId__c=a_manufacturer(org))

    org.update(admin, "Deal__c", deal, {"Account__r": None})

    assert read(org, deal, "AccountId__c") == {"AccountId__c": None}


def test_an_external_id_that_nobody_has_is_named(org: Org, admin: Actor) -> None:
    with refused(org, "INVALID_FIELD") as refusal:
        org.insert(admin, "Proposal__c", {"Deal__r": {"External_Id__c": "D-9"}, "Price__c": 1})

    assert refusal.items[0].message == (
        "Foreign key external ID: D-9 not found for field External_Id__c in entity Deal__c"
    )


def test_a_deleted_parent_is_not_found(org: Org, admin: Actor) -> None:
    org.delete(admin, "Deal__c", a_deal(org, External_Id__c="D-1"))

    with refused(org, "INVALID_FIELD"):
        org.insert(admin, "Proposal__c", {"Deal__r": {"External_Id__c": "D-1"}, "Price__c": 1})


@pytest.mark.parametrize(
    "key",
    [{"Name": "Lamp"}, {}, {"External_Id__c": "D-1", "Name": "Lamp"}, {"Colour__c": "red"}],
)
def test_a_parent_needs_exactly_one_external_id(
    org: Org, admin: Actor, key: dict[str, object]
) -> None:
    a_deal(org, External_Id__c="D-1")

    with refused(org, "INVALID_FIELD"):
        org.insert(admin, "Proposal__c", {"Deal__r": key, "Price__c": 1})


def test_parent_and_lookup_together_are_refused(org: Org, admin: Actor) -> None:
    deal = a_deal(org, External_Id__c="D-1")
    both = {"Deal__c": deal, "Deal__r": {"External_Id__c": "D-1"}, "Price__c": 1}

    with refused(org, "INVALID_FIELD"):
        org.insert(admin, "Proposal__c", both)


def test_a_lookup_field_itself_takes_an_id_and_no_object(org: Org, admin: Actor) -> None:
    a_deal(org, External_Id__c="D-1")

    with refused(org, "JSON_PARSER_ERROR"):
        org.insert(admin, "Proposal__c", {"Deal__c": {"External_Id__c": "D-1"}, "Price__c": 1})
    with refused(org, "JSON_PARSER_ERROR"):
        org.insert(admin, "Proposal__c", {"Deal__r": "D-1", "Price__c": 1})


def test_two_parents_with_the_same_external_id_are_ambiguous(org: Org) -> None:
    plan = [
        {"attributes": {"type": "Deal__c"}, "Name": name, "External_Id__c": "D-1"}
        for name in ("Lamp", "Desk")
    ]
    org.seed({"records": plan, "checks": False})

    with refused(org, "INVALID_FIELD"):
        org.insert(
            the_user(org), "Proposal__c", {"Deal__r": {"External_Id__c": "D-1"}, "Price__c": 1}
        )


def test_attributes_say_nothing_about_the_record(org: Org) -> None:
    deal = a_deal(org, attributes={"type": "Deal__c"})

    assert read(org, a_proposal(org, deal), "Deal__c") == {"Deal__c": deal}


def test_a_record_type_is_looked_for_among_those_of_the_same_object() -> None:
    schema = a_schema()
    deal = schema.objects["Deal__c"]
    deal.add_field(record_type_field())
    for name in ("Manufacturer", "Other"):
        deal.record_types[name] = RecordType(name, name)
    org = an_org(schema)

    record = a_deal(org, RecordType={"DeveloperName": "Manufacturer"})

    row = org.store.row(str(read(org, record, "RecordTypeId")["RecordTypeId"]))
    assert row is not None
    assert (row["SobjectType"], row["DeveloperName"]) == ("Deal__c", "Manufacturer")
