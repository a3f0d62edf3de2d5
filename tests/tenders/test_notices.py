"""Manufacturers learn their own result and nothing about anybody else (E52 for names)."""

from __future__ import annotations

import pytest

from tenders.notices import losing_proposals, regret_notice, winner_notice
from tests.tenders.builders import a_proposal, decided, local

SCRIPT = "<script>alert('ż')</script> & \"Sons\" 🏭"


def a_decision():
    return decided(
        a_proposal(1, "811.11", maker={"name": SCRIPT}),
        a_proposal(2, "922.22"),
        a_proposal(3, "933.33"),
        a_proposal(4, "744.44", valid_until=local("2025-03-01T00:00:00").date()),
        a_proposal(5, "755.55", status="Withdrawn"),
        name="Lamp <b>\r\nBcc: everybody@example.com",
    )


def test_the_winner_learns_the_price_and_what_to_do():
    notice = winner_notice(a_decision())

    assert notice.proposal_id == "a01000000000000001"
    assert "The agreed price is 811.11 EUR." in notice.text
    assert "Please confirm that you take the order." in notice.text


def test_e52_names_are_unchanged_in_text_and_escaped_in_html():
    notice = winner_notice(a_decision())

    assert f"Dear {SCRIPT}," in notice.text
    assert "<script>" not in notice.html
    assert (
        "&lt;script&gt;alert(&#x27;ż&#x27;)&lt;/script&gt; &amp; &quot;Sons&quot; 🏭" in notice.html
    )
    assert "Lamp &lt;b&gt;" in notice.html


def test_a_line_break_in_a_name_starts_no_mail_header():
    decision = a_decision()

    for notice in (winner_notice(decision), regret_notice(decision, "a01000000000000002")):
        assert "\n" not in notice.subject
        assert "\r" not in notice.subject


def test_nobody_is_told_anybody_elses_price_name_or_margin():
    decision = a_decision()
    notices = {1: winner_notice(decision)}
    for proposal in losing_proposals(decision):
        notices[proposal.number] = regret_notice(decision, proposal.id)

    assert set(notices) == {1, 2, 3, 4}
    everything = {1: "811.11", 2: "922.22", 3: "933.33", 4: "744.44", 5: "755.55"}
    for number, notice in notices.items():
        seen = notice.subject + notice.text + notice.html
        for other, price in everything.items():
            if other != number:
                assert price not in seen
                assert f"OP-{other:010d}" not in seen
                assert f"Maker {other}" not in seen
        assert "111.11" not in seen
        assert "script" not in seen or number == 1


def test_the_runner_up_learns_that_the_proposal_is_kept():
    decision = a_decision()

    assert "We keep it in reserve" in regret_notice(decision, "a01000000000000002").text
    assert "reserve" not in regret_notice(decision, "a01000000000000003").text


def test_a_left_out_manufacturer_learns_the_reason():
    text = regret_notice(a_decision(), "a01000000000000004").text

    assert (
        "It could not take part in the selection. The proposal was valid until 2025-03-01." in text
    )


def test_the_winners_own_older_revision_gets_no_regret():
    same = {"account_id": "001maker1"}
    newer = local("2025-03-08T10:00:00")
    decision = decided(
        a_proposal(1, "700", maker=same),
        a_proposal(2, "800", maker=same, created_at=newer),
        a_proposal(3, "1", maker=same, status="Disqualified"),
    )

    assert losing_proposals(decision) == ()
    with pytest.raises(ValueError, match="owed no regret notice"):
        regret_notice(decision, "a01000000000000001")


def test_an_order_that_was_not_awarded_has_no_notices():
    decision = decided(a_proposal(1), deposit_required=True)

    assert losing_proposals(decision) == ()
    with pytest.raises(ValueError, match="no award to announce"):
        winner_notice(decision)
