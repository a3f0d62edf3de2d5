"""The gate that books every API call before it is sent, and refuses it when none is left.

Owns how processes share one ceiling without asking the database at each call: a process books a
small block in a short transaction of its own, spends it from memory, and gives back the rest. So
the ceiling holds exactly however many processes there are, and one that dies loses its block.
Blocks begin with one call and double while they run out, so an idle pull books what it makes.

Never enter the gate while the same thread holds a transaction: on SQLite there is one writer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.clock import Clock, ClockUnavailable
from config.database import transaction
from sfsync.allowance import HOUR, SKEW, Level, Shares, Standing, hour_of
from sfsync.call_ledger import (
    Allowance,
    Posting,
    forget_old,
    lock_allowance,
    note_word,
    post,
    read_standing,
)
from sfsync.degradation import BACK_POINTS, STEPS, Step, choose_step, priority_of, top_percent
from sfsync.errors import BudgetExhausted, SalesforceUnavailable
from sfsync.usage import OrgWord

logger = logging.getLogger(__name__)

#: The largest block, which is also what a killed process loses for each purpose.
LARGEST_BLOCK = 32
#: A block is at most this part of what is left, so that several processes can reach the ceiling.
BLOCK_PART = 8
#: What is not spent by then is given back at the next booking.
BLOCK_S = 60.0


@dataclass
class _Block:
    """Calls of one purpose that this process may send."""

    hour: datetime  #: the UTC hour that they are booked to
    size: int
    expires_s: float
    spent: int = 0

    def has_calls(self, now_s: float) -> bool:
        """Whether another call may be sent from it."""
        return self.spent < self.size and now_s < self.expires_s


@dataclass(frozen=True)
class _Decision:
    """What came of asking for calls."""

    step: Step
    before: Step
    level: Level
    granted: int
    refusal: BudgetExhausted | None


class Budget:
    """One process's gate to one org's allowance. Safe to use from several threads."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        org: str,
        shares: Shares,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`org` is its address; `clock` keeps the time that the org counts by."""
        self._engine = engine
        self._clock = clock
        self._org = org
        self._shares = shares
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._blocks: dict[str, _Block] = {}
        self._step = STEPS[0]
        #: Calls that were let in and not yet reported as sent, by hour and purpose.
        self._unreported: Counter[tuple[datetime, str]] = Counter()
        self._reported = self._ended = self._in_flight = self._unanswered = 0
        self._latest_at: datetime | None = None
        self._word: OrgWord | None = None
        self._ended_at_word = 0

    @property
    def spares_calls(self) -> bool:
        """Whether the step in force, as far as this process knows, prefers fewer calls."""
        return self._step.prefers_bulk

    def enter(self, purpose: str) -> None:
        """Books one call that is about to be sent.

        Raises BudgetExhausted: it must not be sent; SalesforceUnavailable when the local org, which
        keeps the time, does not answer; SQLAlchemyError when our database does not.
        """
        with self._lock:
            block = self._blocks.get(purpose)
            if block is None or not block.has_calls(self._monotonic_s()) or self._is_alarmed():
                block = self._book(purpose)
            block.spent += 1
            self._in_flight += 1
            self._unreported[block.hour, purpose] += 1

    def leave(self, word: OrgWord | None) -> None:
        """Ends a call that was let in; None: no answer came, the org may have counted it or not."""
        with self._lock:
            self._in_flight -= 1
            self._ended += 1
            if word is None:
                self._unanswered += 1
            else:
                self._hear(word)

    def hear(self, word: OrgWord) -> None:
        """Takes note of what an answer said that belongs to no counted call."""
        with self._lock:
            self._hear(word)

    def settle(self) -> None:
        """Gives back what is not spent and writes down what the org said. Idempotent."""
        with self._lock:
            if not self._blocks and not self._unreported:
                return  # what was heard without a call of ours is not worth a transaction
            with self._posting(may_guess_time=True) as (session, row, now):
                decision = self._decide(session, row, now, None)
                forget_old(session, self._org, now)
            self._tell(decision)

    def look(self) -> Step:
        """The step in force now, written down; no call is booked. Raises as `enter` does."""
        with self._lock:
            with self._posting() as (session, row, now):
                decision = self._decide(session, row, now, None)
            self._tell(decision)
            return decision.step

    def _hear(self, word: OrgWord) -> None:
        self._word, self._ended_at_word = word, self._ended - self._unanswered
        for block in self._blocks.values():
            if word.at and not block.hour - SKEW <= word.at < block.hour + HOUR + SKEW:
                block.expires_s = self._monotonic_s()  # a local org whose clock was moved

    def _is_alarmed(self) -> bool:
        """Whether the org has just said that nothing is left beside the people's reserve."""
        if self._word is None:
            return False
        return self._word.used >= Level(self._shares, self._word.limit, 0, 0).org_ceiling

    def _book(self, purpose: str) -> _Block:
        wanted = self._next_size(purpose)
        with self._posting(purpose) as (session, row, now):
            decision = self._decide(session, row, now, (purpose, wanted))
            if decision.granted:
                calls = decision.granted
                post(session, self._org, [Posting(hour_of(now), purpose, calls, calls)])
        self._tell(decision)
        if decision.refusal is not None:
            raise decision.refusal
        left_s = (hour_of(now) + HOUR - now).total_seconds()
        expires_s = self._monotonic_s() + min(BLOCK_S, left_s)
        block = _Block(hour_of(now), decision.granted, expires_s)
        self._blocks[purpose] = block
        return block

    def _next_size(self, purpose: str) -> int:
        """One call at first, twice as many each time that a block ran out in its time."""
        block = self._blocks.get(purpose)
        if block is None or self._monotonic_s() >= block.expires_s or block.spent < block.size:
            return 1
        return min(2 * block.size, LARGEST_BLOCK)

    @contextmanager
    def _posting(
        self, purpose: str | None = None, *, may_guess_time: bool = False
    ) -> Iterator[tuple[Session, Allowance, datetime]]:
        """A transaction in which this process has reported, and given back blocks that end.

        Those are the one of `purpose` and all whose time is over; without a purpose, all. When it
        fails nobody knows whether it was committed, so the blocks count as lost.
        """
        now, now_s = self._read_clock(may_guess=may_guess_time), self._monotonic_s()
        blocks = {
            name: block
            for name, block in self._blocks.items()
            if purpose in (None, name) or now_s >= block.expires_s
        }
        word, self._word = self._word, None
        try:
            with transaction(self._engine) as session:
                row = lock_allowance(session, self._org)
                post(session, self._org, [*self._reports(), *_returns(blocks)])
                if word is not None:
                    # What was reported as sent after the org spoke cannot be in what it counted.
                    note_word(session, row, word, self._reported - self._ended_at_word, now)
                yield session, row, now
        except BaseException:
            self._blocks.clear()
            self._reported += self._unreported.total()
            self._unreported.clear()
            raise
        self._unanswered = 0
        for name in blocks:
            del self._blocks[name]

    def _reports(self) -> list[Posting]:
        """What was sent since the last report; calls that are under way wait for the next one."""
        rest = max(0, self._unreported.total() - self._in_flight)
        postings = []
        for (hour, purpose), calls in list(self._unreported.items()):
            told = min(calls, rest)
            rest -= told
            self._reported += told
            self._unreported[hour, purpose] -= told
            postings.append(Posting(hour, purpose, unsent=-told))
        self._unreported += Counter()  # drops what is at zero
        return [each for each in postings if each.unsent]

    def _decide(
        self, session: Session, row: Allowance, now: datetime, ask: tuple[str, int] | None
    ) -> _Decision:
        """The step in force, written down, and what is granted of `ask` (purpose, calls)."""
        standing = read_standing(session, row, self._shares, now)
        level, before = standing.level_at(now), row.present_step
        step = choose_step(level.percent, before)
        if step is not before or row.stepped_at is None:
            row.step, row.stepped_at = step.name, now
        if ask is None:
            return _Decision(step, before, level, 0, None)
        purpose, wanted = ask
        granted = _grant(standing, level, step, now, purpose, wanted)
        refusal = None if granted else _refuse(standing, level, step, now, purpose)
        return _Decision(step, before, level, granted, refusal)

    def _tell(self, decision: _Decision) -> None:
        self._step = decision.step
        if decision.step is decision.before:
            return
        used, ceiling, what = decision.level.nearer
        facts = {
            "step": decision.step.name,
            "before": decision.before.name,
            "tells": decision.step.tells,
            "used": used,
            "ceiling": ceiling,
            "of": what,
        }
        logger.warning("the API budget changed its step", extra=facts)

    def _read_clock(self, *, may_guess: bool) -> datetime:
        """The org's time. `may_guess`: the latest one known will do when nobody tells it."""
        try:
            self._latest_at = self._clock.now()
        except ClockUnavailable as error:
            if not may_guess or self._latest_at is None:
                raise SalesforceUnavailable(str(error)) from error
        return self._latest_at


def _returns(blocks: dict[str, _Block]) -> list[Posting]:
    """What is given back of blocks that end."""
    rests = {name: block.size - block.spent for name, block in blocks.items()}
    return [Posting(blocks[name].hour, name, -rest, -rest) for name, rest in rests.items() if rest]


def _grant(
    standing: Standing, level: Level, step: Step, now: datetime, purpose: str, wanted: int
) -> int:
    """How many calls of `wanted` may be booked now; 0: none."""
    if priority_of(purpose) in step.paused:
        return 0
    room = level.room(top_percent(purpose))
    wanted = 1 if standing.is_stale(now) else wanted
    return min(wanted, room, max(1, room // BLOCK_PART))


def _refuse(
    standing: Standing, level: Level, step: Step, now: datetime, purpose: str
) -> BudgetExhausted:
    used, ceiling, what = level.nearer
    top = float(top_percent(purpose))
    is_paused = priority_of(purpose) in step.paused
    is_over = step is STEPS[-1] or not is_paused
    why = f"{what} are used up" if is_over else f"in step '{step.name}' {step.tells}"
    free_at = standing.free_at(now, top - BACK_POINTS if is_paused else top)
    return BudgetExhausted(purpose, why=why, used=used, ceiling=ceiling, free_at=free_at)
