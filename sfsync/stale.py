"""Which formulas of the replica are no longer what the org computes, and how fresh the others are.

Owns the tables `sync_formulas` and `sync_stale_formula`. A formula that reads a parent changes with
it, while the stamp of its own record stays, so no pull would ever read it again. Whoever stores a
parent notes its children here first, in the same transaction: nobody who is killed in between can
lose them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Index,
    String,
    delete,
    distinct,
    false,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime
from sfsync.chunks import chunked
from sfsync.mapping import BY_SOBJECT, MAPPINGS, FieldMap, Reading
from sfsync.mapping import Mapping as ObjectMapping
from sfsync.replica import LOOKUP_SIZE, TABLES
from sfsync.values import read_field


class FormulaState(Base):
    """How fresh the formulas of one sObject are. A missing row means that it is not known."""

    __tablename__ = "sync_formulas"

    sobject: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: the org's time when a reading of all of them began that came to its end
    fresh_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: readings of a whole parent that no reading of all these formulas has followed yet
    parent_loads: Mapped[int] = mapped_column(default=0)


class StaleFormula(Base):
    """One row whose formulas a parent's change made stale."""

    __tablename__ = "sync_stale_formula"

    id: Mapped[int] = mapped_column(primary_key=True)
    sobject: Mapped[str] = mapped_column(String(80))
    salesforce_id: Mapped[str] = mapped_column(String(18))
    #: read again since; kept until the next sweep, whose own reading may be older than that
    is_refreshed: Mapped[bool] = mapped_column(default=False)


Index(None, StaleFormula.sobject, StaleFormula.salesforce_id)


@dataclass(frozen=True)
class Dependant:
    """An sObject with a formula that reads a parent."""

    sobject: str
    reading: Reading


@dataclass(frozen=True)
class Stale:
    """What is stale of one sObject at a moment."""

    rows: int  #: rows noted one by one
    last_id: int  #: of the newest note
    parent_loads: int  #: whole parents that were read meanwhile: any row may be stale


def find_dependants(mappings: Iterable[ObjectMapping]) -> dict[str, tuple[Dependant, ...]]:
    """Whose formulas read a parent, by the parent's sObject."""
    found: dict[str, tuple[Dependant, ...]] = {}
    for mapping in mappings:
        for each in mapping.readings:
            dependant = Dependant(mapping.sobject, each)
            found[each.sobject] = (*found.get(each.sobject, ()), dependant)
    return found


DEPENDANTS = find_dependants(MAPPINGS)


def note_changed(
    session: Session, mapping: ObjectMapping, records: Sequence[Mapping[str, Any]]
) -> None:
    """Notes the children whose formulas read what `records` change; before these are stored."""
    for each in DEPENDANTS.get(mapping.sobject, ()):
        changed = _find_changed(session, mapping, each.reading.columns, records)
        _note_children(session, each, changed)


def note_deleted(session: Session, mapping: ObjectMapping, ids: Iterable[str]) -> None:
    """Notes the children of parents that were deleted; before these are marked."""
    dependants = DEPENDANTS.get(mapping.sobject, ())
    table = TABLES[mapping.sobject]
    for chunk in chunked(ids, LOOKUP_SIZE) if dependants else ():
        is_alive = table.c.is_deleted.is_not(true())
        query = select(table.c.salesforce_id).where(table.c.salesforce_id.in_(chunk), is_alive)
        parents = session.scalars(query).all()
        for each in dependants:
            _note_children(session, each, parents)


def note_load(session: Session, mapping: ObjectMapping) -> None:
    """Notes that a reading of everything begins: its own formulas become fresh with their rows,
    and those of its children may not be."""
    state = _state(session, mapping.sobject)
    state.parent_loads = 0
    session.execute(delete(StaleFormula).where(StaleFormula.sobject == mapping.sobject))
    for name in {each.sobject for each in DEPENDANTS.get(mapping.sobject, ())}:
        _state(session, name).parent_loads += 1


def note_fresh(session: Session, sobject: str, at: datetime | None) -> None:
    """Notes that all formulas were read, from the org's time `at` on."""
    if BY_SOBJECT[sobject].formulas:
        _state(session, sobject).fresh_at = at


def read_stale(session: Session, sobject: str) -> Stale:
    """What is known to be stale."""
    query = select(
        func.count(distinct(StaleFormula.salesforce_id)), func.max(StaleFormula.id)
    ).where(StaleFormula.sobject == sobject, StaleFormula.is_refreshed.is_(false()))
    rows, last_id = session.execute(query).one()
    state = session.get(FormulaState, sobject)
    return Stale(rows, last_id or 0, state.parent_loads if state else 0)


def load_stale_ids(session: Session, sobject: str) -> dict[str, int]:
    """The Ids of the rows that are noted, each with the number of its newest note."""
    query = (
        select(StaleFormula.salesforce_id, func.max(StaleFormula.id))
        .where(StaleFormula.sobject == sobject, StaleFormula.is_refreshed.is_(false()))
        .group_by(StaleFormula.salesforce_id)
        .order_by(StaleFormula.salesforce_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def note_refreshed(session: Session, sobject: str, notes: Mapping[str, int]) -> None:
    """Notes that these rows were read again; what was noted meanwhile stays noted."""
    for chunk in chunked(notes, LOOKUP_SIZE):
        rows = update(StaleFormula).where(
            StaleFormula.sobject == sobject,
            StaleFormula.salesforce_id.in_(chunk),
            StaleFormula.id <= max(notes[each] for each in chunk),
        )
        session.execute(rows.values(is_refreshed=True))


def begin_sweep(session: Session, sobject: str) -> Stale:
    """Begins a reading of all formulas; answers what it will make fresh."""
    old = delete(StaleFormula).where(
        StaleFormula.sobject == sobject, StaleFormula.is_refreshed.is_(true())
    )
    session.execute(old)
    return read_stale(session, sobject)


def find_refreshed(session: Session, sobject: str, ids: Iterable[str]) -> set[str]:
    """Which of these rows were read again since the sweep began: it knows no better."""
    found: set[str] = set()
    for chunk in chunked(ids, LOOKUP_SIZE):
        query = select(StaleFormula.salesforce_id).where(
            StaleFormula.sobject == sobject,
            StaleFormula.salesforce_id.in_(chunk),
            StaleFormula.is_refreshed.is_(true()),
        )
        found.update(session.scalars(query))
    return found


def end_sweep(session: Session, sobject: str, begun: Stale, at: datetime) -> None:
    """Notes the end of a reading that began at the org's time `at`."""
    done = delete(StaleFormula).where(
        StaleFormula.sobject == sobject, StaleFormula.id <= begun.last_id
    )
    session.execute(done)
    state = _state(session, sobject)
    state.fresh_at = at
    state.parent_loads = max(0, state.parent_loads - begun.parent_loads)


def _state(session: Session, sobject: str) -> FormulaState:
    found = session.get(FormulaState, sobject)
    if found is None:
        found = FormulaState(sobject=sobject, parent_loads=0)
        session.add(found)
    return found


def _find_changed(
    session: Session,
    mapping: ObjectMapping,
    columns: Sequence[str],
    records: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Ids of the records that the replica holds otherwise in one of these columns, or not yet."""
    fields = _fields(mapping, ("salesforce_id", "is_deleted", *columns))
    table = TABLES[mapping.sobject]
    rows = {str(each["Id"]): tuple(read_field(each, field) for field in fields) for each in records}
    for chunk in chunked(list(rows), LOOKUP_SIZE):
        query = select(*(table.c[each.column] for each in fields))
        for known in session.execute(query.where(table.c.salesforce_id.in_(chunk))):
            if rows[known.salesforce_id] == tuple(known):
                del rows[known.salesforce_id]
    return list(rows)


def _fields(mapping: ObjectMapping, columns: Sequence[str]) -> list[FieldMap]:
    by_column = {each.column: each for each in mapping.fields}
    # A column that is paused is not among the mapping's: nothing is known of its changes.
    return [by_column[each] for each in columns if each in by_column]


def _note_children(session: Session, dependant: Dependant, parents: Sequence[str]) -> None:
    table = TABLES[dependant.sobject]
    for chunk in chunked(parents, LOOKUP_SIZE):
        children = select(literal(dependant.sobject), table.c.salesforce_id, false()).where(
            table.c[dependant.reading.lookup].in_(chunk)
        )
        session.execute(
            insert(StaleFormula).from_select(["sobject", "salesforce_id", "is_refreshed"], children)
        )
