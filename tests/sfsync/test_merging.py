"""Three ways, field by field: nobody's change is lost without a word."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfsync.imports import (
    account_values,
    order_values,
    proposal_values,
)
from sfsync.mapping import BY_SOBJECT
from sfsync.merging import POLICIES, Outcome, Policy, are_same, find_policy, merge
from sfsync.mirroring import mirrored_values, unmirrored

FIELDS = ("Name", "Description", "Budget__c", "Deposit_Required__c", "Status")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.decimals("-2", "2", places=1),
    st.sampled_from(["", "a", " a ", "b", "NA", "null", "2026-05-04T12:00:00.000+0000"]),
)
VALUES = st.dictionaries(st.sampled_from(FIELDS), SCALARS)
WHOLE = st.fixed_dictionaries(dict.fromkeys(FIELDS, SCALARS))


def after(theirs: dict[str, Any], ours: dict[str, Any], send: tuple[str, ...]) -> dict[str, Any]:
    """The record when the merged change has arrived."""
    return {**theirs, **{name: ours[name] for name in send}}


@given(base=VALUES, ours=VALUES, theirs=WHOLE)
def test_every_field_is_theirs_or_unchanged_by_them_or_a_listed_clash(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    merged = merge("Order", base, ours, theirs)

    result = after(theirs, ours, merged.send)
    listed = {clash.field for clash in merged.clashes}
    for name in FIELDS:
        is_theirs = are_same(result[name], theirs[name])
        nobody_else_changed = name in base and are_same(base[name], theirs[name])
        assert is_theirs or nobody_else_changed or name in listed


@given(base=VALUES, ours=VALUES, theirs=WHOLE)
def test_a_change_of_ours_arrives_or_is_listed_unless_it_was_no_change(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    merged = merge("Order", base, ours, theirs)

    result = after(theirs, ours, merged.send)
    listed = {clash.field for clash in merged.clashes}
    for name, wanted in ours.items():
        was_no_change = name in base and are_same(base[name], wanted)
        only_at_creation = name not in base and name == "Status"
        assert are_same(result[name], wanted) or name in listed or was_no_change or only_at_creation


@given(base=VALUES, ours=VALUES, theirs=WHOLE)
def test_a_second_merge_sends_nothing_again(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    merged = merge("Order", base, ours, theirs)

    again = merge("Order", base, ours, after(theirs, ours, merged.send))

    assert again.send == ()
    assert {clash.field for clash in again.clashes} <= {clash.field for clash in merged.clashes}


@given(ours=VALUES, theirs=WHOLE)
def test_what_the_record_holds_already_is_never_sent(
    ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    merged = merge("Order", {}, ours, {**theirs, **ours})

    assert (merged.send, merged.clashes) == ((), ())


def test_edits_of_different_fields_both_stand() -> None:
    merged = merge(
        "Order",
        {"Name": "Lamp", "Description": "old"},
        {"Name": "Lamp", "Description": "new"},
        {"Name": "Desk lamp", "Description": "old"},
    )

    assert (merged.send, merged.clashes) == (("Description",), ())


@pytest.mark.parametrize(
    ("sobject", "field", "values", "policy", "outcome"),
    [
        ("Order", "Name", ("a", "b", "c"), Policy.THEIRS, Outcome.THEIRS),
        ("Account", "Payout_Account__c", ("a", "b", "c"), Policy.OURS, Outcome.OURS),
        ("Order", "Budget__c", (1, 2, 3), Policy.ASK, Outcome.OPEN),
        ("Order_Proposal__c", "Lead_Time_Days__c", (1, 5, 3), Policy.LARGER, Outcome.OURS),
        ("Order_Proposal__c", "Lead_Time_Days__c", (1, 3, 5), Policy.LARGER, Outcome.THEIRS),
        ("Order_Proposal__c", "Lead_Time_Days__c", (1, 3, None), Policy.LARGER, Outcome.OURS),
        ("Order_Proposal__c", "Lead_Time_Days__c", (1, None, 5), Policy.LARGER, Outcome.THEIRS),
        ("Order_Proposal__c", "Lead_Time_Days__c", (1, "x", 5), Policy.LARGER, Outcome.OPEN),
    ],
)
def test_a_clash_is_decided_by_the_policy_of_its_field(
    sobject: str, field: str, values: tuple[Any, Any, Any], policy: Policy, outcome: Outcome
) -> None:
    base, ours, theirs = values

    merged = merge(sobject, {field: base}, {field: ours}, {field: theirs})

    (clash,) = merged.clashes
    assert (clash.base, clash.ours, clash.theirs) == values
    assert (clash.policy, clash.outcome) == (policy, outcome)
    assert merged.send == ((field,) if outcome is Outcome.OURS else ())


def test_without_a_base_any_other_value_is_a_persons() -> None:
    merged = merge("Order", {}, {"Name": "ours"}, {"Name": "theirs"})

    assert merged.send == ()
    assert [clash.outcome for clash in merged.clashes] == [Outcome.THEIRS]


def test_a_status_that_only_the_creation_sets_is_no_clash_later() -> None:
    merged = merge("Order", {}, {"Status": "PENDING VALIDATION"}, {"Status": "CANCELLED"})

    assert (merged.send, merged.clashes) == ((), ())


def test_a_status_that_was_changed_on_purpose_clashes_like_any_field() -> None:
    values = {"Status": "IN PRODUCTION"}

    merged = merge("Order", {"Status": "DISPUTED"}, values, {"Status": "CANCELLED"})

    assert [clash.field for clash in merged.clashes] == ["Status"]


def test_every_policy_speaks_of_a_field_that_exists() -> None:
    for sobject, field in POLICIES:
        assert field in BY_SOBJECT[sobject].paths
    assert find_policy("Order", "Name") is Policy.THEIRS


def test_everything_that_an_import_sends_is_mirrored() -> None:
    sent = {
        "Account": account_values("Ada", "Manufacturer", "PL"),
        "Order": order_values(
            account="HD-1",
            title="Lamp",
            effective_on=None,  # type: ignore[arg-type]
            budget=Decimal(1),
            currency="EUR",
            channel=None,
            deposit_required=False,
            description=None,
        ),
        "Order_Proposal__c": proposal_values(
            order="O-1",
            manufacturer="MS-1",
            price=Decimal(1),
            currency="EUR",
            lead_time_days=1,
            submitted_at=object(),  # type: ignore[arg-type]
            valid_until=None,
            description=None,
        ),
    }

    assert {name: unmirrored(name, values) for name, values in sent.items()} == {
        "Account": [],
        "Order": [],
        "Order_Proposal__c": [],
    }


def test_a_row_is_spelled_as_it_is_written() -> None:
    row = {"account_id": "001A", "record_type": "Manufacturer", "rating": Decimal("4.50")}

    order = mirrored_values("Order", row, {"Account": {"External_Id__c": "HD-1"}})
    account = mirrored_values(
        "Account", row, {"RecordType": {"DeveloperName": "x"}, "Rating__c": 1, "Unknown__c": 1}
    )

    assert order == {"Account": "001A"}
    assert account == {"RecordType": {"DeveloperName": "Manufacturer"}, "Rating__c": Decimal("4.5")}
    assert unmirrored("Account", {"Unknown__c": 1, "Name": "x"}) == ["Unknown__c"]
