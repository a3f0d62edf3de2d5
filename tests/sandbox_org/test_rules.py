from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.org.org import Org, SchemaError
from sandbox.org.schema import Field, FieldType, ValidationRule
from tests.sandbox_org.builders import (
    LOADER,
    a_deal,
    a_deal_object,
    a_manufacturer,
    a_proposal,
    a_proposal_object,
    a_schema,
    an_org,
    read,
    refused,
    the_user,
)

CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def an_org_with(*rules: ValidationRule) -> Org:
    return an_org(a_schema(a_deal_object(rules=rules)))


def a_rule(formula: str, name: str = "Rule", **more: object) -> ValidationRule:
    return ValidationRule(name, formula, f"{name} says no.", **more)  # type: ignore[arg-type]


def test_all_failing_rules_are_reported_each_with_its_field() -> None:
    org = an_org_with(
        a_rule("Budget__c > 10", "Cheap", error_field="Budget__c"),
        a_rule("Budget__c > 1000", "Cheaper"),
        a_rule('Name = "Lamp"', "No_Lamps"),
    )

    with refused(org, CODE) as refusal:
        a_deal(org, Budget__c=500)

    assert [(i.code, i.message, i.fields) for i in refusal.items] == [
        (CODE, "Cheap says no.", ("Budget__c",)),
        (CODE, "No_Lamps says no.", ()),
    ]


def test_a_blank_result_lets_the_save_pass() -> None:
    org = an_org_with(a_rule("Due_On__c < TODAY()"))

    assert a_deal(org)
    assert a_deal(org, Due_On__c="2026-03-04")
    with refused(org, CODE):
        a_deal(org, Due_On__c="2026-03-03")


def test_an_inactive_rule_is_silent_and_may_even_be_broken() -> None:
    org = an_org_with(a_rule("TRUE", active=False), a_rule("NONSENSE(", "Old", active=False))

    assert a_deal(org)


def test_a_rule_whose_formula_fails_refuses_the_save_and_is_named() -> None:
    org = an_org_with(a_rule("1 / Budget__c > 1", "Ratio"))

    with refused(org, CODE) as refusal:
        a_deal(org, Budget__c=0)

    assert 'The formula in the "Ratio" validation rule failed' in refusal.items[0].message
    assert a_deal(org, Budget__c=2)


def test_is_new_and_is_changed_tell_an_insert_from_an_update() -> None:
    org = an_org_with(
        a_rule('AND(ISNEW(), Name = "Desk")', "New_Desk"),
        a_rule("ISCHANGED(Budget__c)", "Budget_Stays"),
    )
    admin = the_user(org)
    deal = a_deal(org, Budget__c=5)

    org.update(admin, "Deal__c", deal, {"Name": "Desk", "Budget__c": 5})
    with refused(org, CODE) as refusal:
        org.update(admin, "Deal__c", deal, {"Budget__c": 6})
    assert [item.message for item in refusal.items] == ["Budget_Stays says no."]
    with refused(org, CODE) as refusal:
        a_deal(org, Name="Desk")
    assert [item.message for item in refusal.items] == ["New_Desk says no."]


def test_prior_value_is_the_value_before_the_save() -> None:
    closed = 'AND(ISPICKVAL(PRIORVALUE(Stage__c), "Closed"), NOT(ISPICKVAL(Stage__c, "Closed")))'
    org = an_org_with(a_rule(closed, "Closed_For_Good"))
    admin = the_user(org)
    deal = a_deal(org)

    org.update(admin, "Deal__c", deal, {"Stage__c": "Closed"})
    with refused(org, CODE):
        org.update(admin, "Deal__c", deal, {"Stage__c": "Open"})


def test_rules_read_parents_through_lookups() -> None:
    rules = [
        a_rule("Price__c > Deal__r.Budget__c", "Too_Dear"),
        a_rule('Deal__r.Account__r.Name = "Barred"', "Barred"),
        a_rule('Deal__r.Account__r.RecordType.DeveloperName = "Hardware_Designer"', "Kind"),
    ]
    org = an_org(a_schema(proposal=a_proposal_object(rules=rules)))
    barred = a_manufacturer(org, "Barred")
    poor, free = a_deal(org, Budget__c=100), a_deal(org, AccountId__c=barred)

    with refused(org, CODE) as refusal:
        a_proposal(org, poor, Price__c="100.01")
    assert [item.message for item in refusal.items] == ["Too_Dear says no."]
    with refused(org, CODE) as refusal:
        a_proposal(org, free)
    assert [item.message for item in refusal.items] == ["Barred says no."]
    assert a_proposal(org, poor, Price__c="100.00")


def test_rules_know_the_running_user_and_the_organisation() -> None:
    org = an_org_with(
        a_rule('$User.Alias = "ops"', "User"),
        a_rule('AND($Profile.Name = "System Administrator", Name = "Desk")', "Profile"),
        a_rule('AND($Organization.Name = "Manufaktura", Name = "Chair")', "Organization"),
        a_rule("OwnerId <> $User.Id", "Owner"),
        a_rule('AND(Owner:User.Alias = "admin", Name = "Bench")', "Owner_Alias"),
        a_rule('AND(CreatedBy.Alias = "admin", Name = "Stool")', "Creator"),
    )
    admin = the_user(org)
    refusals = {}
    for name in ("Desk", "Chair", "Bench"):
        with refused(org, CODE) as refusal:
            a_deal(org, Name=name)
        refusals[name] = [item.message for item in refusal.items]
    with refused(org, CODE) as by_ops:
        org.insert(the_user(org, "ops@manufaktura.example"), "Deal__c", {"Name": "Lamp"})
    with refused(org, CODE) as for_ops:
        a_deal(org, Owner={"Username": "ops@manufaktura.example"})

    assert refusals == {
        "Desk": ["Profile says no."],
        "Chair": ["Organization says no."],
        "Bench": ["Owner_Alias says no."],
    }
    assert [item.message for item in by_ops.items] == ["User says no."]
    assert [item.message for item in for_ops.items] == ["Owner says no."]
    stool = a_deal(org, Name="Stool")  # on insert nobody has created the record yet
    with refused(org, CODE):
        org.update(admin, "Deal__c", stool, {"Budget__c": 1})


def test_a_custom_permission_bypasses_the_rule_that_asks_for_it() -> None:
    org = an_org_with(a_rule("AND(Budget__c > 10, NOT($Permission.Bypass))"))

    with refused(org, CODE):
        org.insert(the_user(org), "Deal__c", {"Name": "Lamp", "Budget__c": 11})
    assert org.insert(the_user(org, LOADER), "Deal__c", {"Name": "Lamp", "Budget__c": 11})


def test_today_is_the_running_users_day() -> None:
    org = an_org_with(a_rule("Due_On__c < TODAY()"))
    admin = the_user(org)
    # 23:30 UTC is already tomorrow in Warsaw, and still today in London.
    org.clock.set(datetime(2026, 3, 4, 23, 30, tzinfo=UTC), frozen=True)

    with refused(org, CODE):
        a_deal(org, Due_On__c="2026-03-04")

    org.update(admin, "User", admin.user_id, {"TimeZoneSidKey": "Europe/London"})
    assert a_deal(org, Due_On__c="2026-03-04")


def test_rules_read_formula_fields_with_their_own_treatment_of_blanks() -> None:
    double = Field("Double__c", FieldType.CURRENCY, precision=18, scale=2, formula="Budget__c * 2")
    kept = Field(
        "Kept__c",
        FieldType.CURRENCY,
        precision=18,
        scale=2,
        formula="Budget__c * 2",
        blanks_as_zero=False,
    )
    rules = [a_rule("Double__c = 0", "Zero"), a_rule("Kept__c = 0", "Blank")]
    org = an_org(a_schema(a_deal_object(double, kept, rules=rules)))

    with refused(org, CODE) as refusal:
        a_deal(org)

    assert [item.message for item in refusal.items] == ["Zero says no."]


def test_a_broken_formula_stops_the_org_from_starting_and_names_every_place() -> None:
    broken = Field("Odd__c", FieldType.NUMBER, formula="Colour__c + 1")
    bad_default = Field("Start__c", FieldType.DATE, default="TODAYS()")
    deal = a_deal_object(broken, bad_default, rules=[a_rule("AND(", "Half")])

    with pytest.raises(SchemaError) as refusal:
        an_org(a_schema(deal))

    for place in ("Deal__c rule Half", "Deal__c.Odd__c", "Deal__c.Start__c"):
        assert place in str(refusal.value)


def test_a_formula_field_is_computed_when_read_and_blank_when_it_fails() -> None:
    fields = [
        Field("Ratio__c", FieldType.NUMBER, precision=18, scale=3, formula="1 / Budget__c"),
        Field("Share__c", FieldType.PERCENT, precision=5, scale=1, formula="0.125"),
        Field("Big__c", FieldType.CHECKBOX, formula="Budget__c > 100"),
        Field("Buyer__c", FieldType.TEXT, formula="Account__r.Name & TEXT(Stage__c)"),
    ]
    org = an_org(a_schema(a_deal_object(*fields)))
    account = a_manufacturer(org, "Bench & Co ")
    names = [field.name for field in fields]

    deal = a_deal(org, Budget__c=8, AccountId__c=account)
    empty = a_deal(org, Budget__c=0, Stage__c=None)

    assert {n: str(v) for n, v in read(org, deal, *names).items()} == {
        "Ratio__c": "0.125",
        "Share__c": "12.5",
        "Big__c": "False",
        "Buyer__c": "Bench & Co Open",
    }
    assert read(org, empty, "Ratio__c", "Buyer__c") == {"Ratio__c": None, "Buyer__c": None}
    assert org.formula_value(the_user(org), "Deal__c", "Big__c", deal) is False


def test_a_checkbox_of_a_missing_parent_is_unchecked() -> None:
    rush = Field("Rush__c", FieldType.CHECKBOX, default="false")
    org = an_org(a_schema(a_deal_object(rush, rules=[a_rule("NOT(Parent__r.Rush__c)")])))

    with refused(org, CODE):
        a_deal(org)
