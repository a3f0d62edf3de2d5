"""What is left behind for people: replayable decisions, safe notices, and commands that explain."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest

from config.clock import clock_for
from config.database import create_engine_at
from config.schema import upgrade_schema
from config.settings import Settings
from jobs.runtime import Runtime
from jobs.selection.facts import read_morning
from jobs.selection.work import decide_order
from tenders.decision import replay
from tenders.words import count_characters
from tests.acceptance.backoffice import BackOffice, outcomes
from tests.acceptance.builders import TUESDAY, a_designer, a_maker, a_proposal, an_order
from tests.acceptance.market import Market

pytestmark = pytest.mark.acceptance

NASTY_NAME = '<img src=x onerror="alert(1)"> Łódź & Söhne 💡'
#: What mail clients would run or break on if it were not escaped.
NASTY_ESCAPED = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; Łódź &amp; Söhne 💡"


def decide_without_writing(market: Market) -> dict[str, str]:
    """The result of each decision from what the org holds now, by order."""
    settings = Settings(environment="test", salesforce_url=market.url)
    engine = create_engine_at("sqlite://")
    upgrade_schema(engine)
    runtime = Runtime(settings, engine, clock_for(settings))
    day = date.fromisoformat(TUESDAY)
    facts = read_morning(runtime.connect(), day)
    decisions = [decide_order(runtime, each, facts.rates, day) for each in facts.orders]
    runtime.close()
    return {market.name_of(each.inputs.tender.order_id): each.result_json() for each in decisions}


def test_e51_stored_inputs_replay_to_a_byte_equal_result(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order("o1", Name=NASTY_NAME),
        an_order("o2"),
        an_order("o3", EffectiveDate="2023-01-31"),
        a_proposal("p1", "m1", "900.10"),
        a_proposal("p2", "m2", "900.1"),
        a_proposal("p3", "m3", "1100", CurrencyIsoCode="USD"),
        a_proposal("p4", "m1", "100", "2025-03-11 03:00"),
        a_proposal("p5", "m3", "1", order="o3"),
    )
    expected = decide_without_writing(market)
    office.select_here()
    assert set(expected) == {"o1", "o2", "o3"}
    for ref in expected:
        decision = market.decision(ref)
        stored = decision["Inputs__c"]
        again = replay(stored)
        assert again.result_json().encode() == expected[ref].encode()
        assert again.inputs_json() == stored
        assert again.inputs_hash == decision["Inputs_Hash__c"]
        assert hashlib.sha256(stored.encode()).hexdigest() == decision["Inputs_Hash__c"]
    assert replay(market.decision("o1")["Inputs__c"]).winner.proposal.id == market.ids["p1"]


def test_e52_emoji_html_and_long_text_stay_as_they_are_and_are_escaped_in_notices(
    market: Market, office: BackOffice
) -> None:
    markup = "💡<script>alert('ąę')</script>&\n" * 500
    brief = markup + "x" * (32_000 - count_characters(markup))
    long_text = markup + "y" * (32_768 - count_characters(markup))
    market.seed(a_maker("m4", Name="Ćma <b>GmbH</b> 🏭"))
    market.seed(
        an_order(Name=NASTY_NAME, Description=brief),
        a_proposal("p1", "m4", "900", Description__c=long_text),
        a_proposal("p2", "m2", "1000"),
    )
    before = market.order(), market.proposals()["p1"]
    assert outcomes(office.select()) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.order()["Name"] == before[0]["Name"] == NASTY_NAME
    assert market.order()["Description"] == before[0]["Description"] == brief
    assert market.proposals()["p1"]["Description__c"] == before[1]["Description__c"]
    assert before[1]["Description__c"] == long_text
    assert "Ćma <b>GmbH</b> 🏭 won with 900.00 EUR" in market.order()["Selection_Note__c"]
    effects = {effect["template"]: effect for effect in office.effects()}
    assert set(effects) == {"award-winner", "award-regret", "award-designer"}
    for effect in effects.values():
        assert NASTY_NAME in effect["text"]
        assert NASTY_ESCAPED in effect["html"]
        assert "<img" not in effect["html"]
        assert "<b>" not in effect["html"]
        assert "\n" not in effect["subject"]
    assert "Dear Ćma &lt;b&gt;GmbH&lt;/b&gt; 🏭," in effects["award-winner"]["html"]
    assert "900" not in effects["award-regret"]["text"]
    assert "Ćma" not in effects["award-regret"]["text"]


@pytest.fixture
def two_orders(market: Market) -> None:
    market.seed(
        an_order("o1"),
        an_order("o2", Deposit_Status__c="Paid"),
        a_proposal("p1", "m1", "900"),
        a_proposal("p2", "m2", "1000"),
    )


@pytest.mark.usefixtures("two_orders")
@pytest.mark.parametrize("order", [(), ("--order", "o1")])
def test_dry_run_says_what_would_happen_and_writes_nothing_at_all(
    market: Market, office: BackOffice, order: tuple[str, ...]
) -> None:
    before = [market.snapshot(ref) for ref in ("o1", "o2")]
    rows = office.rows()
    report = office.select("--dry-run", *order)
    cancelled = [] if order else [("o2", "CANCEL", "NO_PROPOSALS")]
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED"), *cancelled]
    assert report["outcome"] == "dry run"
    assert report["lines"][0]["price"] == "900.00 EUR"
    assert market.writes() == []
    assert market.runs() == []
    assert market.decisions("o1") == market.decisions("o2") == []
    assert [market.snapshot(ref) for ref in ("o1", "o2")] == before
    assert office.rows() == rows
    assert sorted(path.name for path in office.folder.iterdir()) == ["backoffice.db"]


@pytest.mark.usefixtures("two_orders")
@pytest.mark.parametrize("kind", ["number", "external ID", "record Id"])
def test_order_option_decides_that_order_alone(
    market: Market, office: BackOffice, kind: str
) -> None:
    names = {"number": market.order()["OrderNumber"], "external ID": "o1"}
    before = market.snapshot("o2")
    report = office.select_here(order=names.get(kind, market.ids["o1"]))
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.fates("o1") == {"p1": "Won", "p2": "Reserve"}
    assert market.snapshot("o2") == before
    assert {effect["order"] for effect in office.effects()} == {"o1"}
    market.wait(60)
    morning = office.select_here()
    assert outcomes(morning) == [("o2", "CANCEL", "NO_PROPOSALS")]


@pytest.mark.usefixtures("two_orders")
def test_order_that_does_not_exist_is_named_with_exit_code_1_and_nothing_happens(
    market: Market, office: BackOffice
) -> None:
    ended = office.flask("select", "run", "--order", "99999999")
    assert ended.code == 1
    assert "No single order is called '99999999'" in ended.err
    assert "order number, its external ID or its record Id" in ended.err
    assert market.writes() == []


def test_order_option_leaves_an_order_that_is_not_due_open(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(EffectiveDate=TUESDAY), a_proposal("p1", "m1", "900"))
    before = market.snapshot()
    assert outcomes(office.select_here(order="o1")) == [("o1", "SKIP", "NOT_DUE")]
    assert market.snapshot() == before
    assert market.decisions() == []


def test_as_of_runs_a_morning_that_was_missed_under_its_own_date(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order("o1", EffectiveDate="2025-03-09"),
        an_order("o2"),
        a_proposal("p1", "m1", "900", "2025-03-08 10:00"),
    )
    report = office.select("--as-of", "2025-03-10")
    assert report["business_date"] == "2025-03-10"
    assert report["run"] == "run:Europe/Warsaw:2025-03-10"
    assert report["lateness_minutes"] == 24 * 60
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.order("o2")["Status"] == "AWAITING PROPOSALS"


@pytest.mark.usefixtures("two_orders")
def test_explain_tells_ranking_reasons_and_run_of_a_decided_order(
    market: Market, office: BackOffice
) -> None:
    market.seed(a_proposal("p3", "m3", "1", "2025-03-11 05:00"))
    office.select_here()
    number = market.order()["OrderNumber"]
    ended = office.flask("select", "explain", number)
    assert ended.code == 0, ended.err
    assert f"Order {number} is awarded. Maker m1 won with 900.00 EUR (OP-0000000001)" in ended.out
    assert "1. OP-0000000001, Maker m1: 900.00 EUR" in ended.out
    assert "2. OP-0000000002, Maker m2: 1 000.00 EUR" in ended.out
    assert "OP-0000000003, Maker m3: Submitted 2025-03-11 05:00:00 (CET)" in ended.out
    assert "[LATE]" in ended.out
    (run,) = market.runs()
    assert run["Name"] in ended.out
    (told,) = office.flask("select", "explain", "o1", "--json").json
    assert (told["Outcome__c"], told["Reason_Code__c"]) == ("AWARD", "BEST_RANKED")


@pytest.mark.usefixtures("two_orders")
def test_explain_of_an_order_without_a_decision_says_how_to_look(
    market: Market, office: BackOffice
) -> None:
    ended = office.flask("select", "explain", "o1")
    assert ended.code == 0, ended.err
    assert "No decision is stored about this order yet." in ended.out
    assert "flask select run --order o1 --dry-run" in ended.out
    unknown = office.flask("select", "explain", "nothing")
    assert unknown.code == 1
    assert "No single order is called 'nothing'" in unknown.err


@pytest.mark.usefixtures("two_orders")
def test_runs_lists_what_each_morning_did(market: Market, office: BackOffice) -> None:
    office.select_here()
    (listed,) = office.flask("select", "runs", "--json").json
    assert (listed["Orders_Due__c"], listed["Awarded__c"], listed["Cancelled__c"]) == (2, 1, 1)
    assert listed["Status__c"] == "Completed"
    table = office.flask("select", "run")
    assert table.code == 0
    assert "already completed" in table.out


def test_designer_of_the_order_is_told_about_its_own_order_only(
    market: Market, office: BackOffice
) -> None:
    market.seed(a_designer("hd2", Name="Borealis Labs"))
    market.seed(
        an_order("o1"),
        an_order("o2", AccountId="@hd2"),
        a_proposal("p1", "m1", "900"),
        a_proposal("p2", "m1", "800", order="o2"),
    )
    office.select_here()
    assert office.told() == [
        ("award-designer", "hd", "o1"),
        ("award-designer", "hd2", "o2"),
        ("award-winner", "m1", "o1"),
        ("award-winner", "m1", "o2"),
    ]
