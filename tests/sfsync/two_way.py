"""A seeded market in which people and the back office edit the same records, with an oracle.

The oracle knows only what the org held before and after a push, and what each write said it was
made from; from that it tells what must have become of every field.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from config.clock import FrozenClock
from config.database import transaction
from sfsync import sending
from sfsync.conflicts import list_conflicts
from sfsync.merging import Policy, find_policy
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.pull import pull
from sfsync.push import PushReport, push
from sfsync.queries import query
from sfsync.replica_reads import find_by_key
from tests.sfsync.people import Admin

FIELDS = {
    "Name": "name",
    "Description": "description",
    "BillingCountry": "billing_country",
    "Payout_Account__c": "payout_account",
}
VALUES = ("v0", "v1", "v2", "v3")
RECORDS = 12
Cell = tuple[str, str]


@dataclass(frozen=True)
class Wish:
    """One field of a write that waits, and what it says it was made from."""

    base: Any
    ours: str


class Market:
    """One seed's life of records that both sides edit."""

    def __init__(self, seed: int, admin: Admin, sf: Salesforce, engine: Engine) -> None:
        self.die = random.Random(seed)
        self.admin, self.sf, self.engine = admin, sf, engine
        self.clock = FrozenClock(admin.org.clock.now())
        self.counts: Counter[str] = Counter()
        self.written: dict[Cell, Any] = {}
        self.edited: set[Cell] = set()
        self.meddled: dict[str, dict[str, Any]] = {}
        self.ids = {
            f"A-{n}": admin.create("Account", External_Id__c=f"A-{n}", Name="v0")
            for n in range(RECORDS)
        }
        self._pull()

    def live(self, edits: int) -> None:
        """Let that many edits happen, on both sides, with pulls and pushes between them."""
        while self.counts["edits"] < edits:
            for _ in range(self.die.randint(1, 30)):
                self.die.choice((self._edit, self._note))()
            self.admin.wait(seconds=self.die.choice((0, 2, 70)))
            if self.die.random() < 0.5:
                self._pull()
            self._push()

    def _edit(self, cell: Cell | None = None) -> None:
        key, field = cell or self._cell()
        self.admin.change("Account", self.ids[key], **{field: self.die.choice(VALUES)})
        self.edited.add((key, field))
        self.counts["edits"] += 1

    def _note(self) -> None:
        """A wish of the back office; what it says it was made from must have been known here."""
        key, field = self._cell()
        with transaction(self.engine) as session:
            rows = find_by_key(session, "Account", [key])
            known = {rows[key][FIELDS[field]], self.written.get((key, field))}
            waited = field in _waiting_values(session, key)
            is_new = enqueue(session, "Account", key, {field: self.die.choice(VALUES)}, "desk")
            base = _waiting_base(session, key).get(field)
        self.counts["edits"] += 1
        assert waited or not is_new or base in known, f"{key} {field}: {base} was never known"

    def _cell(self) -> Cell:
        return self.die.choice(list(self.ids)), self.die.choice(list(FIELDS))

    def _pull(self) -> None:
        pull(self.sf, self.engine)

    def _push(self) -> None:
        wishes, first = self._wishes(), self._org()
        known = len(self._conflicts())
        self.edited.clear()
        is_disturbed = wishes and self.die.random() < 0.5
        report = self._push_once((lambda: self._meddle(list(wishes))) if is_disturbed else _rest)
        after = self._org()
        assert (report.retried, report.rejected, self._wishes()) == (0, 0, {})
        self._judge(wishes, first, after, self._conflicts()[known:])
        assert self._push_once(_rest) == PushReport(), "a push after a push has work"
        assert self._org() == after

    def _push_once(self, meddle: Any) -> PushReport:
        """A push; `meddle` happens once, when the merge is done and nothing has left yet."""
        left, carry = [meddle], sending.carry

        def carry_later(*args: Any) -> Any:
            if left:
                left.pop()()
            return carry(*args)

        sending.carry = carry_later
        try:
            return push(
                self.sf, self.engine, clock=self.clock, sleep=lambda s: self.admin.wait(seconds=s)
            )
        finally:
            sending.carry = carry

    def _meddle(self, cells: list[Cell]) -> None:
        """People edit the very fields that are about to be sent."""
        self.admin.wait(seconds=1)
        for _ in range(3):
            self._edit(self.die.choice(cells))
        self.meddled = self._org()
        self.admin.wait(seconds=1)

    def _judge(
        self,
        wishes: dict[Cell, Wish],
        first: dict[str, Any],
        after: dict[str, Any],
        conflicts: list[tuple[Cell, Any, Any]],
    ) -> None:
        """Whether every field is what it must be, and every clash is listed, and nothing else."""
        before = self.meddled if self.edited else first
        listed = {cell: (ours, theirs) for cell, ours, theirs in conflicts}
        for key, row in before.items():
            for field in FIELDS:
                cell, found = (key, field), after[key][field]
                wish = wishes.get(cell, Wish(row[field], row[field]))
                told = listed.get(cell)
                if cell in self.edited:
                    self._judge_edited(cell, wish, row[field], found, told)
                    continue
                expected, clash = self._expect(field, wish, row[field])
                assert (found, told) == (expected, clash), f"{cell}: {wish} met {row[field]}"
            self._check_echo(key, row, after[key])

    def _expect(self, field: str, wish: Wish, theirs: Any) -> tuple[Any, tuple[Any, Any] | None]:
        """What a field must be that nobody edited during the push, and the clash to be listed."""
        if wish.ours in (theirs, wish.base):
            self.counts["no change"] += wish != Wish(theirs, theirs)
            return theirs, None
        if wish.base == theirs:
            self.counts["merged"] += 1
            return wish.ours, None
        self.counts["clashes"] += 1
        is_ours = find_policy("Account", field) is Policy.OURS
        return (wish.ours if is_ours else theirs), (wish.ours, theirs)

    def _judge_edited(
        self, cell: Cell, wish: Wish, theirs: Any, found: Any, told: tuple[Any, Any] | None
    ) -> None:
        """An edit between the merge and the sending stands, unless its value is what we came from,
        or the field is ours and the clash is told."""
        self.counts["edited meanwhile"] += 1
        is_told = told == (wish.ours, theirs) and find_policy("Account", cell[1]) is Policy.OURS
        is_merged = wish.base == theirs and found == wish.ours
        assert found == theirs or is_merged or (is_told and found == wish.ours), f"{cell} {wish}"

    def _check_echo(self, key: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        """A record in which nothing had to change was not touched."""
        if all(after[name] == before[name] for name in FIELDS):
            assert after["Sync_Write__c"] == before["Sync_Write__c"], f"an echo to {key}"
        for name in FIELDS:
            if after[name] != before[name]:
                self.written[(key, name)] = after[name]

    def _wishes(self) -> dict[Cell, Wish]:
        with transaction(self.engine) as session:
            rows = session.scalars(
                select(OutboxWrite).where(OutboxWrite.state == WriteState.PENDING)
            )
            return {
                (row.external_id, name): Wish(row.base_values.get(name), value)
                for row in rows
                for name, value in row.values.items()
            }

    def _conflicts(self) -> list[tuple[Cell, Any, Any]]:
        with transaction(self.engine) as session:
            return [
                ((each.external_id, each.field), each.ours[1:-1], each.theirs[1:-1])
                for each in list_conflicts(session, only_open=False)
            ]

    def _org(self) -> dict[str, dict[str, Any]]:
        fields = ", ".join(["External_Id__c", "Sync_Write__c", *FIELDS])
        rows = query(self.sf, f"SELECT {fields} FROM Account")  # noqa: S608
        return {row["External_Id__c"]: row for row in rows}


def _rest() -> None:
    """Nobody does anything."""


def _waiting(session: Session, key: str) -> OutboxWrite | None:
    return session.scalar(
        select(OutboxWrite).where(
            OutboxWrite.state == WriteState.PENDING, OutboxWrite.external_id == key
        )
    )


def _waiting_values(session: Session, key: str) -> dict[str, Any]:
    row = _waiting(session, key)
    return {} if row is None else row.values


def _waiting_base(session: Session, key: str) -> dict[str, Any]:
    row = _waiting(session, key)
    return {} if row is None else row.base_values
