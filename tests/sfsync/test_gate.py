"""Every call passes the gate: what is sent, what is not, and what the caller learns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from config.clock import SystemClock
from config.database import transaction
from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.about_org import org_time, running_user
from sfsync.allowance import Shares
from sfsync.budget import Budget
from sfsync.client import Salesforce, connect
from sfsync.errors import (
    BudgetExhausted,
    OutcomeUnknown,
    SalesforceRetryable,
    SalesforceUnavailable,
)
from sfsync.mapping import ACCOUNT
from sfsync.outbox import enqueue
from sfsync.pull import pull
from sfsync.push import push
from sfsync.queries import query
from sfsync.records import create_record, upsert_record
from sfsync.status import read_status
from sfsync.usage import OpenGate, OrgWord, purpose
from tests.control import add_fault, control, counted_calls, seed
from tests.sfsync.test_pull import an_account, replica


@dataclass
class CountedGate(OpenGate):
    """Lets a number of calls pass, and remembers what it saw."""

    left: int = 1_000
    entered: Counter[str] = field(default_factory=Counter)
    words: list[OrgWord | None] = field(default_factory=list)
    heard: list[OrgWord] = field(default_factory=list)

    def enter(self, purpose: str) -> None:
        if not self.left:
            now = SystemClock().now()
            raise BudgetExhausted(purpose, why="a test", used=7, ceiling=7, free_at=now)
        self.left -= 1
        self.entered[purpose] += 1

    def leave(self, word: OrgWord | None) -> None:
        self.words.append(word)

    def hear(self, word: OrgWord) -> None:
        self.heard.append(word)


def through(org: LocalOrgServer, gate: CountedGate | Budget) -> Salesforce:
    settings = Settings(environment="test", salesforce_url=org.url)
    return connect(settings, gate=gate, sleep=lambda _: None)


def test_each_call_that_the_org_counts_passes_the_gate_and_no_other(org: LocalOrgServer) -> None:
    gate = CountedGate()
    sf = through(org, gate)
    with purpose("pull"):
        query(sf, "SELECT Id FROM Account")
        org_time(sf)
    running_user(sf)
    create_record(sf, "Account", {"Name": "Ada"})

    assert gate.entered == {"pull": 1, "other": 2}
    assert gate.entered.total() == counted_calls(org)
    used = [word and (word.used, word.limit) for word in gate.words]
    assert used == [(1, 100_000), (2, 100_000), (3, 100_000)]
    at = gate.words[0] and gate.words[0].at
    assert at is not None
    assert abs((at - SystemClock().now()).total_seconds()) < 600


def test_each_attempt_is_a_call(org: LocalOrgServer) -> None:
    gate = CountedGate()
    add_fault(org, action="status", status=503, path="/query", times=2)
    query(through(org, gate), "SELECT Id FROM Account")

    assert gate.entered == {"other": 3}
    assert len(gate.words) == 3


def test_call_without_an_answer_ends_without_a_word(org: LocalOrgServer) -> None:
    gate = CountedGate()
    add_fault(org, action="drop_after", method="POST", path="/sobjects/Account", times=1)
    with pytest.raises(OutcomeUnknown):
        create_record(through(org, gate), "Account", {"Name": "Ada"})

    assert (gate.entered.total(), gate.words) == (1, [None])


def test_refused_call_is_not_sent(org: LocalOrgServer) -> None:
    sf = through(org, CountedGate(left=0))

    with purpose("import"), pytest.raises(BudgetExhausted, match="No API call is left for import"):
        create_record(sf, "Account", {"Name": "Ada"})
    assert counted_calls(org) == 0


def test_repeat_that_finds_no_call_left_ends_in_the_failure_before_it(org: LocalOrgServer) -> None:
    """That request was sent: "nothing was sent" would be a lie about it."""
    add_fault(org, action="status", status=503, path="/query", times=4)
    add_fault(org, action="drop_after", method="PATCH", path="/sobjects/Account", times=4)

    with pytest.raises(SalesforceUnavailable):
        query(through(org, CountedGate(left=2)), "SELECT Id FROM Account")
    sf = through(org, CountedGate(left=2))
    with pytest.raises(OutcomeUnknown):
        upsert_record(sf, "Account", "External_Id__c", "A-1", {"Name": "Ada"})
    rows = query(through(org, CountedGate()), "SELECT Name FROM Account")
    assert [row["Name"] for row in rows] == ["Ada"]


def test_push_without_calls_leaves_every_write_as_it_was(
    org: LocalOrgServer, engine: Engine
) -> None:
    with transaction(engine) as session:
        for number in range(450):
            enqueue(session, "Account", f"A-{number}", {"Name": "Ada"}, "a test")

    with pytest.raises(BudgetExhausted):
        push(through(org, CountedGate(left=2)), engine)
    (account, *_) = read_status(engine).objects
    assert account.outbox == {"sent": 400, "pending": 50}
    assert push(through(org, CountedGate()), engine).created == 50


def test_lost_answer_is_read_back_by_the_next_push_when_no_call_is_left_for_it(
    org: LocalOrgServer, engine: Engine
) -> None:
    with transaction(engine) as session:
        enqueue(session, "Account", "A-1", {"Name": "Ada"}, "a test")
    add_fault(org, action="drop_after", method="PATCH", path="/composite/sobjects", times=1)

    with pytest.raises(BudgetExhausted):
        push(through(org, CountedGate(left=1)), engine)
    (account, *_) = read_status(engine).objects
    assert account.outbox == {"sending": 1}
    report = push(through(org, CountedGate()), engine)
    assert (report.confirmed, report.created) == (1, 0)


def test_pull_that_runs_out_of_calls_is_continued_by_the_next(
    org: LocalOrgServer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfsync.keyset.PAGE_SIZE", 10)
    monkeypatch.setattr("sfsync.planning.FEW", 1)
    seed(org, [an_account(number) for number in range(35)])

    with pytest.raises(BudgetExhausted):
        pull(through(org, CountedGate(left=3)), engine, mappings=[ACCOUNT])
    stored = len(replica(engine, "Account"))
    assert 0 < stored < 35
    report = pull(through(org, CountedGate()), engine, mappings=[ACCOUNT])
    assert report.tallies["Account"].inserted == 35 - stored


class WatchfulGate(CountedGate):
    """Fails when a call is made while a transaction is open in this process."""

    engine: Engine

    def enter(self, purpose: str) -> None:
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedout() == 0, "a call inside a transaction: the gate would wait for itself"
        super().enter(purpose)


@pytest.mark.parametrize("is_export", [False, True])
def test_no_transaction_is_open_while_a_call_is_made(
    org: LocalOrgServer, engine: Engine, monkeypatch: pytest.MonkeyPatch, is_export: bool
) -> None:
    """On SQLite the booking would wait for the transaction, and the transaction for the call."""
    monkeypatch.setattr("sfsync.keyset.PAGE_SIZE", 10)
    monkeypatch.setattr("sfsync.planning.FEW", 1)
    monkeypatch.setattr("sfsync.exports.PAGE_ROWS", 10)
    monkeypatch.setattr("sfsync.exports.ONE_PAGE_ROWS", 10)
    monkeypatch.setattr("sfsync.exports.FIRST_WAIT_S", 0.05)
    monkeypatch.setattr("sfsync.loading.is_export_cheaper", lambda _rows, **_: is_export)
    gate = WatchfulGate()
    gate.engine = engine
    sf = through(org, gate)
    seed(org, [an_account(number) for number in range(35)])
    with transaction(engine) as session:
        for number in range(250):
            enqueue(session, "Account", f"B-{number}", {"Name": "Ada"}, "a test")

    pull(sf, engine)
    push(sf, engine)
    pull(sf, engine)
    assert len(replica(engine, "Account")) == 285
    assert gate.entered.total() == counted_calls(org)


def test_budget_stops_before_the_org_would_and_hears_when_it_has(
    org: LocalOrgServer, engine: Engine
) -> None:
    control(org, "POST", "requests", {"daily_limit": 40})
    budget = Budget(engine, SystemClock(), org.url, Shares(50, 20))
    sf = through(org, budget)
    with purpose("selection"):
        for _ in range(20):
            query(sf, "SELECT Id FROM Account")
        with pytest.raises(BudgetExhausted, match="20 of 20 calls used"):
            query(sf, "SELECT Id FROM Account")
    assert counted_calls(org) == 20


def test_org_that_refuses_for_its_limit_stops_every_process(
    org: LocalOrgServer, engine: Engine
) -> None:
    """Others used up all there is: REQUEST_LIMIT_EXCEEDED comes once, then nothing is sent."""
    first, second = (Budget(engine, SystemClock(), org.url, Shares(50, 20)) for _ in range(2))
    one, other = through(org, first), through(org, second)
    query(one, "SELECT Id FROM Account")
    control(org, "POST", "requests", {"spend": 99_999})

    with pytest.raises(SalesforceRetryable, match="REQUEST_LIMIT_EXCEEDED"):
        query(one, "SELECT Id FROM Account")
    first.settle()
    with purpose("selection"), pytest.raises(BudgetExhausted, match="100000 of 80000 calls used"):
        query(other, "SELECT Id FROM Account")
    assert counted_calls(org) == 1
