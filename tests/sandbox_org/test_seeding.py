from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sandbox.org.org import Org
from sandbox.org.schema import Field, FieldType, ValidationRule
from tests.sandbox_org.builders import (
    LOADER,
    NOW,
    a_deal,
    a_deal_object,
    a_proposal_object,
    a_schema,
    an_org,
    read,
    refused,
    the_user,
)


def a_record(kind: str, reference: str, **values: object) -> dict[str, object]:
    return {"attributes": {"type": kind, "referenceId": reference}, **values}


def test_records_refer_to_each_other_in_any_order(org: Org) -> None:
    plan = [
        a_record("Proposal__c", "p1", Deal__c="@d1", Price__c=10, Manufacturer__c="@m1"),
        a_record("Deal__c", "d1", Name="Lamp", Winner__c="@p1"),
        a_record("Account", "m1", Name="Fabryka", RecordType={"DeveloperName": "Manufacturer"}),
    ]

    ids = org.seed({"records": plan})

    assert set(ids) == {"p1", "d1", "m1"}
    assert read(org, ids["p1"], "Deal__c", "Manufacturer__c", "Name") == {
        "Deal__c": ids["d1"],
        "Manufacturer__c": ids["m1"],
        "Name": "OP-0000000001",
    }
    assert read(org, ids["d1"], "Winner__c") == {"Winner__c": ids["p1"]}


def test_children_may_be_nested_as_the_cli_exports_them(org: Org) -> None:
    export = {
        "records": [
            {
                "attributes": {"type": "Deal__c", "referenceId": "d1"},
                "Name": "Lamp",
                "Proposals__r": {
                    "records": [
                        a_record("Proposal__c", "p1", Price__c=10),
                        a_record("Proposal__c", "p2", Price__c=20),
                    ]
                },
                "Parts__r": {"records": [a_record("Deal__c", "part", Name="Bulb")]},
            }
        ]
    }

    ids = org.seed(export)

    assert [read(org, ids[r], "Deal__c")["Deal__c"] for r in ("p1", "p2")] == [ids["d1"]] * 2
    assert read(org, ids["part"], "Parent__c") == {"Parent__c": ids["d1"]}


def test_a_list_of_plans_shares_its_references(org: Org) -> None:
    ids = org.seed(
        [
            {"sobject": "Deal__c", "records": [{"Name": "Lamp", "External_Id__c": "D-1"}]},
            {"sobject": "Proposal__c", "records": [{"Deal__c": "@Deal__c1", "Price__c": 1}]},
            {
                "records": [
                    a_record("Proposal__c", "p", Deal__r={"External_Id__c": "D-1"}, Price__c=2)
                ]
            },
        ]
    )

    assert set(ids) == {"Deal__c1", "Proposal__c1", "p"}
    assert read(org, ids["p"], "Deal__c") == {"Deal__c": ids["Deal__c1"]}
    assert read(org, ids["Proposal__c1"], "Deal__c") == {"Deal__c": ids["Deal__c1"]}


def test_defaults_numbers_stamps_and_history_are_those_of_a_normal_insert(org: Org) -> None:
    ids = org.seed(
        {
            "records": [
                a_record("Deal__c", "d", Name="Lamp"),
                a_record("Proposal__c", "p", Deal__c="@d", Price__c="12.50"),
            ]
        }
    )

    found = read(org, ids["p"])
    assert found["Status__c"] == "Submitted"
    assert found["Submitted_At__c"] == found["CreatedDate"] == found["SystemModstamp"] == NOW
    assert found["CreatedById"] == found["OwnerId"] == the_user(org, LOADER).user_id
    assert found["Price__c"] == Decimal("12.50")
    (row,) = org.store.tables["Proposal__History"].all()
    assert (row["ParentId"], row["Field"]) == (ids["p"], "created")


def test_audit_fields_can_be_set(org: Org) -> None:
    admin = the_user(org)
    ids = org.seed(
        {
            "records": [
                a_record(
                    "Deal__c",
                    "d",
                    Name="Lamp",
                    CreatedDate="2025-01-01T08:00:00Z",
                    LastModifiedDate="2025-01-02T08:00:00Z",
                    SystemModstamp="2025-01-03T08:00:00Z",
                    CreatedById=admin.user_id[:15],
                ),
                a_record("Deal__c", "gone", Name="Desk", IsDeleted=True),
            ]
        }
    )

    found = read(org, ids["d"])
    assert found["CreatedDate"] == datetime(2025, 1, 1, 8, tzinfo=UTC)
    assert found["LastModifiedDate"] == datetime(2025, 1, 2, 8, tzinfo=UTC)
    assert found["SystemModstamp"] == datetime(2025, 1, 3, 8, tzinfo=UTC)
    assert found["CreatedById"] == admin.user_id
    gone = org.store.row(ids["gone"])
    assert gone is not None
    assert gone["IsDeleted"] is True


def test_an_at_sign_in_a_text_is_just_text(org: Org) -> None:
    ids = org.seed({"records": [a_record("Deal__c", "d", Name="@d")]})

    assert read(org, ids["d"], "Name") == {"Name": "@d"}


def test_one_bad_record_undoes_the_whole_plan_and_is_named(org: Org) -> None:
    plan = [a_record("Deal__c", "good", Name="Lamp"), a_record("Deal__c", "bad", Budget__c=1)]

    with refused(org, "REQUIRED_FIELD_MISSING") as refusal:
        org.seed({"records": plan})

    assert refusal.items[0].message == ("record bad (Deal__c): Required fields are missing: [Name]")


def test_duplicates_within_one_plan_are_found(org: Org) -> None:
    plan = [a_record("Deal__c", r, Name="Lamp", External_Id__c="D-1") for r in ("a", "b")]

    with refused(org, "DUPLICATE_VALUE"):
        org.seed({"records": plan})


def test_lookup_filters_hold_within_a_plan(org: Org) -> None:
    plan = [
        a_record("Deal__c", "d1", Name="Lamp", Winner__c="@p2"),
        a_record("Deal__c", "d2", Name="Desk"),
        a_record("Proposal__c", "p2", Deal__c="@d2", Price__c=1),
    ]

    with refused(org, "FIELD_FILTER_VALIDATION_EXCEPTION") as refusal:
        org.seed({"records": plan})

    assert refusal.items[0].message.startswith("record d1 (Deal__c): ")


def an_org_with_a_bypassable_rule() -> Org:
    rule = ValidationRule("No", "NOT($Permission.Bypass)", "Not by daily work.")
    return an_org(a_schema(a_deal_object(rules=[rule])))


def test_seeding_runs_as_the_loader_unless_the_plan_names_somebody() -> None:
    org = an_org_with_a_bypassable_rule()
    plan = {"records": [a_record("Deal__c", "d", Name="Lamp")]}

    with refused(org, "FIELD_CUSTOM_VALIDATION_EXCEPTION"):
        org.seed({**plan, "as": "ops@manufaktura.example"})
    ids = org.seed(plan)

    assert read(org, ids["d"], "CreatedById") == {"CreatedById": the_user(org, LOADER).user_id}


def test_without_checks_a_row_may_break_every_rule() -> None:
    org = an_org_with_a_bypassable_rule()
    deal = a_record("Deal__c", "d", Stage__c=None)
    proposal = a_record("Proposal__c", "p", Deal__c="@d", Price__c=None, Status__c="Odd")

    ids = org.seed({"records": [deal, proposal], "as": "ops@manufaktura.example", "checks": False})

    assert read(org, ids["d"], "Name", "Stage__c") == {"Name": None, "Stage__c": None}
    assert read(org, ids["p"], "Price__c", "Status__c") == {"Price__c": None, "Status__c": "Odd"}


BAD_PLANS = [
    ("no object", "records", "JSON_PARSER_ERROR"),
    ("no list of records", {"records": {}}, "JSON_PARSER_ERROR"),
    ("a record that is no object", {"records": ["Deal__c"]}, "JSON_PARSER_ERROR"),
    ("no type", {"records": [{"Name": "Lamp"}]}, "INVALID_TYPE"),
    ("an unknown type", {"records": [a_record("Offer__c", "o")]}, "INVALID_TYPE"),
    (
        "an unknown reference",
        {"records": [a_record("Proposal__c", "p", Deal__c="@d", Price__c=1)]},
        "INVALID_CROSS_REFERENCE_KEY",
    ),
    (
        "a reference given twice",
        {"records": [a_record("Deal__c", "d", Name="A"), a_record("Deal__c", "d", Name="B")]},
        "DUPLICATE_VALUE",
    ),
    ("an unknown user", {"records": [], "as": "nobody@example.com"}, "NOT_FOUND"),
    (
        "an unknown child relationship",
        {"records": [a_record("Deal__c", "d", Name="A", Offers__r={"records": []})]},
        "INVALID_FIELD",
    ),
    (
        "a read-only field",
        {"records": [a_record("Deal__c", "d", Name="A", Id="a00000000000001")]},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
    ),
]


@pytest.mark.parametrize(("_case", "plan", "code"), BAD_PLANS, ids=[p[0] for p in BAD_PLANS])
def test_a_plan_that_makes_no_sense_is_refused(
    org: Org, _case: str, plan: object, code: str
) -> None:
    a_deal(org)

    with refused(org, code):
        org.seed(plan)


def test_seeded_users_act_at_once(org: Org) -> None:
    ops = the_user(org, "ops@manufaktura.example")
    link = a_record(
        "PermissionSetAssignment",
        "link",
        AssigneeId=ops.user_id,
        PermissionSet={"Name": "Data_Load_Admin"},
    )

    org.seed({"records": [link]})

    assert org.actor(ops.user_id).permissions == {"Bypass"}


def test_rules_see_parents_that_stand_later_in_the_plan() -> None:
    title = Field("Title__c", FieldType.TEXT, length=80, default="Deal__r.Name")
    rule = ValidationRule("Lamp", 'Deal__r.Name = "Lamp"', "No lamps.")
    org = an_org(a_schema(proposal=a_proposal_object(title, rules=[rule])))
    proposal = a_record("Proposal__c", "p", Deal__c="@d", Price__c=1)

    with refused(org, "FIELD_CUSTOM_VALIDATION_EXCEPTION"):
        org.seed({"records": [proposal, a_record("Deal__c", "d", Name="Lamp")]})
    assert org.seed({"records": [proposal, a_record("Deal__c", "d", Name="Desk")]})


def test_deleted_rows_are_history_and_need_not_fit_the_rules_of_today(org: Org) -> None:
    deal = a_record("Deal__c", "live", Name="Lamp", External_Id__c="D-1")
    gone = a_record("Deal__c", "gone", IsDeleted=True, External_Id__c="D-1")

    ids = org.seed({"records": [deal, gone]})

    assert set(ids) == {"live", "gone"}
