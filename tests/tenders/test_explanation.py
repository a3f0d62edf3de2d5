"""Operations read why, in words that fit the org's fields."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tenders.explanation import (
    NOTE_LIMIT,
    REASON_WORDS,
    TIE_BREAK_WORDS,
    explain,
    explain_tie_break,
    summarize,
)
from tenders.model import OnNoneEligible, Policy
from tenders.outcomes import Reason
from tenders.strategies import TieBreak
from tenders.words import count_characters, shorten
from tests.tenders.builders import a_change, a_proposal, decided, local


def test_an_award_is_told_with_its_ranking_and_reasons():
    decision = decided(
        a_proposal(1, "1000"),
        a_proposal(2, "4000.50", currency="PLN", maker={"name": "Łódź <Works> 🏭"}),
        a_proposal(3, "900", status="Withdrawn"),
    )

    assert explain(decision) == (
        "Order 00000107 is awarded. Maker 1 won with 1 000.00 EUR (OP-0000000001), "
        "0.12 EUR below the second.\n"
        "\n"
        "Ranking by best price, version 1:\n"
        "1. OP-0000000001, Maker 1: 1 000.00 EUR, submitted 2025-03-07 10:00:00 (CET)\n"
        "2. OP-0000000002, Łódź <Works> 🏭: 4 000.50 PLN = 1 000.12 EUR, "
        "submitted 2025-03-07 10:00:00 (CET)\n"
        "\n"
        "Left out:\n"
        "- OP-0000000003, Maker 3: The manufacturer withdrew the proposal. [WITHDRAWN]\n"
        "\n"
        "The call closed at 2025-03-11 00:00:00 (CET). Decided for the business day 2025-03-11.\n"
        "Exchange rates per 1 EUR: 1 EUR, 4 PLN, source CurrencyType, "
        "as of 2025-03-11 06:00:00 UTC.\n"
        f"Fingerprint of the inputs: {decision.inputs_hash}."
    )


def test_a_price_edited_after_the_deadline_is_pointed_out():
    decision = decided(
        a_proposal(
            1,
            "800",
            last_modified_at=local("2025-03-11T06:00:00"),
            price_history=(a_change("2025-03-11T06:00:00", "1000", "800"),),
        )
    )

    assert "1 000.00 EUR (the price when the call closed; changed since)" in explain(decision)
    assert summarize(decision) == (
        "Maker 1 won with 1 000.00 EUR (OP-0000000001), the only proposal that counts."
    )


@pytest.mark.parametrize(
    ("_case", "decision", "told"),
    [
        ("nobody", decided(), "Nobody submitted a proposal, so the order is cancelled."),
        (
            "stale",
            decided(effective_on=date(2023, 3, 10)),
            (
                "The call closed 732 days ago, on 2023-03-10. "
                "That is too long to decide automatically. "
                "Ask whether the prices still hold, then decide by hand."
            ),
        ),
        (
            "none eligible, cancelled",
            decided(a_proposal(1, None), policy=Policy(on_none_eligible=OnNoneEligible.CANCEL)),
            (
                "None of the 1 proposals can take part. See why each is left out."
                " The order is cancelled, as the policy says."
            ),
        ),
        (
            "closed",
            decided(status="CANCELLED"),
            "The order is CANCELLED, so there is nothing to select.",
        ),
        (
            "unpaid",
            decided(a_proposal(1), deposit_required=True, deposit_status="Requested"),
            "The deposit is Requested. The award waits until the hardware designer has paid it.",
        ),
        (
            "no such strategy",
            decided(a_proposal(1), policy=Policy(strategy_key="magic")),
            (
                "The strategy magic, version 1 does not exist, so nothing was ranked. "
                "Choose another strategy or decide by hand."
            ),
        ),
    ],
)
def test_each_reason_is_one_note_on_the_order(_case, decision, told):
    assert summarize(decision) == told
    assert summarize(decision) in explain(decision)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (
            {"submitted_at": local("2025-03-07T09:00:00")},
            {},
            (
                "Equal price. OP-0000000001 was submitted first, 2025-03-07 09:00:00 (CET); "
                "OP-0000000002 followed 2025-03-07 10:00:00 (CET)."
            ),
        ),
        (
            {"maker": {"rating": Decimal("4.5")}},
            {},
            (
                "Equal price and time. The manufacturer of OP-0000000001 is rated 4.5, "
                "that of OP-0000000002 unknown."
            ),
        ),
        (
            {},
            {},
            "Equal price, time and rating. OP-0000000001 has a lower number than OP-0000000002.",
        ),
        ({}, {"price": Decimal(901)}, ""),
    ],
)
def test_the_tie_break_that_decided_is_named_with_its_facts(first, second, told):
    decision = decided(a_proposal(1, **first), a_proposal(2, **second))

    assert explain_tie_break(decision) == told


def test_every_reason_and_tie_break_has_words():
    assert set(REASON_WORDS) == set(Reason)
    assert set(TIE_BREAK_WORDS) == set(TieBreak)


def test_the_explanation_of_a_huge_order_is_cut_with_a_count():
    long_name = "🏭" * 127
    field = [a_proposal(n, str(n), maker={"name": long_name}) for n in range(1, 400)]
    field += [a_proposal(n, None, maker={"name": long_name}) for n in range(400, 800)]
    told = explain(decided(*field))

    assert count_characters(told) <= 30_000
    shown = told.count("submitted 2025")
    assert f"… and {399 - shown} more." in told
    assert shown > 30
    assert "Fingerprint of the inputs" in told


def test_a_note_with_a_long_name_fits_its_field():
    note = summarize(decided(a_proposal(1, maker={"name": "Ł" * 255})))

    assert count_characters(note) == NOTE_LIMIT
    assert note.endswith("…")


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("🏭🏭", 4, "🏭🏭"), ("🏭🏭🏭", 4, "🏭…"), ("", 0, "")],
)
def test_a_text_is_cut_between_characters_as_salesforce_counts_them(text, limit, kept):
    assert shorten(text, limit) == kept
