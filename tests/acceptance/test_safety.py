"""What a run refuses to do, and what it leaves behind when it cannot go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.selection.run import OrderNotFound
from sfsync.errors import SalesforceError
from tests.acceptance.backoffice import BackOffice, outcomes
from tests.acceptance.builders import a_proposal, an_order
from tests.acceptance.market import Market
from tests.control import control

pytestmark = pytest.mark.acceptance
BULK = "composite/graph"


def test_business_date_in_the_future_is_refused_and_that_morning_stays_free(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o1", EffectiveDate="2025-03-20"), a_proposal("p1", "m1", "900"))
    before = market.snapshot("o1")

    ended = office.flask("select", "run", "--as-of", "2025-03-25")

    assert ended.code == 2
    assert "2025-03-25 is in the future; today is 2025-03-11" in ended.err
    assert market.snapshot("o1") == before
    assert (market.runs(), office.effects()) == ([], [])


def test_dry_run_may_look_ahead(market: Market, office: BackOffice) -> None:
    market.seed(an_order("o1", EffectiveDate="2025-03-20"), a_proposal("p1", "m1", "900"))

    report = office.select("--as-of", "2025-03-25", "--dry-run")

    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.runs() == []


@pytest.mark.parametrize("name", ["", "  "])
def test_blank_order_never_means_all_orders(
    market: Market, office: BackOffice, name: str, two_tenders: None
) -> None:
    before = market.snapshot("o1")

    with pytest.raises(OrderNotFound):
        office.select_here(order=name)

    assert market.snapshot("o1") == before


def test_proposal_saved_while_its_order_is_cancelled_is_brought_before_people(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o1"))

    report = office.select_meanwhile(BULK, lambda: market.seed(a_proposal("p1", "m1", "900")))

    assert outcomes(report) == [("o1", "CANCEL", "NO_PROPOSALS")]
    (case,) = market.cases("o1")
    assert case["Subject"].endswith("a proposal arrived while it was cancelled")
    assert case["Status"] == "New"


def test_run_that_fails_in_good_order_says_so_and_the_next_begins_at_once(
    market: Market, office: BackOffice, two_tenders: None
) -> None:
    market.fault(status=503, path=BULK)
    with pytest.raises(SalesforceError):
        office.select_here()
    (failed,) = market.runs()
    market.control("DELETE", "faults")

    report = office.select_here()

    assert failed["Status__c"] == "Failed"
    assert report.outcome == "completed"
    (run,) = market.runs()
    assert (run["Status__c"], run["Orders_Due__c"], run["Awarded__c"]) == ("Completed", 2, 2)
    assert len(office.effects()) == 5


def test_import_whose_push_was_killed_is_completed_by_the_next_at_once(
    market: Market, office: BackOffice
) -> None:
    sheet = str(Path(__file__).parents[2] / "samples" / "orders.xlsx")
    with market.holding("composite/sobjects/Account", when="before"):
        process = office.start("import", "apply", sheet)
        market.until_held()
        process.kill()
        process.communicate()

    ended = office.flask("import", "apply", sheet, "--json")

    assert ended.code == 0, ended.err
    assert len(market.query("SELECT Id FROM Order WHERE External_Id__c LIKE 'RFP-%'")) == 83
    assert len(market.query("SELECT Id FROM Account WHERE External_Id__c LIKE 'HD-%'")) == 12


@pytest.mark.parametrize(
    "url", ["postgresql://backoffice:geheim@127.0.0.1:1/none", "sqlite:///{folder}/text.db"]
)
def test_database_that_cannot_be_used_ends_with_2_a_remedy_and_no_password(
    office: BackOffice, url: str
) -> None:
    (office.folder / "text.db").write_text("this is no database, but long enough to be read " * 40)

    ended = office.flask("sync", "status", DATABASE_URL=url.format(folder=office.folder))

    assert ended.code == 2
    assert "Check DATABASE_URL" in ended.err
    assert "Traceback" not in ended.err
    assert "geheim" not in ended.err


def test_daily_limit_that_ends_amid_a_run_leaves_what_is_written_and_the_rest_for_later(
    market: Market, office: BackOffice, two_tenders: None
) -> None:
    used = control(market.server, "GET", "requests")["daily"]["used"]
    control(market.server, "POST", "requests", {"daily_limit": used + 6})
    ended = office.flask("select", "run")
    control(market.server, "POST", "requests", {"daily_limit": 100_000})

    report = office.select_here()

    assert ended.code == 3
    # Our own ceiling comes before the org's: people keep their share of the calls.
    assert "flask sync budget" in ended.err
    assert report.outcome == "completed"
    assert [market.order(ref)["Status"] for ref in ("o1", "o2")] == ["MANUFACTURER SELECTED"] * 2
    assert len(office.effects()) == 5


def test_command_leaves_no_connection_open_for_the_interpreter_to_complain_about(
    office: BackOffice,
) -> None:
    ended = office.flask("sync", "status")

    assert (ended.code, ended.err) == (0, "")
