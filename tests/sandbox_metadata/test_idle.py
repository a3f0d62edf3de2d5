from __future__ import annotations

from sandbox.metadata.builder import IDLE_ELEMENTS
from sandbox.metadata.idle import ELEMENT_REASONS, REASONS, group_idle, list_idle
from sandbox.metadata.kinds import KINDS


def test_every_kind_without_an_effect_has_a_reason() -> None:
    assert {kind.root for kind in KINDS.values() if not kind.has_effect} <= set(REASONS)


def test_what_has_no_effect_is_listed_by_name_one_line_per_kind_and_reason() -> None:
    entries = [
        "Layout Order-Order: Layout",
        "Flow Order_Checked",
        "PermissionSet Ops: tabSettings",
        "Layout Case-Case Layout",
        "CustomField Order.Size__c: valueSettings",
        "CustomField Order.Place__c of type Location",
        "standard field Order.BillingAddress",
        "CaseSettings Case",
    ]

    assert list(list_idle(entries)) == [
        "Loaded, but without effect here (GET /_sandbox/metadata has it as JSON):",
        "  standard field 1, absent: Order.BillingAddress",
        "  CustomField valueSettings 1, dependent picklist not enforced: Order.Size__c",
        "  Layout 2, no effect over the API: Case-Case Layout, Order-Order: Layout",
        "  PermissionSet tabSettings 1, no effect over the API: Ops",
        "  Flow 1, not run: Order_Checked",
        "  CaseSettings 1, not supported: Case",
        "  CustomField of type Location 1, not supported: Order.Place__c",
    ]


def test_nothing_is_said_when_everything_has_an_effect() -> None:
    assert list(list_idle([])) == []
    assert group_idle([]) == []


def test_every_element_without_an_effect_has_a_reason() -> None:
    assert {tag for tags in IDLE_ELEMENTS.values() for tag in tags} <= set(ELEMENT_REASONS)
