"""What has no effect here is told by kind, reason and name."""

from __future__ import annotations

from sandbox.metadata.idle import REASONS, group_idle, render_idle
from sandbox.metadata.kinds import KINDS
from sandbox.org.schema import Unsupported


def test_every_reason_is_of_a_kind_that_has_no_effect() -> None:
    assert set(REASONS) <= {kind.root for kind in KINDS.values() if not kind.has_effect}


def test_what_has_no_effect_is_listed_by_name_one_line_per_kind_and_reason() -> None:
    screen, absent = REASONS["Layout"], "the local org has not got it"
    entries = [
        Unsupported("Layout", "Order-Order", screen, "b.xml"),
        Unsupported("ApexTrigger", "Check", REASONS["ApexTrigger"], "a.xml"),
        Unsupported("Layout", "Case-Case", screen, "a.xml"),
        Unsupported("StandardField", "Order.BillingAddress", absent),
    ]

    assert list(render_idle(entries)) == [
        "Loaded, but without effect here (GET /_sandbox/metadata has it as JSON):",
        "  Layout 2, no effect over the API: Case-Case, Order-Order",
        "  ApexTrigger 1, not run: Check",
        "  StandardField 1, the local org has not got it: Order.BillingAddress",
    ]


def test_nothing_is_said_when_everything_has_an_effect() -> None:
    assert list(render_idle([])) == []
    assert group_idle([]) == []
