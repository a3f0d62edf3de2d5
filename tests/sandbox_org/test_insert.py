from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sandbox.org.org import Actor, Org
from sandbox.org.schema import Field, FieldType, ValidationRule
from tests.sandbox_org.builders import (
    NOW,
    a_deal,
    a_deal_object,
    a_manufacturer,
    a_proposal,
    a_schema,
    an_org,
    read,
    refused,
    the_user,
)


def test_a_new_record_has_an_id_stamps_owner_and_defaults(org: Org, admin: Actor) -> None:
    deal = org.insert(admin, "Deal__c", {"Name": "Lamp"})

    found = read(org, deal)
    assert deal.startswith("a00")
    assert len(deal) == 18
    assert found["Id"] == deal
    assert found["OwnerId"] == found["CreatedById"] == found["LastModifiedById"] == admin.user_id
    assert found["CreatedDate"] == found["LastModifiedDate"] == found["SystemModstamp"] == NOW
    assert found["IsDeleted"] is False
    assert found["CurrencyIsoCode"] == "EUR"
    assert found["Stage__c"] == "Open"
    assert found["Budget__c"] is None


def test_names_of_objects_and_fields_ignore_letter_case(org: Org, admin: Actor) -> None:
    deal = org.insert(admin, "deal__C", {"NAME": "Lamp", "due_on__c": "2026-03-20"})

    assert org.retrieve(admin, "DEAL__c", deal[:15], ["due_ON__C", "name"]) == {
        "Due_On__c": date(2026, 3, 20),
        "Name": "Lamp",
    }


def test_a_given_value_beats_the_default_and_an_explicit_null_too(org: Org) -> None:
    deal = a_deal(org)

    given = a_proposal(org, deal, Submitted_At__c="2026-01-01T10:00:00Z")
    nothing = a_proposal(org, deal, Submitted_At__c=None)
    silent = a_proposal(org, deal)

    assert read(org, given, "Submitted_At__c") == {
        "Submitted_At__c": datetime(2026, 1, 1, 10, tzinfo=UTC)
    }
    assert read(org, nothing, "Submitted_At__c") == {"Submitted_At__c": None}
    assert read(org, silent, "Submitted_At__c") == {"Submitted_At__c": NOW}


def test_a_checkbox_is_never_null(org: Org) -> None:
    deal = a_deal(org)

    proposals = [a_proposal(org, deal), a_proposal(org, deal, Urgent__c=None)]

    assert [read(org, p, "Urgent__c")["Urgent__c"] for p in proposals] == [False, False]


def test_auto_numbers_count_up_in_their_format(org: Org) -> None:
    deal = a_deal(org)

    names = [read(org, a_proposal(org, deal), "Name")["Name"] for _ in range(2)]

    assert names == ["OP-0000000001", "OP-0000000002"]


def test_a_refused_save_uses_up_no_number_of_the_next_ones(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    with refused(org, "REQUIRED_FIELD_MISSING"):
        org.insert(admin, "Proposal__c", {"Deal__c": deal})

    assert read(org, a_proposal(org, deal), "Name") == {"Name": "OP-0000000001"}


def test_all_missing_required_fields_are_listed_together(org: Org, admin: Actor) -> None:
    with refused(org, "REQUIRED_FIELD_MISSING") as refusal:
        org.insert(admin, "Proposal__c", {"Price__c": ""})

    (item,) = refusal.items
    assert item.message == "Required fields are missing: [Deal__c, Price__c]"
    assert item.fields == ("Deal__c", "Price__c")


def test_an_unknown_field_is_named(org: Org, admin: Actor) -> None:
    with refused(org, "INVALID_FIELD") as refusal:
        org.insert(admin, "Deal__c", {"Name": "Lamp", "Colour__c": "red"})

    assert refusal.items[0].message == "No such column 'Colour__c' on sobject of type Deal__c"


def test_an_unknown_object_is_named(org: Org, admin: Actor) -> None:
    with refused(org, "INVALID_TYPE") as refusal:
        org.insert(admin, "Offer__c", {})

    assert refusal.items[0].message == "sObject type 'Offer__c' is not supported."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Id", "a00000000000001"),
        ("SystemModstamp", "2026-01-01T00:00:00Z"),
        ("CreatedById", "005000000000001"),
        ("IsDeleted", True),
    ],
)
def test_read_only_fields_cannot_be_set(org: Org, admin: Actor, name: str, value: object) -> None:
    with refused(org, "INVALID_FIELD_FOR_INSERT_UPDATE") as refusal:
        org.insert(admin, "Deal__c", {"Name": "Lamp", name: value})

    assert refusal.items[0].fields == (name,)


def test_auto_numbers_and_formulas_cannot_be_set() -> None:
    double = Field("Double__c", FieldType.CURRENCY, precision=18, scale=2, formula="Budget__c * 2")
    org = an_org(a_schema(a_deal_object(double)))
    deal = a_deal(org)

    with refused(org, "INVALID_FIELD_FOR_INSERT_UPDATE"):
        a_deal(org, Double__c=4)
    with refused(org, "INVALID_FIELD_FOR_INSERT_UPDATE") as refusal:
        a_proposal(org, deal, Name="OP-9")
    assert refusal.items[0].fields == ("Name",)


def test_the_same_field_in_two_spellings_is_refused(org: Org, admin: Actor) -> None:
    with refused(org, "INVALID_FIELD"):
        org.insert(admin, "Deal__c", {"Name": "Lamp", "name": "Chair"})


@pytest.mark.parametrize("value", ["won", "Lost", "Won;Submitted"])
def test_a_restricted_picklist_takes_only_its_values(org: Org, value: str) -> None:
    deal = a_deal(org)

    with refused(org, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST") as refusal:
        a_proposal(org, deal, Status__c=value)

    assert refusal.items[0].fields == ("Status__c",)


def test_an_open_picklist_takes_any_text(org: Org) -> None:
    assert read(org, a_deal(org, Stage__c="On hold"), "Stage__c") == {"Stage__c": "On hold"}


def test_the_status_of_an_order_is_closed_even_though_it_is_not_declared_restricted(
    org: Org, admin: Actor
) -> None:
    account = a_manufacturer(org)

    with refused(org, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"):
        org.insert(
            admin,
            "Order",
            {"AccountId": account, "EffectiveDate": "2026-03-20", "Status": "Dreaming"},
        )


def test_the_category_of_an_order_follows_its_status(org: Org, admin: Actor) -> None:
    account = a_manufacturer(org)
    values = {"AccountId": account, "EffectiveDate": "2026-03-20", "Status": "Draft"}

    order = org.insert(admin, "Order", values)
    assert read(org, order, "StatusCode", "OrderNumber") == {
        "StatusCode": "Draft",
        "OrderNumber": "00000001",
    }

    org.update(admin, "Order", order, {"Status": "Activated"})
    assert read(org, order, "StatusCode") == {"StatusCode": "Activated"}


def test_a_closed_case_knows_when_it_was_closed(org: Org, admin: Actor) -> None:
    case = org.insert(admin, "Case", {"Subject": "Look at this"})

    org.update(admin, "Case", case, {"Status": "Closed"})
    assert read(org, case, "IsClosed", "ClosedDate") == {"IsClosed": True, "ClosedDate": NOW}

    org.update(admin, "Case", case, {"Status": "Working"})
    assert read(org, case, "IsClosed", "ClosedDate") == {"IsClosed": False, "ClosedDate": None}


def test_a_lookup_to_nothing_or_to_another_kind_is_refused(org: Org) -> None:
    deal = a_deal(org)
    account = a_manufacturer(org)

    for wrong in (account, deal[:17] + "x", "a00Lc0000000099"):
        code = "MALFORMED_ID" if wrong.endswith("x") else "INVALID_CROSS_REFERENCE_KEY"
        with refused(org, code) as refusal:
            a_proposal(org, wrong)
        assert refusal.items[0].fields == ("Deal__c",)


def test_a_lookup_to_a_deleted_record_is_refused(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    org.delete(admin, "Deal__c", deal)

    with refused(org, "INVALID_CROSS_REFERENCE_KEY"):
        a_proposal(org, deal)


def test_a_record_type_of_another_object_is_refused(org: Org, admin: Actor) -> None:
    account_type = org.store.tables["RecordType"].find("DeveloperName", "Manufacturer")[0]["Id"]
    schema = a_schema()
    deal = schema.objects["Deal__c"]
    deal.add_field(schema.objects["Account"].fields["RecordTypeId"])
    other = an_org(schema)

    with refused(other, "INVALID_CROSS_REFERENCE_KEY"):
        a_deal(other, RecordTypeId=account_type)


def test_a_unique_value_is_unique_whatever_its_case(org: Org) -> None:
    first = a_deal(org, External_Id__c="D-1")

    with refused(org, "DUPLICATE_VALUE") as refusal:
        a_deal(org, External_Id__c="d-1")

    (item,) = refusal.items
    assert item.message == (
        f"duplicate value found: External_Id__c duplicates value on record with id: {first}"
    )
    assert item.fields == ("External_Id__c",)


def test_a_deleted_record_does_not_hold_its_unique_value(org: Org, admin: Actor) -> None:
    org.delete(admin, "Deal__c", a_deal(org, External_Id__c="D-1"))

    assert a_deal(org, External_Id__c="D-1")


def test_stages_come_in_salesforces_order() -> None:
    never = ValidationRule("Never", "TRUE", "Never.")
    org = an_org(a_schema(a_deal_object(rules=[never])))
    admin = the_user(org)
    org.seed({"records": [_deal("D-1")], "checks": False})
    bad = {
        "Name": None,
        "Winner__c": "a01Lc0000000077",
        "External_Id__c": "D-1",
        "CurrencyIsoCode": "XXX",
    }

    stages = [
        ("REQUIRED_FIELD_MISSING", {"Name": "Lamp"}),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", {"CurrencyIsoCode": "EUR"}),
        ("INVALID_CROSS_REFERENCE_KEY", {"Winner__c": None}),
        ("DUPLICATE_VALUE", {"External_Id__c": "D-2"}),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", {}),
    ]
    for code, repair in stages:
        with refused(org, code) as refusal:
            org.insert(admin, "Deal__c", bad)
        assert refusal.codes == [code]
        bad |= repair


def _deal(external_id: str) -> dict[str, object]:
    return {"attributes": {"type": "Deal__c"}, "Name": "Lamp", "External_Id__c": external_id}


def test_amounts_keep_every_cent(org: Org) -> None:
    deal = a_deal(org, Budget__c=Decimal("9999999999999999.99"))

    assert read(org, deal, "Budget__c") == {"Budget__c": Decimal("9999999999999999.99")}


def test_objects_that_the_platform_owns_cannot_be_created(org: Org, admin: Actor) -> None:
    with refused(org, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"):
        org.insert(admin, "RecordType", {"Name": "New"})
