from __future__ import annotations

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.formula_library import SchemaError
from sandbox.org.org import Actor, Org
from sandbox.org.schema import Field, FieldType, FilterItem, LookupFilter, ValidationRule
from tests.sandbox_org.builders import (
    OPS,
    a_deal,
    a_deal_object,
    a_lookup,
    a_manufacturer,
    a_proposal,
    a_schema,
    an_org,
    read,
    refused,
    the_user,
)

CODE = "FIELD_FILTER_VALIDATION_EXCEPTION"


def a_designer(org: Org) -> str:
    values = {"Name": "HD", "RecordType": {"DeveloperName": "Hardware_Designer"}}
    return org.insert(the_user(org), "Account", values)


def test_a_lookup_takes_a_record_of_the_right_record_type(org: Org) -> None:
    manufacturer = a_manufacturer(org)

    proposal = a_proposal(org, a_deal(org), Manufacturer__c=manufacturer)

    assert read(org, proposal, "Manufacturer__c") == {"Manufacturer__c": manufacturer}


def test_a_lookup_refuses_a_record_of_another_record_type(org: Org) -> None:
    deal, designer = a_deal(org), a_designer(org)

    with refused(org, CODE) as refusal:
        a_proposal(org, deal, Manufacturer__c=designer)

    (item,) = refusal.items
    assert item.message == "Choose a manufacturer."
    assert item.fields == ("Manufacturer__c",)


def test_a_lookup_refuses_a_record_without_a_record_type(org: Org, admin: Actor) -> None:
    deal, account = a_deal(org), org.insert(admin, "Account", {"Name": "Neither"})

    with refused(org, CODE):
        a_proposal(org, deal, Manufacturer__c=account)


def test_a_winner_must_be_a_proposal_of_the_same_deal(org: Org, admin: Actor) -> None:
    deal, other = a_deal(org), a_deal(org)
    own, foreign = a_proposal(org, deal), a_proposal(org, other)

    org.update(admin, "Deal__c", deal, {"Winner__c": own})
    with refused(org, CODE) as refusal:
        org.update(admin, "Deal__c", deal, {"Winner__c": foreign})

    assert refusal.items[0].message == "The winner must be a live proposal of this deal."
    assert read(org, deal, "Winner__c") == {"Winner__c": own}


def test_a_new_record_has_no_id_yet_so_nothing_can_be_its_own(org: Org) -> None:
    proposal = a_proposal(org, a_deal(org))

    with refused(org, CODE):
        a_deal(org, Winner__c=proposal)


def test_one_of_the_listed_values_is_enough_and_letter_case_counts(org: Org, admin: Actor) -> None:
    deal = a_deal(org)
    won = a_proposal(org, deal, Status__c="Won")
    withdrawn = a_proposal(org, deal, Status__c="Withdrawn")

    org.update(admin, "Deal__c", deal, {"Winner__c": won})
    with refused(org, CODE):
        org.update(admin, "Deal__c", deal, {"Winner__c": withdrawn})


def test_a_stored_value_that_no_longer_fits_blocks_the_next_edit(org: Org, admin: Actor) -> None:
    deal = {"attributes": {"type": "Deal__c", "referenceId": "d"}, "Name": "Lamp"}
    foreign = a_proposal(org, a_deal(org))
    ids = org.seed({"records": [{**deal, "Winner__c": foreign}], "checks": False})

    with refused(org, CODE):
        org.update(admin, "Deal__c", ids["d"], {"Name": "Desk"})

    org.update(admin, "Deal__c", ids["d"], {"Name": "Desk", "Winner__c": None})
    assert read(org, ids["d"], "Name") == {"Name": "Desk"}


def test_a_save_that_would_break_the_filter_of_another_record_is_refused(
    org: Org, admin: Actor
) -> None:
    deal = a_deal(org)
    winner = a_proposal(org, deal)
    org.update(admin, "Deal__c", deal, {"Winner__c": winner})

    with refused(org, CODE) as refusal:
        org.update(admin, "Proposal__c", winner, {"Status__c": "Withdrawn"})
    assert refusal.items[0].message == (
        "The winner must be a live proposal of this deal. (Deal Lamp, Winner)"
    )
    assert refusal.items[0].fields == ("Status__c",)

    org.update(admin, "Proposal__c", winner, {"Status__c": "Won", "Price__c": 5})
    org.update(admin, "Deal__c", deal, {"Winner__c": None})
    org.update(admin, "Proposal__c", winner, {"Status__c": "Withdrawn"})


def test_an_account_in_use_keeps_its_record_type(org: Org, admin: Actor) -> None:
    manufacturer = a_manufacturer(org)
    proposal = a_proposal(org, a_deal(org), Manufacturer__c=manufacturer)
    change = {"RecordType": {"DeveloperName": "Hardware_Designer"}}

    with refused(org, CODE):
        org.update(admin, "Account", manufacturer, change)

    org.delete(admin, "Proposal__c", proposal)
    org.update(admin, "Account", manufacturer, change)


def test_a_record_that_was_broken_before_may_still_be_edited(org: Org, admin: Actor) -> None:
    foreign = a_proposal(org, a_deal(org))
    row = {"attributes": {"type": "Deal__c"}, "Name": "Lamp", "Winner__c": foreign}
    org.seed({"records": [row], "checks": False})

    org.update(admin, "Proposal__c", foreign, {"Status__c": "Withdrawn"})

    assert read(org, foreign, "Status__c") == {"Status__c": "Withdrawn"}


def test_filters_refuse_before_validation_rules_run() -> None:
    never = ValidationRule("Never", "NOT(ISNEW())", "Never.")
    org = an_org(a_schema(a_deal_object(rules=[never])))
    deal, foreign = a_deal(org), a_proposal(org, a_deal(org))

    with refused(org, CODE) as refusal:
        org.update(the_user(org), "Deal__c", deal, {"Winner__c": foreign})

    assert refusal.codes == [CODE]


def an_org_with_filter(lookup_filter: LookupFilter) -> Org:
    """A deal whose Partner__c lookup to Account has that filter."""
    partner = a_lookup("Partner__c", "Account", "Partner__r", lookup_filter=lookup_filter)
    return an_org(a_schema(a_deal_object(partner)))


def accepts(org: Org, deal: dict[str, object], account: dict[str, object]) -> bool:
    """Whether the filter lets a deal have such a partner; every other refusal fails the test."""
    partner = org.insert(the_user(org), "Account", {"Name": "Partner", **account})
    codes: list[str] = []
    try:
        a_deal(org, Partner__c=partner, **deal)
    except OrgError as error:
        codes = [item.code for item in error.items]
    assert codes in ([], [CODE])
    return not codes


ITEMS = [
    ("equals", FilterItem("Account.Name", "equals", "Partner"), True),
    ("letter case", FilterItem("Account.Name", "equals", "partner"), False),
    ("not equal", FilterItem("Account.Name", "notEqual", "A, Partner"), False),
    ("contains", FilterItem("Account.Name", "contains", "art, zzz"), True),
    ("does not contain", FilterItem("Account.Name", "notContain", "art"), False),
    ("starts with", FilterItem("Account.Name", "startsWith", "Part"), True),
    ("a number", FilterItem("Account.NumberOfEmployees", "greaterOrEqual", "10"), True),
    ("less than", FilterItem("Account.NumberOfEmployees", "lessThan", "10"), False),
    ("a blank is never less", FilterItem("Account.AnnualRevenue", "lessThan", "10"), False),
    ("blank wanted", FilterItem("Account.Site", "equals", ""), True),
    ("no value at all", FilterItem("Account.Site", "equals", None), True),
    ("blank not wanted", FilterItem("Account.Site", "notEqual", ""), False),
    (
        "the other way round",
        FilterItem("$Source.Name", "equals", value_field="Account.Name"),
        False,
    ),
    ("a parent of it", FilterItem("Account.Owner.Alias", "equals", "admin"), True),
    ("the running user", FilterItem("$User.Alias", "equals", value="admin"), True),
    ("against the user", FilterItem("Account.OwnerId", "equals", value_field="$User.Id"), True),
    ("on the source", FilterItem("$Source.Budget__c", "greaterThan", "99.99"), True),
]


@pytest.mark.parametrize(("_case", "item", "expected"), ITEMS, ids=[i[0] for i in ITEMS])
def test_every_kind_of_condition(_case: str, item: FilterItem, expected: bool) -> None:
    org = an_org_with_filter(LookupFilter((item,)))

    assert accepts(org, {"Budget__c": 100}, {"NumberOfEmployees": 10}) is expected


def test_the_default_message_is_salesforces() -> None:
    org = an_org_with_filter(LookupFilter((FilterItem("Account.Name", "equals", "X"),)))
    account = org.insert(the_user(org), "Account", {"Name": "Y"})

    with refused(org, CODE) as refusal:
        a_deal(org, Partner__c=account)

    assert refusal.items[0].message == ("Value does not exist or does not match filter criteria.")


def test_the_logic_line_combines_conditions() -> None:
    items = (
        FilterItem("Account.Name", "equals", "Partner"),
        FilterItem("Account.Site", "equals", "Gdynia"),
        FilterItem("Account.Site", "equals", "Sopot"),
    )
    org = an_org_with_filter(LookupFilter(items, boolean_filter="1 AND (2 OR 3)"))

    assert accepts(org, {}, {"Site": "Sopot"})
    assert not accepts(org, {}, {"Site": "Warszawa"})


@pytest.mark.parametrize(
    "kind",
    [
        LookupFilter((FilterItem("Account.Name", "equals", "X"),), is_optional=True),
        LookupFilter((FilterItem("Account.Name", "equals", "X"),), active=False),
    ],
)
def test_optional_and_inactive_filters_block_nothing(kind: LookupFilter) -> None:
    assert accepts(an_org_with_filter(kind), {}, {})


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (FilterItem("Account.Colour", "equals", "red"), "Account.Colour"),
        (FilterItem("Contact.Name", "equals", "red"), "Contact.Name"),
        (FilterItem("Account.Name", "within", "5"), "within"),
        (FilterItem("Account.NumberOfEmployees", "equals", "many"), "many"),
    ],
)
def test_a_filter_that_cannot_work_stops_the_org_from_starting(
    item: FilterItem, named: str
) -> None:
    with pytest.raises(SchemaError, match=f"lookup filter of Deal__c.Partner__c: .*{named}"):
        an_org_with_filter(LookupFilter((item,)))


def test_a_filter_reads_formula_fields() -> None:
    formula = Field("Big__c", FieldType.CHECKBOX, formula="NumberOfEmployees > 9")
    schema = a_schema(
        a_deal_object(
            a_lookup(
                "Partner__c",
                "Account",
                "Partner__r",
                lookup_filter=LookupFilter((FilterItem("Account.Big__c", "equals", "True"),)),
            )
        )
    )
    schema.objects["Account"].add_field(formula)
    org = an_org(schema)

    assert accepts(org, {}, {"NumberOfEmployees": 10})
    assert not accepts(org, {}, {"NumberOfEmployees": 9})


def test_filters_hold_for_everybody(org: Org) -> None:
    deal, designer = a_deal(org), a_designer(org)

    with refused(org, CODE):
        org.insert(
            the_user(org, OPS),
            "Proposal__c",
            {"Deal__c": deal, "Price__c": 1, "Manufacturer__c": designer},
        )
