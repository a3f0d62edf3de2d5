"""What goes wrong stays small: a stubborn order, a broken org, a lost session, an outage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from sfsync import selection_reads
from sfsync.errors import SalesforceUnavailable
from sfsync.preflight import PreflightFailed
from tests.acceptance.backoffice import ROOT, BackOffice, outcomes
from tests.acceptance.builders import a_proposal, an_order
from tests.acceptance.conftest import open_market
from tests.acceptance.market import Market

pytestmark = pytest.mark.acceptance

BUDGET_RULE = """<?xml version="1.0" encoding="UTF-8"?>
<ValidationRule xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Budget_Before_Award</fullName>
    <active>true</active>
    <errorConditionFormula>AND(
  ISPICKVAL(Status, "MANUFACTURER SELECTED"),
  External_Id__c = "o2",
  ISBLANK(Budget__c)
)</errorConditionFormula>
    <errorMessage>Enter the budget before the order is awarded.</errorMessage>
</ValidationRule>
"""


def make_project(folder: Path) -> Path:
    """An SFDX project of the customer's admin, with one more rule on orders."""
    rules = folder / "force-app/main/default/objects/Order/validationRules"
    rules.mkdir(parents=True)
    (rules / "Budget_Before_Award.validationRule-meta.xml").write_text(BUDGET_RULE)
    shutil.copy(ROOT / "salesforce/sfdx-project.json", folder)
    return folder


@pytest.fixture
def stubborn_market(tmp_path: Path) -> Iterator[Market]:
    """A market whose org refuses to award order o2 as long as its budget is empty."""
    project = make_project(tmp_path / "customer")
    with LocalOrgServer([ROOT / "salesforce", project]) as server, open_market(server) as market:
        market.seed(
            *(an_order(ref) for ref in ("o1", "o2", "o3")),
            a_proposal("p1", "m1", "900", order="o1"),
            a_proposal("p2", "m2", "800", order="o2"),
            a_proposal("p3", "m3", "700", order="o3"),
        )
        yield market


def test_e22_order_that_the_org_refuses_is_skipped_with_a_case_and_the_others_are_awarded(
    stubborn_market: Market, empty_database: Path, tmp_path: Path
) -> None:
    market = stubborn_market
    office = BackOffice(market, tmp_path, empty_database)
    report = office.select_here()
    assert outcomes(report) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o2", "SKIP", "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ("o3", "AWARD", "BEST_RANKED"),
    ]
    order = market.order("o2")
    assert (order["Status"], order["Proposal__c"]) == ("AWAITING PROPOSALS", None)
    assert market.fates("o2") == {"p2": "Submitted"}
    words = "Salesforce said: Enter the budget before the order is awarded."
    assert words in order["Selection_Note__c"]
    (case,) = market.cases("o2")
    assert words in case["Description"]
    assert (case["Status"], case["Priority"], case["OwnerId"]) == ("New", "High", order["OwnerId"])
    decision = market.decision("o2")
    assert (decision["Outcome__c"], decision["Winning_Proposal__c"]) == ("SKIP", None)
    (run,) = market.runs()
    assert (run["Orders_Due__c"], run["Awarded__c"], run["Skipped__c"]) == (3, 2, 1)
    assert {effect["order"] for effect in office.effects()} == {"o1", "o3"}

    market.at("2025-03-12 07:00")
    assert outcomes(office.select_here()) == [("o2", "SKIP", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
    assert [each["Id"] for each in market.cases("o2")] == [case["Id"]]

    market.edit(market.ops, "Order", "o2", Budget__c=1000)
    market.at("2025-03-13 07:00")
    assert outcomes(office.select_here()) == [("o2", "AWARD", "BEST_RANKED")]
    assert market.fates("o2") == {"p2": "Won"}
    assert [each["Outcome__c"] for each in market.decisions("o2")] == ["SKIP", "SKIP", "AWARD"]


@pytest.fixture
def due_orders(market: Market) -> None:
    market.seed(an_order("o1"), an_order("o2"), a_proposal("p1", "m1", "900"))


@pytest.mark.usefixtures("due_orders")
def test_e36_integration_user_that_cannot_see_proposals_stops_the_run_before_any_order(
    market: Market, office: BackOffice
) -> None:
    market.fault(
        action="status",
        inner=True,
        status=404,
        error_code="NOT_FOUND",
        path="sobjects/Order_Proposal__c/describe",
    )
    before = [market.snapshot(ref) for ref in ("o1", "o2")]
    ended = office.flask("select", "run")
    assert ended.code == 4
    assert "no order was touched" in ended.err
    assert "object Order_Proposal__c is missing or not visible" in ended.err
    assert market.writes() == []
    assert [market.snapshot(ref) for ref in ("o1", "o2")] == before
    assert market.runs() == []
    assert office.effects() == []


def test_e37_page_of_proposals_that_fails_skips_its_orders_and_the_others_are_decided(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o1"), a_proposal("q1", "m2", "500"))
    market.seed(an_order("o2"))
    market.seed(*(a_proposal(f"p{n}", "m1", "900", order="o2") for n in range(2001)))
    market.seed(an_order("o3"), a_proposal("q3", "m2", "500", order="o3"))
    market.seed(an_order("o4"))
    before = [market.order(ref)["Status"] for ref in ("o2", "o3")]
    market.fault(action="status", status=500, path="/01g")

    report = office.select_here()

    assert outcomes(report) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o2", "SKIP", "INCOMPLETE"),
        ("o3", "SKIP", "INCOMPLETE"),
        ("o4", "SKIP", "INCOMPLETE"),
    ]
    assert [market.order(ref)["Status"] for ref in ("o2", "o3")] == before
    assert market.order("o4")["Status"] == "AWAITING PROPOSALS"
    assert {effect["order"] for effect in office.effects()} == {"o1"}
    assert [market.cases(ref) + market.decisions(ref) for ref in ("o2", "o3", "o4")] == [[]] * 3
    (run,) = market.runs()
    assert (run["Status__c"], run["Orders_Due__c"], run["Skipped__c"]) == ("Failed", 4, 3)
    market.control("DELETE", "faults")
    market.at("2025-03-12 07:00")
    assert outcomes(office.select_here()) == [
        ("o2", "AWARD", "BEST_RANKED"),
        ("o3", "AWARD", "BEST_RANKED"),
        ("o4", "CANCEL", "NO_PROPOSALS"),
    ]


def test_e37_page_that_fails_for_many_orders_costs_as_few_calls_as_a_page_that_comes(
    market: Market, office: BackOffice
) -> None:
    """Neither the calls of the second reading nor its writes may grow with the orders."""
    many = [f"r{n}" for n in range(300)]
    market.seed(*(an_order(ref) for ref in many))
    market.seed(
        *(a_proposal(f"{ref}-{n}", "m1", "900", order=ref) for ref in many for n in range(8))
    )
    market.fault(action="status", status=500, path="/01g", times=1)

    report = office.select_here()

    assert (report.outcome, report.unread) == ("completed", 0)
    assert report.counts() == {"AWARD": 300}
    assert len(market.decisions(many[-1])) == 1
    assert report.api_calls == 22


def test_e37_attempt_after_a_page_that_failed_takes_up_what_was_left_the_same_morning(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o1"), a_proposal("q1", "m2", "500"))
    market.seed(an_order("o2"))
    market.seed(*(a_proposal(f"p{n}", "m1", "900", order="o2") for n in range(2001)))
    market.fault(action="status", status=500, path="/01g")
    assert office.select_here().outcome == "unfinished"
    market.control("DELETE", "faults")

    report = office.select_here()

    assert (report.outcome, outcomes(report)) == ("completed", [("o2", "AWARD", "BEST_RANKED")])
    (run,) = market.runs()
    assert (run["Status__c"], run["Awarded__c"], run["Skipped__c"]) == ("Completed", 2, 0)


def test_e37_dry_run_names_the_orders_whose_proposals_did_not_all_come(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o1"), a_proposal("q1", "m2", "500"))
    market.seed(an_order("o2"))
    market.seed(*(a_proposal(f"p{n}", "m1", "900", order="o2") for n in range(2001)))
    market.fault(action="status", status=500, path="/01g")

    report = office.select_here(is_dry_run=True)

    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED"), ("o2", "SKIP", "INCOMPLETE")]


def test_e38_renamed_status_value_stops_the_run_and_is_named(
    empty_database: Path, tmp_path: Path
) -> None:
    project = tmp_path / "renamed"
    shutil.copytree(ROOT / "salesforce", project)
    for path in project.rglob("*.xml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("SELECTION REVIEW", "SELECTION CHECK"), encoding="utf-8")
    with LocalOrgServer([project]) as server, open_market(server) as market:
        market.seed(an_order("o1"), an_order("o2"), a_proposal("p1", "m1", "900"))
        office = BackOffice(market, tmp_path, empty_database)
        before = [market.snapshot(ref) for ref in ("o1", "o2")]
        ended = office.flask("select", "run", "--json")
        assert ended.code == 4
        assert "Order.Status has no value 'SELECTION REVIEW'" in ended.err
        assert "Deploy salesforce/" in ended.err
        assert ended.out == ""
        assert [market.snapshot(ref) for ref in ("o1", "o2")] == before
        assert market.runs() == []
        assert office.effects() == []


@pytest.mark.usefixtures("due_orders")
@pytest.mark.parametrize("call", [1, 3, 5, 8])
def test_e39_session_that_expires_mid_run_is_renewed_once_and_nothing_happens_twice(
    market: Market, office: BackOffice, call: int
) -> None:
    market.fault(action="expire_session", call=call, times=1, path="/services/data/v")
    report = office.select_here()
    assert market.fired() == ["expire_session"]
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED"), ("o2", "CANCEL", "NO_PROPOSALS")]
    logins = [e for e in market.log(None) if e["path"].endswith("/oauth2/token")]
    assert len(logins) == 2
    assert len(market.runs()) == len(market.decisions("o1")) == len(market.decisions("o2")) == 1
    assert len(office.effects()) == 3


@pytest.mark.usefixtures("due_orders")
def test_given_token_that_expired_ends_with_exit_code_2_and_a_remedy(
    market: Market, office: BackOffice
) -> None:
    before = [market.snapshot(ref) for ref in ("o1", "o2")]
    ended = office.flask("select", "run", SALESFORCE_ACCESS_TOKEN="00DLc0000000001MAA!expired")
    assert ended.code == 2
    assert "Renew SALESFORCE_ACCESS_TOKEN" in ended.err
    assert "Traceback" not in ended.err
    assert [market.snapshot(ref) for ref in ("o1", "o2")] == before


@pytest.mark.usefixtures("due_orders")
def test_org_that_is_down_at_seven_ends_with_exit_code_3_and_a_remedy(
    market: Market, office: BackOffice
) -> None:
    ended = office.flask("select", "run", SALESFORCE_URL="http://127.0.0.1:9")
    assert ended.code == 3
    assert "http://127.0.0.1:9" in ended.err
    assert "make up" in ended.err
    assert "Traceback" not in ended.err
    assert office.effects() == []


@pytest.mark.usefixtures("due_orders")
def test_org_that_answers_503_touches_nothing_and_the_next_run_decides(
    market: Market, office: BackOffice
) -> None:
    market.fault(action="status", status=503, path="/services/data/v63.0/query")
    with pytest.raises(SalesforceUnavailable):
        office.select_here()
    market.control("DELETE", "faults")
    assert market.order("o1")["Status"] == "AWAITING PROPOSALS"
    assert market.order("o2")["Status"] == "AWAITING PROPOSALS"
    assert office.effects() == []
    market.wait(11 * 60)
    assert outcomes(office.select_here()) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o2", "CANCEL", "NO_PROPOSALS"),
    ]


@pytest.mark.usefixtures("due_orders")
def test_org_that_goes_down_before_the_write_leaves_every_order_open(
    market: Market, office: BackOffice
) -> None:
    market.fault(
        action="status", status=503, path="composite/graph$", error_code="SERVER_UNAVAILABLE"
    )
    with pytest.raises(SalesforceUnavailable):
        office.select_here()
    assert market.order("o1")["Status"] == market.order("o2")["Status"] == "AWAITING PROPOSALS"
    assert market.decisions("o1") == []
    assert office.effects() == []


def test_preflight_failure_is_raised_before_anything_is_written(
    market: Market, office: BackOffice
) -> None:
    market.fault(
        action="status", inner=True, status=404, error_code="NOT_FOUND", path="Selection_Run__c"
    )
    with pytest.raises(PreflightFailed) as refused:
        office.select_here()
    assert refused.value.problems == ["object Selection_Run__c is missing or not visible"]
    assert market.writes() == []


@pytest.mark.usefixtures("due_orders")
def test_order_with_more_proposals_counted_than_read_is_skipped_and_the_others_go_on(
    market: Market, office: BackOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen when a proposal is hidden from the integration user but counted."""
    hidden = market.ids["o2"]
    for name in ("count_proposals_due", "count_proposals_of"):
        count = getattr(selection_reads, name)

        def count_one_more(sf: Any, what: Any, count: Any = count) -> dict[str, int]:
            found = count(sf, what)
            return found | {hidden: found.get(hidden, 0) + 1}

        monkeypatch.setattr(selection_reads, name, count_one_more)
    assert outcomes(office.select_here()) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o2", "SKIP", "INCOMPLETE"),
    ]
    order = market.order("o2")
    assert order["Status"] == "AWAITING PROPOSALS"
    assert order["Selection_Note__c"] == (
        "The selection could not decide this order. 0 proposals were read but 1 were counted. "
        "Look for proposals that the integration user cannot see."
    )
    (case,) = market.cases("o2")
    assert case["Description"] == order["Selection_Note__c"]
    assert market.decision("o2")["Outcome__c"] == "SKIP"
    (run,) = market.runs()
    assert run["Status__c"] == "Completed"
