"""Answers that get lost, rows that are locked, processes that die: each effect happens once."""

from __future__ import annotations

import pytest

from sfsync.errors import OutcomeUnknown
from tests.acceptance.backoffice import BackOffice, outcomes
from tests.acceptance.market import INTEGRATION, Market, content

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("two_tenders")]

#: The bulk write, and the write of a single order.
BULK, SINGLE = "composite/graph$", "composite$"
CLAIM, FINISH = "sobjects/Selection_Run__c/$", "sobjects/Selection_Run__c/a"


def test_e28_locked_row_is_tried_again_and_awarded_once(market: Market, office: BackOffice) -> None:
    path = f"sobjects/Order/{market.ids['o1']}"
    market.fault(action="UNABLE_TO_LOCK_ROW", inner=True, path=path, times=2)
    report = office.select_here()
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED"), ("o2", "AWARD", "BEST_RANKED")]
    assert market.fired() == ["UNABLE_TO_LOCK_ROW"] * 2
    assert len(market.decisions("o1")) == len(market.decisions("o2")) == 1
    assert [told for told in office.told() if told[2] == "o1"] == [
        ("award-designer", "hd", "o1"),
        ("award-regret", "m2", "o1"),
        ("award-winner", "m1", "o1"),
    ]
    assert [row for row in market.history("o2") if row[0] == "Status"] == [
        ("Status", "AWAITING PROPOSALS", "MANUFACTURER SELECTED", INTEGRATION)
    ]


def test_e29_answer_lost_after_the_award_succeeded_counts_as_success_without_a_second_notice(
    market: Market, office: BackOffice
) -> None:
    market.fault(action="drop_after", path=BULK, times=1)
    report = office.select_here()
    assert market.fired() == ["drop_after"]
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED"), ("o2", "AWARD", "BEST_RANKED")]
    assert len([w for w in market.writes() if w == "POST composite/graph"]) == 1
    assert len(market.decisions("o1")) == 1
    assert len(office.effects()) == len({effect["key"] for effect in office.effects()}) == 5


def test_e29_answer_lost_before_anything_was_written_leads_to_one_award(
    market: Market, office: BackOffice
) -> None:
    market.fault(action="drop_before", path=BULK, times=1)
    report = office.select_here()
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED"), ("o2", "AWARD", "BEST_RANKED")]
    assert len(market.decisions("o1")) == 1
    assert len(office.effects()) == 5


def test_e29_answer_lost_for_a_single_order_counts_as_success(
    market: Market, office: BackOffice
) -> None:
    market.fault(action="drop_after", path=SINGLE, times=1)
    report = office.select_here(order="o1")
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.cases("o1") == []
    assert len(market.decisions("o1")) == 1
    assert len(office.effects()) == 3


def test_e30_process_killed_between_award_and_notices_sends_each_notice_once(
    market: Market, office: BackOffice
) -> None:
    with market.holding(BULK, when="after"):
        process = office.start("select", "run")
        market.until_held()
        process.kill()
        process.communicate()
    assert market.order("o1")["Status"] == "MANUFACTURER SELECTED"
    assert office.effects() == []
    awarded = [content(market.order(ref)) for ref in ("o1", "o2")]
    market.wait(60)
    assert office.select_here().outcome == "completed"
    complete = [
        ("award-designer", "hd", "o1"),
        ("award-designer", "hd", "o2"),
        ("award-regret", "m2", "o1"),
        ("award-winner", "m1", "o1"),
        ("award-winner", "m3", "o2"),
    ]
    assert office.told() == complete
    assert [content(market.order(ref)) for ref in ("o1", "o2")] == awarded
    (run,) = market.runs()
    assert (run["Status__c"], run["Fence__c"]) == ("Completed", 2)
    assert (run["Orders_Due__c"], run["Awarded__c"]) == (2, 2)
    assert office.select_here().outcome == "already completed"
    assert office.told() == complete


def test_e30_process_killed_on_the_eve_is_completed_by_the_next_morning(
    market: Market, office: BackOffice
) -> None:
    with market.holding(BULK, when="after"):
        process = office.start("select", "run")
        market.until_held()
        process.kill()
        process.communicate()
    market.at("2025-03-12 07:00")
    assert office.select_here().outcome == "completed"
    assert len(office.effects()) == 5
    yesterday, today = market.runs()
    assert (yesterday["Status__c"], today["Status__c"]) == ("Failed", "Completed")
    market.at("2025-03-13 07:00")
    office.select_here()
    assert len(office.effects()) == 5
    assert market.runs()[0] == yesterday


def test_e30_process_killed_after_a_single_order_is_completed_by_the_next_morning(
    market: Market, office: BackOffice
) -> None:
    with market.holding(SINGLE, when="after"):
        process = office.start("select", "run", "--order", "o2")
        market.until_held()
        process.kill()
        process.communicate()
    assert market.order("o2")["Status"] == "MANUFACTURER SELECTED"
    assert office.effects() == []
    market.at("2025-03-12 07:00")
    office.select_here()
    assert [told for told in office.told() if told[2] == "o2"] == [
        ("award-designer", "hd", "o2"),
        ("award-winner", "m3", "o2"),
    ]


@pytest.mark.parametrize("action", ["drop_after", "drop_before"])
@pytest.mark.parametrize(("method", "path"), [("POST", CLAIM), ("PATCH", FINISH)])
def test_e29_answer_lost_at_the_beginning_or_the_end_of_a_run_changes_nothing(
    market: Market, office: BackOffice, action: str, method: str, path: str
) -> None:
    market.fault(action=action, method=method, path=path, times=1)
    if (action, method) == ("drop_before", "POST"):
        with pytest.raises(OutcomeUnknown, match="neither created nor found"):
            office.select_here()
    report = office.select_here()
    assert market.fired() == [action]
    assert report.outcome == "completed"
    (run,) = market.runs()
    assert (run["Status__c"], run["Orders_Due__c"], run["Awarded__c"]) == ("Completed", 2, 2)
    assert len(office.effects()) == 5
