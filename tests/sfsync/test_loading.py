"""Reading everything by an export of the org: cheap, exact, and resumed where it stopped."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine

from bench.org import add_orders
from sandbox.server import LocalOrgServer
from sfsync import exports, loading
from sfsync import pull as pull_module
from sfsync.client import adapter_of
from sfsync.errors import SalesforceUnavailable
from sfsync.exports import await_export, is_export_cheaper
from sfsync.mapping import ACCOUNT, MAPPINGS
from sfsync.pull import Expected, forget, pull
from sfsync.status import read_status
from sfsync.usage import OpenGate
from tests.control import add_fault, control, counted_calls, seed
from tests.sfsync.people import Admin
from tests.sfsync.test_following import names
from tests.sfsync.test_pull import a_market, an_account, counts, in_org, replica, run


@pytest.fixture(autouse=True)
def _exports_of_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are exported too, ten a page, and no time is lost waiting."""
    monkeypatch.setattr(loading, "is_export_cheaper", lambda _rows, **_: True)
    monkeypatch.setattr("sfsync.planning.FEW", 1)
    monkeypatch.setattr(exports, "PAGE_ROWS", 10)
    monkeypatch.setattr(exports, "ONE_PAGE_ROWS", 10)
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.05)


def test_an_export_is_chosen_where_it_takes_fewer_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    asked = (0, 2_000, 7_999, 8_000, 100_000, 1_000_000)

    assert [is_export_cheaper(rows) for rows in asked] == [False] * 3 + [True] * 3


def test_an_export_is_chosen_earlier_where_calls_are_scarce(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    asked = (4_000, 5_999, 6_000, 8_000, 100_000)

    chosen = [is_export_cheaper(rows, spares_calls=True) for rows in asked]
    assert chosen == [False] * 2 + [True] * 3


class Spare(OpenGate):
    """A gate in a step where calls are scarce."""

    spares_calls = True


def test_a_load_looks_later_whether_its_export_is_done_where_calls_are_scarce(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[tuple[int, float]] = []
    seed(org, [an_account(number) for number in range(12)])
    monkeypatch.setattr(loading, "await_export", note_wait(waits))
    run(sf, engine, mappings=[ACCOUNT])
    adapter_of(sf).gate = Spare()
    pull(sf, engine, full=True, mappings=[ACCOUNT])

    assert waits == [(12, 1), (12, 5)]


def note_wait(waits: list[tuple[int, float]]) -> Callable[..., None]:
    """Waits for an export as always, and notes for how many rows and how patiently."""

    def wait(
        sf: Salesforce, job_id: str, rows: int, sleep: Callable[[float], None], patience: float
    ) -> None:
        waits.append((rows, patience))
        await_export(sf, job_id, 0, sleep)

    return wait


def test_an_export_gives_the_same_rows_field_by_field(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    a_market(org)
    odd = 'comma, "quote"\r\nline\u2028separator 🚚 #N/A'
    admin = Admin(org)
    admin.create("Account", Name="N/A", Payout_Account__c=" x ")
    record = admin.create(
        "Order",
        AccountId=admin.create("Account", Name=odd[:40]),
        EffectiveDate="2027-01-01",
        Description=odd,
    )
    deleted = admin.create("Account", Name="deleted")
    admin.delete("Account", deleted)

    run(sf, engine)

    for mapping in MAPPINGS:
        assert replica(engine, mapping.sobject) == in_org(sf, mapping.sobject)
    assert replica(engine, "Order")[record]["description"] == odd
    assert replica(engine, "Account")[deleted]["is_deleted"] is True


def test_an_export_that_dies_goes_on_with_the_page_it_was_at(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    seed(org, [an_account(number) for number in range(35)])
    add_fault(org, action="status", status=503, path="/results.*locator", call=[2, 3, 4, 5])

    with pytest.raises(SalesforceUnavailable):
        run(sf, engine, mappings=[ACCOUNT])
    stored = len(replica(engine, "Account"))
    (between, *_) = read_status(engine).objects
    report = run(sf, engine, mappings=[ACCOUNT])

    assert (stored, between.is_pull_interrupted, between.complete_up_to) == (20, True, None)
    assert counts(report, "Account") == (15, 15, 0, 0, 0)
    assert replica(engine, "Account") == in_org(sf, "Account")
    # The proof, and the two pages that were left.
    assert report.api_calls == 3


def test_a_load_that_goes_on_foretells_what_is_stored_and_what_there_is(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    seed(org, [an_account(number) for number in range(35)])
    add_fault(org, action="status", status=503, path="/results.*locator", call=[2, 3, 4, 5])
    plans: list[dict[str, Expected]] = []
    with pytest.raises(SalesforceUnavailable):
        run(sf, engine, mappings=[ACCOUNT], on_plan=plans.append)

    run(sf, engine, mappings=[ACCOUNT], on_plan=plans.append)
    run(sf, engine, mappings=[ACCOUNT], on_plan=plans.append)

    assert plans == [{"Account": Expected(35, 0)}, {"Account": Expected(35, 20)}, {}]


def test_an_export_that_is_lost_is_replaced_by_pages(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    seed(org, [an_account(number) for number in range(25)])
    add_fault(org, action="status", status=503, path="/results.*locator", call=[1, 2, 3, 4])
    with pytest.raises(SalesforceUnavailable):
        run(sf, engine, mappings=[ACCOUNT])
    for job in sf.restful("jobs/query")["records"]:
        sf.restful(f"jobs/query/{job['id']}", method="DELETE")

    report = run(sf, engine, mappings=[ACCOUNT])

    assert report.tallies["Account"].read == 25
    assert replica(engine, "Account") == in_org(sf, "Account")


def test_an_org_without_exports_is_read_in_pages(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    seed(org, [an_account(number) for number in range(3)])
    refusal: Any = [{"errorCode": "API_DISABLED_FOR_ORG", "message": "no Bulk API"}]
    add_fault(org, action="status", status=403, body=refusal, path="jobs/query")

    run(sf, engine, mappings=[ACCOUNT])

    assert names(engine) == {"Account 0", "Account 1", "Account 2"}


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "status", "status": 403, "body": "<html>blocked</html>"},
        {"action": "status", "status": 502, "body": "<html>bad gateway</html>"},
        {"action": "drop_before"},
        {"action": "drop_after"},
    ],
    ids=["refused", "bad gateway", "cut before", "cut after"],
)
def test_a_gateway_that_lets_no_export_begin_is_gone_around_with_pages(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, fault: dict[str, Any]
) -> None:
    seed(org, [an_account(number) for number in range(3)])
    add_fault(org, path="jobs/query", method="POST", **fault)

    run(sf, engine, mappings=[ACCOUNT])

    assert names(engine) == {"Account 0", "Account 1", "Account 2"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, "<html>blocked</html>"),
        (400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]),
    ],
    ids=["a gateway", "a lost place"],
)
def test_results_that_are_refused_are_replaced_by_pages(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, status: int, body: Any
) -> None:
    seed(org, [an_account(number) for number in range(25)])
    add_fault(org, action="status", status=status, body=body, path="/results.*locator")

    run(sf, engine, mappings=[ACCOUNT])

    assert replica(engine, "Account") == in_org(sf, "Account")


def test_an_export_whose_answer_was_lost_once_is_asked_for_again(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    seed(org, [an_account(number) for number in range(25)])
    add_fault(org, action="drop_after", path="jobs/query", method="POST", times=1)

    run(sf, engine, mappings=[ACCOUNT])

    assert replica(engine, "Account") == in_org(sf, "Account")
    assert len(sf.restful("jobs/query")["records"]) == 2


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets so many pages of results arrive without their last row."""
    honest = exports.csv.reader
    left = [0]

    def read(*a: Any, **k: Any) -> Any:
        left[0] -= 1
        rows = list(honest(*a, **k))
        return iter(rows[:-1] if left[0] >= 0 else rows)

    monkeypatch.setattr(exports.csv, "reader", read)
    return lambda times: left.__setitem__(0, times)


def reads(org: LocalOrgServer, what: str) -> int:
    return sum(what in each["path"] for each in control(org, "GET", "requests")["log"])


def test_a_page_that_arrives_short_is_not_believed_and_read_again(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, short: Callable[[int], None]
) -> None:
    seed(org, [an_account(number) for number in range(5)])
    short(2)

    run(sf, engine, mappings=[ACCOUNT])

    assert replica(engine, "Account") == in_org(sf, "Account")
    assert (reads(org, "/results"), reads(org, "/query?")) == (3, 0)


def test_an_export_that_breaks_at_every_reading_is_replaced_by_pages(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, short: Callable[[int], None]
) -> None:
    seed(org, [an_account(number) for number in range(5)])
    short(99)

    run(sf, engine, mappings=[ACCOUNT])

    assert replica(engine, "Account") == in_org(sf, "Account")
    assert read_status(engine).objects[0].complete_up_to is not None
    assert reads(org, "/results") == 3


@pytest.mark.slow
def test_a_full_load_of_100_000_orders_costs_six_calls_at_most(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    # How often it is looked until an export is done depends on the machine; so it is done at once.
    control(org, "POST", "bulk", {"inline": True})
    add_orders(org.org, 100_000)

    report = run(sf, engine)

    assert counts(report, "Order") == (100_000, 100_000, 0, 0, 0)
    assert counts(report, "Account") == (1, 1, 0, 0, 0)
    # The question with the few rows of the rest, the export, a look, and a page.
    assert counted_calls(org) == report.api_calls == 4


@pytest.mark.parametrize("cut", [-1, 1])
def test_a_row_with_another_number_of_cells_is_not_believed(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    cut: int,
) -> None:
    seed(org, [an_account(number) for number in range(5)])
    honest = exports.csv.reader

    def damage(*arguments: Any, **options: Any) -> Any:
        for number, row in enumerate(honest(*arguments, **options)):
            yield (row[:-1] if cut < 0 else [*row, "x"]) if number == 3 else row

    monkeypatch.setattr(exports.csv, "reader", damage)

    run(sf, engine, mappings=[ACCOUNT])

    (warning,) = [each for each in caplog.records if "in pages" in each.getMessage()]
    assert re.search(r"row 3 has \d+ of \d+ cells", vars(warning)["error"])
    assert replica(engine, "Account") == in_org(sf, "Account")


def test_a_load_that_another_pull_began_since_the_plan_is_left_to_it(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(org, [an_account(number) for number in range(25)])
    make_plan = pull_module.make_plan

    def plan_slowly(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(pull_module, "make_plan", make_plan)
        plan = make_plan(*given, **more)
        run(sf, engine, mappings=[ACCOUNT])
        return plan

    monkeypatch.setattr(pull_module, "make_plan", plan_slowly)
    report = run(sf, engine, mappings=[ACCOUNT])

    assert report.tallies["Account"].read == 0
    assert replica(engine, "Account") == in_org(sf, "Account")
    assert len(sf.restful("jobs/query")["records"]) == 1


def test_a_load_that_is_overtaken_while_its_export_begins_reads_nothing(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(org, [an_account(number) for number in range(25)])

    def start_slowly(*given: Any) -> str:
        forget(engine)
        return exports.start_export(*given)

    monkeypatch.setattr(loading, "start_export", start_slowly)
    overtaken = run(sf, engine, mappings=[ACCOUNT])
    monkeypatch.setattr(loading, "start_export", exports.start_export)

    assert (overtaken.tallies["Account"].read, overtaken.watermarks["Account"]) == (0, None)
    assert (reads(org, "/results"), reads(org, "/query?")) == (0, 0)
    run(sf, engine, mappings=[ACCOUNT])
    assert replica(engine, "Account") == in_org(sf, "Account")
