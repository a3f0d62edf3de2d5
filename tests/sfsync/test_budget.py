"""Calls are booked before they are sent: the same promises on SQLite and on PostgreSQL."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from config.clock import ClockUnavailable, FrozenClock
from config.database import transaction
from sfsync.allowance import DAY, HOUR, SKEW, Shares
from sfsync.budget import BLOCK_S, LARGEST_BLOCK, Budget
from sfsync.call_ledger import KEPT, Allowance, CallHour, Posting, lock_allowance, post
from sfsync.errors import BudgetExhausted, SalesforceUnavailable
from sfsync.usage import OrgWord

ORG = "https://acme.my.salesforce.com"
NOON = datetime(2025, 3, 11, 12, tzinfo=UTC)
SHARES = Shares(own_percent=50, reserve_percent=20)


@dataclass
class Machine:
    """Time and processes of a test: the org counts every call, as an org does."""

    engine: Engine
    limit: int = 1000
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOON))
    used: int = 0

    def process(self) -> Budget:
        return Budget(
            self.engine, self.clock, ORG, SHARES, monotonic_s=lambda: self.clock.now().timestamp()
        )

    def word(self) -> OrgWord:
        return OrgWord(self.used, self.limit, self.clock.now())

    def call(self, budget: Budget, purpose: str = "pull", times: int = 1) -> None:
        for _ in range(times):
            budget.enter(purpose)
            self.used += 1
            budget.leave(self.word())

    def call_out(self, budget: Budget, purpose: str) -> int:
        """Calls until none is left; how many there were."""
        for count in range(10_000):
            try:
                self.call(budget, purpose)
            except BudgetExhausted:
                return count
        raise AssertionError("there was no end")

    def booked(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Calls and unsent calls by hour and purpose."""
        with transaction(self.engine) as session:
            rows = session.scalars(select(CallHour)).all()
        return {
            (f"{r.hour:%d %H}", r.purpose): (r.calls, r.unsent) for r in rows if r.calls or r.unsent
        }

    def allowance(self) -> Allowance:
        with transaction(self.engine) as session:
            return session.scalars(select(Allowance)).one()


@pytest.fixture
def machine(engine: Engine) -> Machine:
    return Machine(engine)


def test_a_call_is_booked_before_it_is_sent(machine: Machine) -> None:
    machine.process().enter("pull")

    assert machine.booked() == {("11 12", "pull"): (1, 1)}


def test_calls_are_booked_by_hour_and_purpose(machine: Machine) -> None:
    budget = machine.process()
    machine.call(budget, "pull", 3)
    machine.call(budget, "selection", 2)
    machine.clock.advance(3600)
    machine.call(budget, "pull", 1)
    budget.settle()

    assert machine.booked() == {
        ("11 12", "pull"): (3, 0),
        ("11 12", "selection"): (2, 0),
        ("11 13", "pull"): (1, 0),
    }


def test_blocks_double_up_to_their_largest_so_that_many_calls_cost_few_transactions(
    machine: Machine,
) -> None:
    machine.limit = 100_000
    budget = machine.process()
    sizes = []
    machine.call(budget)
    for _ in range(150):
        sizes.append(machine.booked()["11 12", "pull"][0])
        machine.call(budget)

    assert sorted(set(sizes)) == [1, 3, 7, 15, 31, 63, 95, 127, 159]
    assert LARGEST_BLOCK == 32


def test_what_is_not_spent_is_given_back(machine: Machine) -> None:
    budget = machine.process()
    machine.call(budget, times=4)
    assert machine.booked() == {("11 12", "pull"): (7, 4)}

    budget.settle()
    assert machine.booked() == {("11 12", "pull"): (4, 0)}
    budget.settle()
    assert machine.booked() == {("11 12", "pull"): (4, 0)}


def test_a_block_ends_after_a_minute_and_with_its_hour(machine: Machine) -> None:
    budget = machine.process()
    machine.call(budget, times=4)
    machine.clock.advance(BLOCK_S)
    machine.call(budget)
    assert machine.booked() == {("11 12", "pull"): (5, 1)}

    machine.clock.advance(3600 - BLOCK_S - 1)
    machine.call(budget, times=2)
    machine.clock.advance(2)
    machine.call(budget)
    assert machine.booked()["11 13", "pull"] == (1, 1)
    assert machine.booked()["11 12", "pull"] == (7, 0)


def test_a_killed_process_loses_its_block_and_no_more(machine: Machine) -> None:
    machine.call(machine.process(), times=4)
    machine.call(machine.process(), times=4)

    assert machine.booked() == {("11 12", "pull"): (14, 8)}
    machine.clock.advance((DAY + HOUR + SKEW).total_seconds())
    machine.used = 0
    assert machine.call_out(machine.process(), "selection") == 500


def test_the_ceiling_is_reached_to_the_call_and_never_passed(machine: Machine) -> None:
    budget = machine.process()

    assert machine.call_out(budget, "selection") == 500
    with pytest.raises(BudgetExhausted) as caught:
        budget.enter("selection")
    error = caught.value
    assert (error.purpose, error.used, error.ceiling) == ("selection", 500, 500)
    assert error.free_at == NOON + HOUR + DAY + SKEW
    assert "500 of 500 calls used in 24 h; some are free again by 2025-03-12 13:10 UTC" in str(
        error
    )
    assert error.code == "BUDGET_EXHAUSTED"


def test_several_processes_share_one_ceiling(machine: Machine) -> None:
    budgets = [machine.process() for _ in range(4)]
    spent = 0
    for number in range(2000):
        try:
            machine.call(budgets[number % 4], "selection")
            spent += 1
        except BudgetExhausted:
            budgets[number % 4].settle()

    assert spent == machine.used == 500


def test_low_purposes_stop_first_then_the_sync_and_the_selection_last(machine: Machine) -> None:
    budget = machine.process()

    assert machine.call_out(budget, "reconcile") == 400
    assert machine.call_out(budget, "pull") == 50
    assert machine.call_out(budget, "push") == 0
    assert machine.call_out(budget, "selection") == 50


def test_the_reserve_for_people_is_left_to_them_when_others_use_much(machine: Machine) -> None:
    machine.used = 600
    budget = machine.process()

    assert machine.call_out(budget, "selection") == 200
    assert machine.used == 800
    with pytest.raises(BudgetExhausted, match="calls not kept for people are used up") as caught:
        budget.enter("selection")
    assert (caught.value.used, caught.value.ceiling) == (800, 800)


def test_others_who_use_up_the_rest_stop_us_at_the_next_answer(machine: Machine) -> None:
    machine.limit = 100_000
    budget = machine.process()
    machine.call(budget, "selection", 20)
    machine.used = 79_999
    machine.call(budget, "selection")

    with pytest.raises(BudgetExhausted):
        budget.enter("selection")
    assert machine.used == 80_000


def test_each_process_hears_what_the_others_heard(machine: Machine) -> None:
    first, second = machine.process(), machine.process()
    machine.call(second, "pull")
    machine.used = 900
    machine.call(first, "pull")
    first.settle()

    with pytest.raises(BudgetExhausted):
        second.enter("selection")


def test_an_older_word_of_the_org_does_not_undo_a_newer_one(machine: Machine) -> None:
    first, second = machine.process(), machine.process()
    for budget, used, seconds in ((first, 5, 0), (second, 700, 9)):
        budget.enter("pull")
        budget.leave(OrgWord(used, 1000, NOON + timedelta(seconds=seconds)))
    second.settle()
    first.settle()

    # The call of the first was still booked as unsent when the second reported its own.
    assert (machine.allowance().used, machine.allowance().others) == (700, 699)


def test_calls_of_our_own_are_not_taken_for_those_of_others(machine: Machine) -> None:
    machine.used = 100
    first, second = machine.process(), machine.process()
    machine.call(first, times=40)
    machine.call(second, times=40)
    first.settle()
    second.settle()
    machine.call(first)
    first.settle()

    assert (machine.allowance().used, machine.allowance().others) == (181, 100)


def test_calls_under_way_are_not_taken_for_counted_ones(machine: Machine) -> None:
    budget = machine.process()
    machine.call(budget, times=7)
    for _ in range(5):
        budget.enter("pull")  # five threads wait for their answers
    budget.settle()

    assert machine.allowance().others == 0
    assert machine.booked() == {("11 12", "pull"): (12, 5)}
    for _ in range(5):
        machine.used += 1
        budget.leave(machine.word())
    budget.settle()
    assert machine.allowance().others == 0
    assert machine.booked() == {("11 12", "pull"): (12, 0)}


def test_calls_without_an_answer_stay_booked(machine: Machine) -> None:
    budget = machine.process()
    budget.enter("push")
    budget.leave(None)
    budget.settle()

    assert machine.booked() == {("11 12", "push"): (1, 0)}


def test_calls_are_free_again_when_they_leave_the_rolling_day(machine: Machine) -> None:
    budget = machine.process()
    machine.call_out(budget, "selection")
    machine.clock.advance(HOUR.total_seconds() * 25)
    machine.used = 0
    assert machine.call_out(budget, "selection") == 0

    machine.clock.advance(SKEW.total_seconds())
    assert machine.call_out(budget, "selection") == 500


def test_a_change_of_step_is_told_once_and_back_again(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    budgets = [machine.process(), machine.process()]
    for number in range(330):
        machine.call(budgets[number % 2], "pull")
    machine.clock.advance((DAY + HOUR + SKEW).total_seconds())
    machine.used = 0
    for budget in budgets:
        machine.call(budget)

    told = [(r.getMessage(), vars(r)["before"], vars(r)["step"]) for r in caplog.records]
    assert told == [
        ("the API budget changed its step", "normal", "sparing"),
        ("the API budget changed its step", "sparing", "normal"),
    ]
    assert machine.allowance().step == "normal"


def test_a_paused_purpose_comes_back_only_some_points_below(machine: Machine) -> None:
    budget = machine.process()
    machine.call(budget, "selection", 1)
    machine.clock.advance(3600)
    machine.call(budget, "selection", 30)
    machine.clock.advance(3600)
    machine.call_out(budget, "reconcile")
    machine.clock.advance((DAY - HOUR + SKEW).total_seconds())  # one call left the day: 79.8 %
    machine.used -= 1

    with pytest.raises(BudgetExhausted, match="in step 'essentials' reconciliation") as caught:
        budget.enter("reconcile")
    assert caught.value.free_at == NOON + HOUR + HOUR + DAY + SKEW
    machine.clock.advance(3600)
    machine.used -= 30
    assert machine.call_out(budget, "reconcile") == 31


def test_calls_are_spared_where_the_step_says_so(machine: Machine) -> None:
    budget = machine.process()
    machine.call(budget, times=300)
    assert not budget.spares_calls

    machine.call(budget, times=60)
    budget.settle()
    assert budget.spares_calls


def test_before_the_org_said_anything_the_smallest_allowance_holds(machine: Machine) -> None:
    with transaction(machine.engine) as session:
        lock_allowance(session, ORG)
        post(session, ORG, [Posting(NOON, "selection", calls=7499)])
    budget = machine.process()
    budget.enter("selection")

    with pytest.raises(BudgetExhausted) as caught:
        budget.enter("selection")
    assert caught.value.ceiling == 7500


def test_a_local_org_whose_clock_was_moved_gets_a_new_block(machine: Machine) -> None:
    budget = machine.process()
    machine.call(budget, times=4)
    budget.hear(OrgWord(4, 1000, NOON + timedelta(days=3)))
    machine.clock.advance(3 * 86400)
    machine.call(budget)

    assert machine.booked()["14 12", "pull"] == (1, 1)


def test_hours_that_no_forecast_needs_are_dropped(machine: Machine) -> None:
    budget = machine.process()
    machine.call(budget)
    machine.clock.advance((KEPT + HOUR).total_seconds())
    machine.call(budget)
    budget.settle()

    assert [hour for hour, _ in machine.booked()] == ["15 13"]


class StoppedClock:
    def now(self) -> datetime:
        raise ClockUnavailable("The local org does not tell the time.")


def test_a_local_org_that_is_down_is_down_for_the_gate_too(engine: Engine) -> None:
    budget = Budget(engine, StoppedClock(), ORG, SHARES)

    with pytest.raises(SalesforceUnavailable, match="does not tell the time"):
        budget.enter("pull")


def test_a_booking_that_fails_loses_the_block_and_lets_nothing_pass(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = machine.process()
    machine.call(budget, times=3)  # a block of one, and a block of two

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    with monkeypatch.context() as broken:
        broken.setattr("sfsync.budget.read_standing", fail)
        with pytest.raises(OperationalError):
            budget.enter("pull")
    assert machine.booked() == {("11 12", "pull"): (3, 2)}

    machine.call(budget)
    budget.settle()
    assert machine.booked() == {("11 12", "pull"): (4, 2)}
