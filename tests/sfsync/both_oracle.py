"""Judges a life of both sides by its log: nobody overwritten in silence, nothing lost or twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import Engine, select

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync import jsonio
from sfsync.conflicts import SyncConflict
from sfsync.merging import CREATION_ONLY, DELETION
from sfsync.outbox import OutboxWrite, WriteState
from tests.sfsync.save_log import Saved, SaveLog, stored_name

MISSING = object()
#: Clashes that are not with a value of a person: a deletion, and what the org gives by default.
NOT_BY_PEOPLE = frozenset({DELETION, "CurrencyIsoCode"})


@dataclass(frozen=True)
class Wish:
    """One field that our side asked for."""

    sobject: str
    key: str
    name: str
    value: Any
    at: datetime  #: the org's time, in whole seconds
    write_id: int | None  #: the write that took it; None when it was on its way already


def waits_in_vain(row: OutboxWrite, rows: Sequence[OutboxWrite]) -> bool:
    """Whether a write says that it waits for a refused one, or for one that does so itself."""
    reason = f"{row.waits_for} "
    return "which was refused" in reason or any(
        f"{each.sobject} {each.external_id}, " in reason and waits_in_vain(each, rows)
        for each in rows
        if each.state == WriteState.PENDING and each.waits_for
    )


class Oracle:
    """What one life's end must show, from its log, its wishes and our database."""

    def __init__(self, log: SaveLog, wishes: list[Wish], engine: Engine) -> None:
        self.log, self.wishes = log, wishes
        with transaction(engine) as session:
            self.rows = list(session.scalars(select(OutboxWrite).order_by(OutboxWrite.id)))
            clashes = list(session.scalars(select(SyncConflict)))
        self.clashes = {(each.write_id, stored_name(each.field)): each for each in clashes}

    def judge(self, server: LocalOrgServer) -> list[str]:
        """Everything that is wrong."""
        return [
            *self._judge_saves(),
            *self._judge_creations(server),
            *(fault for row in self.rows for fault in self._judge_row(row)),
            *self._judge_wishes(),
            *self._judge_clashes(),
        ]

    def _judge_saves(self) -> Iterator[str]:
        """Our saves: each known, each with an effect, none over a person's value in silence."""
        ours: dict[tuple[str, str], Any] = {}
        latest: dict[tuple[str, str], int] = {}
        for saved in self.log.saves:
            cells = [(saved.record_id, name) for name in saved.changed]
            if not saved.is_ours:
                for cell in cells:
                    ours.pop(cell, None)
                continue
            attempt = self.log.attempts.get(saved.mark or "")
            if attempt is None:
                yield f"{_tell(saved)} carries a mark that no write of ours had"
                continue
            if not cells:
                yield f"{_tell(saved)} is an echo: it changed nothing"
            for cell in cells:
                if latest.get(cell, 0) >= attempt.write_id:
                    yield f"{_tell(saved)} comes back to {cell[1]} with write {attempt.write_id}"
                latest[cell] = attempt.write_id
                before = (saved.before or {}).get(cell[1])
                if saved.before is not None and ours.get(cell, MISSING) != before:
                    yield from self._judge_overwriting(saved, cell[1])
                ours[cell] = saved.after[cell[1]]

    def _judge_overwriting(self, saved: Saved, name: str) -> Iterator[str]:
        """A person's value was replaced: it was what we had seen, or the clash is listed."""
        assert saved.before is not None
        attempt = self.log.attempts[saved.mark or ""]
        theirs = self.log.spell(saved.before[name])
        if attempt.base.get(name, MISSING) == theirs:
            return
        clash = self.clashes.get((attempt.write_id, name))
        if clash is None or self.log.spell(jsonio.loads(clash.theirs)) != theirs:
            seen = attempt.base.get(name, "nothing")
            yield f"{_tell(saved)} overwrote {name} {theirs!r} in silence, having seen {seen!r}"

    def _judge_creations(self, server: LocalOrgServer) -> Iterator[str]:
        """No record was made twice while the first one was there, in the bin at least."""
        made: dict[tuple[str, str | None], str] = {}
        for saved in self.log.saves:
            if saved.before is not None or not saved.is_ours:
                continue
            first = made.setdefault((saved.sobject, saved.key), saved.record_id)
            sobject = server.org.schema.objects[saved.sobject]
            is_there = server.org.store.table(sobject).get(first) is not None
            if first != saved.record_id and is_there:
                yield f"{saved.sobject} {saved.key} was made twice"
        live: Counter[tuple[str, str]] = Counter()
        for name in ("Account", "Order", "Order_Proposal__c"):
            for row in server.org.store.table(server.org.schema.objects[name]).all():
                if row["External_Id__c"] is not None and not row["IsDeleted"]:
                    live[name, str(row["External_Id__c"])] += 1
        yield from (f"{count} live {key}" for key, count in live.items() if count > 1)

    def _judge_row(self, row: OutboxWrite) -> Iterator[str]:
        """A write ended, and each of its values is in the org, or what became of it is told."""
        name = f"write {row.id} of {row.sobject} {row.external_id}"
        if row.state == WriteState.SUPERSEDED:
            return
        if row.state == WriteState.REJECTED:
            if not (row.error_message and row.error_remedy):
                yield f"{name} is rejected without words"
        elif row.state == WriteState.PENDING:
            if not waits_in_vain(row, self.rows):
                yield f"{name} still waits: {row.waits_for or row.error_message}"
        elif row.state == WriteState.YIELDED and not self._clashes_of(row):
            yield f"{name} yielded to nobody"
        elif row.state not in (WriteState.SENT, WriteState.YIELDED):
            yield f"{name} ends as {row.state}"
        elif (row.id, DELETION) not in self.clashes:
            yield from (f"{name}: {each} is lost" for each in self._lost(row))

    def _clashes_of(self, row: OutboxWrite) -> list[SyncConflict]:
        return [clash for (write_id, _), clash in self.clashes.items() if write_id == row.id]

    def _lost(self, row: OutboxWrite) -> Iterator[str]:
        base = row.base_values
        for name, value in row.values.items():
            wanted = self.log.spell(value)
            is_unchanged = name in base and self.log.spell(base[name]) == wanted
            is_told = (row.id, stored_name(name)) in self.clashes
            if is_unchanged or is_told or name in CREATION_ONLY:
                continue
            if wanted not in self._held(row, name, value):
                yield f"{name} {wanted!r}"

    def _held(self, row: OutboxWrite, name: str, value: Any) -> list[object]:
        """What the record held in a field since the wish, as others saw it."""
        asked_at = [
            wish.at
            for wish in self.wishes
            if (wish.sobject, wish.key, wish.name) == (row.sobject, row.external_id, name)
            and wish.value == value
            and wish.write_id is not None
            and wish.write_id <= row.id
        ][-1]
        saves = [
            saved
            for saved in self.log.saves
            if (saved.sobject, saved.key) == (row.sobject, row.external_id)
        ]
        return [
            self.log.spell(saved.after[stored_name(name)])
            for saved, later in zip_longest(saves, saves[1:])
            if later is None or later.visible_at >= asked_at
        ]

    def _judge_wishes(self) -> Iterator[str]:
        """The last wish for each field is what our newest write of it says."""
        last = {(wish.sobject, wish.key, wish.name): wish.value for wish in self.wishes}
        newest: dict[tuple[str, str, str], Any] = {}
        for row in self.rows:
            if row.state != WriteState.SUPERSEDED:
                for name, value in row.values.items():
                    newest[row.sobject, row.external_id, name] = value
        for cell, value in last.items():
            if newest.get(cell, MISSING) != value:
                yield f"the wish for {cell} is {newest.get(cell)!r} in the outbox, not {value!r}"

    def _judge_clashes(self) -> Iterator[str]:
        """What a clash calls theirs is a person's word: they wrote it, or made the record."""
        for (write_id, name), clash in self.clashes.items():
            if name in NOT_BY_PEOPLE:
                continue
            theirs = self.log.spell(jsonio.loads(clash.theirs))
            if theirs in map(self.log.spell, self.log.masters):
                continue  # a merge by people moves children without a save of theirs
            if not any(
                (name in saved.changed or saved.before is None)
                and self.log.spell(saved.after[name]) == theirs
                for saved in self.log.saves
                if saved.key == clash.external_id and not saved.is_ours
            ):
                yield f"write {write_id} of {clash.external_id}: {name} {theirs!r} is nobody's"


def _tell(saved: Saved) -> str:
    return f"our save of {saved.sobject} {saved.key}"
