"""Field-level security: what a permission set does not grant does not exist for its user."""

from __future__ import annotations

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.org import Org
from sandbox.org.schema import Field, FieldType
from tests.sandbox_access.builders import DEAL, READ, WORK, an_org_with, columns, ops_of
from tests.sandbox_org.builders import OPS, a_deal, a_proposal, a_schema, refused, the_user

EDIT = frozenset({"read", "edit"})
SEEN = {"Deal__c.Budget__c": READ, "Deal__c.Stage__c": EDIT}


def test_a_hidden_field_cannot_be_selected_filtered_sorted_or_grouped() -> None:
    org = an_org_with(DEAL, SEEN)
    a_deal(org, Budget__c=5)

    for soql in (
        "SELECT Due_On__c FROM Deal__c",
        "SELECT Id FROM Deal__c WHERE Due_On__c = TODAY",
        "SELECT Id FROM Deal__c ORDER BY Due_On__c",
        "SELECT Due_On__c, COUNT(Id) FROM Deal__c GROUP BY Due_On__c",
        "SELECT MAX(Due_On__c) FROM Deal__c",
        "SELECT Id FROM Deal__c WHERE Id IN (SELECT Winner__c FROM Deal__c)",
    ):
        with pytest.raises(OrgError) as caught:
            org.query(ops_of(org), soql)
        assert caught.value.items[0].code == "INVALID_FIELD", soql
        assert "No such column" in str(caught.value)
    assert columns(org, "SELECT Budget__c FROM Deal__c") == [{"Budget__c": 5}]


def test_fields_all_gives_the_visible_ones_only() -> None:
    org = an_org_with(DEAL, SEEN)
    a_deal(org)

    (row,) = columns(org, "SELECT FIELDS(ALL) FROM Deal__c LIMIT 1")

    custom = {name for name in row if name.endswith("__c")}
    assert custom == {"Budget__c", "Stage__c"}
    assert {"Id", "Name", "OwnerId", "CurrencyIsoCode", "SystemModstamp"} <= set(row)


def test_a_hidden_lookup_hides_the_way_to_its_parent_and_its_children() -> None:
    org = an_org_with({**DEAL, "Proposal__c": READ}, SEEN)

    with pytest.raises(OrgError, match="Didn't understand relationship 'Winner__r'"):
        org.query(ops_of(org), "SELECT Winner__r.Name FROM Deal__c")
    with pytest.raises(OrgError, match="Didn't understand relationship 'Parts__r'"):
        org.query(ops_of(org), "SELECT (SELECT Id FROM Parts__r) FROM Deal__c")


def test_reading_a_record_leaves_hidden_fields_out_and_refuses_them_by_name() -> None:
    org = an_org_with(DEAL, SEEN)
    deal = a_deal(org, Budget__c=5, External_Id__c="D-1")

    record = org.retrieve(ops_of(org), "Deal__c", deal)

    assert record["Budget__c"] == 5
    assert "External_Id__c" not in record
    with pytest.raises(OrgError, match="INVALID_FIELD: No such column 'External_Id__c'"):
        org.retrieve(ops_of(org), "Deal__c", deal, ["Id", "External_Id__c"])


def test_a_hidden_field_cannot_be_written() -> None:
    org = an_org_with(DEAL, SEEN)
    deal = a_deal(org)

    with refused(org, "INVALID_FIELD"):
        org.update(ops_of(org), "Deal__c", deal, {"External_Id__c": "D-1"})
    with refused(org, "INVALID_FIELD"):
        org.insert(ops_of(org), "Deal__c", {"Name": "Lamp", "AccountId__r": {"Name": "x"}})


def test_a_read_only_field_can_be_read_and_not_written() -> None:
    org = an_org_with(DEAL, SEEN)
    deal = a_deal(org, Budget__c=5)

    with refused(org, "INVALID_FIELD_FOR_INSERT_UPDATE") as refusal:
        org.update(ops_of(org), "Deal__c", deal, {"Budget__c": 6, "Stage__c": "Closed"})
    assert refusal.items[0].fields == ("Budget__c",)
    org.update(ops_of(org), "Deal__c", deal, {"Stage__c": "Closed"})
    assert columns(org, "SELECT Stage__c FROM Deal__c") == [{"Stage__c": "Closed"}]


def test_defaults_and_rules_work_on_fields_that_the_user_cannot_see() -> None:
    org = an_org_with(DEAL)

    deal = org.insert(ops_of(org), "Deal__c", {"Name": "Lamp"})

    assert org.retrieve(the_user(org), "Deal__c", deal)["Stage__c"] == "Open"


def test_required_fields_and_names_need_no_grant() -> None:
    org = an_org_with({**DEAL, "Proposal__c": WORK})
    a_proposal(org, a_deal(org))

    (row,) = columns(org, "SELECT Name, Deal__r.Name, Price__c FROM Proposal__c")

    assert row["Price__c"] == 120


def test_an_external_id_that_is_hidden_is_no_key() -> None:
    org = an_org_with(DEAL)
    deal = a_deal(org, External_Id__c="D-1")

    with refused(org, "NOT_FOUND"):
        org.upsert(ops_of(org), "Deal__c", "External_Id__c", "D-1", {"Name": "Desk"})
    assert org.retrieve(the_user(org), "Deal__c", deal)["Name"] == "Lamp"


def test_history_is_silent_about_hidden_fields() -> None:
    org = an_org_with({**DEAL, "Proposal__c": READ}, {"Proposal__c.Status__c": READ})
    proposal = a_proposal(org, a_deal(org))
    org.update(the_user(org), "Proposal__c", proposal, {"Status__c": "Won", "Note__c": "hush"})

    rows = columns(org, "SELECT Field FROM Proposal__History")

    assert {row["Field"] for row in rows} == {"created", "Status__c"}
    seen_by_admin = org.query(the_user(org), "SELECT Field FROM Proposal__History").records
    assert "Note__c" in {row["Field"] for row in seen_by_admin}


def test_a_standard_user_sees_all_standard_fields_and_no_custom_one() -> None:
    org = an_org_with()
    org.insert(the_user(org), "Account", {"Name": "Ada", "Phone": "1", "External_Id__c": "A"})

    assert columns(org, "SELECT Phone FROM Account") == [{"Phone": "1"}]
    with pytest.raises(OrgError, match="No such column 'External_Id__c'"):
        org.query(the_user(org, OPS), "SELECT External_Id__c FROM Account")


def test_view_all_fields_shows_every_field_and_opens_none() -> None:
    org = an_org_with({"Deal__c": WORK | {"viewAllFields"}})
    deal = a_deal(org, Budget__c=5)

    assert columns(org, "SELECT Budget__c FROM Deal__c") == [{"Budget__c": 5}]
    with refused(org, "INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.update(ops_of(org), "Deal__c", deal, {"Budget__c": 6})


def test_parts_of_an_address_share_the_grant_of_the_whole() -> None:
    org = an_org_with({"Account": READ}, {"Account.BillingAddress": READ})
    take_profile_of_ops(org)

    columns(org, "SELECT BillingCity, BillingStreet, BillingLatitude FROM Account")
    with pytest.raises(OrgError, match="ShippingCity"):
        columns(org, "SELECT ShippingCity FROM Account")


def test_the_halves_of_a_geolocation_share_the_grant_of_the_whole() -> None:
    schema = a_schema()
    for name in ("Here__Latitude__s", "There__Longitude__s"):
        half = Field(name, FieldType.NUMBER, precision=10, scale=7, custom=True)
        schema.objects["Deal__c"].add_field(half)
    org = an_org_with({"Deal__c": WORK}, {"Deal__c.Here__c": READ}, schema=schema)

    assert columns(org, "SELECT Here__Latitude__s FROM Deal__c") == []
    with pytest.raises(OrgError, match="No such column 'There__Longitude__s'"):
        columns(org, "SELECT There__Longitude__s FROM Deal__c")


def test_without_a_generous_profile_standard_fields_need_a_grant_too() -> None:
    org = an_org_with({"Account": WORK}, {"Account.Phone": READ})
    take_profile_of_ops(org)
    account = org.insert(ops_of(org), "Account", {"Name": "Ada"})

    assert columns(org, "SELECT Name, Phone, OwnerId FROM Account")[0]["Name"] == "Ada"
    with pytest.raises(OrgError, match="No such column 'Fax'"):
        columns(org, "SELECT Fax FROM Account")
    with refused(org, "INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.update(ops_of(org), "Account", account, {"Phone": "1"})


def take_profile_of_ops(org: Org) -> None:
    """Leave ops the permission set alone: their new profile grants nothing."""
    profile = {"Name": "Minimum Access - API Only Integrations"}
    org.update(the_user(org), "User", ops_of(org).user_id, {"Profile": profile})
