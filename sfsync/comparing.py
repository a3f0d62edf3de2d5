"""Compares what the org describes with what the replica's columns were read as.

Owns the judgement of each column and its record in `sync_field`: an addition is taken in, a loss
pauses that column and nothing else, a field that fits again resumes. The same judgement without the
record is what the doctor shows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from collections.abc import Mapping as Facts
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from sfsync.descriptions import (
    Description,
    custom_fields,
    find_described,
    read_descriptions,
)
from sfsync.extra import parse_extra
from sfsync.losses import Fate, Held, Loss, find_loss, needs_reading
from sfsync.mapping import LEFT_OUT, OPTIONAL, FieldMap, Kind, Mapping
from sfsync.replica import TABLES
from sfsync.schema import ColumnState, SyncField, Trouble, read_fields
from sfsync.sync_state import read_state

logger = logging.getLogger(__name__)

RESUMES = "it resumes by itself"
REMEDIES = {
    Fate.VANISHED: (
        f"Restore the field, or let the integration user see it again; {RESUMES}. If it was renamed"
        " or deleted for good, a developer changes sfsync/mapping.py."
    ),
    Fate.RETYPED: (
        f"Give the field its former type again; {RESUMES}. If the new type shall stay, a developer"
        " changes sfsync/mapping.py."
    ),
    Fate.NARROWED: f"Undo the change in the org, and {RESUMES}; or accept it: {{resume}}",
}
#: The same where no table of ours has a column for the field.
EXTRA_REMEDIES = {
    Fate.VANISHED: (
        f"Restore the field, or let the integration user see it again; {RESUMES}. If it was renamed"
        " or deleted for good: {forget}"
    ),
    Fate.RETYPED: f"Undo the change in the org, and {RESUMES}; or accept it: {{resume}}",
    Fate.NARROWED: REMEDIES[Fate.NARROWED],
}
NO_WRITING = (
    f"Let the integration user edit the field again, and {RESUMES}; or accept it, and writes of it"
    " are refused by the org: {resume}"
)


@dataclass(frozen=True)
class Verdict:
    """What becomes of one column."""

    field: FieldMap
    is_extra: bool
    state: ColumnState
    now: Description | None  #: what the org describes
    loss: Loss | None = None
    is_new: bool = False  #: taken in now: its values are not here yet
    is_resumed: bool = False
    is_recomputed: bool = False  #: it became a formula, or is one no more


def judge(session: Session, mapping: Mapping, describe: Facts[str, Any] | None) -> list[Verdict]:
    """What becomes of each column of `mapping`, given the org's describe of the sObject.

    `describe` is None when the org does not show the sObject: then no row can be read, and only the
    Id is judged. Changes nothing.
    """
    rows = read_fields(session, mapping.sobject)
    if describe is None:
        (id_field,) = (each for each in mapping.fields if each.path == "Id")
        gone = Loss(Fate.VANISHED, "is missing or not visible, and with it the whole object")
        return [Verdict(id_field, False, ColumnState.PAUSED, None, gone)]
    described = read_descriptions(describe)
    mapped = [_judge_one(session, mapping, each, rows, described) for each in mapping.fields]
    extra = _extra_fields(mapping, rows, describe)
    return mapped + [
        _judge_one(session, mapping, each, rows, described, is_extra=True) for each in extra
    ]


def record(
    session: Session, mapping: Mapping, verdicts: list[Verdict], at: datetime
) -> list[SyncField]:
    """Stores the verdicts, reached at the org's time `at`; the columns that were taken in.

    Of those it is not known yet whether rows hold a value: until then they count as to be read.
    """
    rows = read_fields(session, mapping.sobject)
    state = read_state(session, mapping.sobject)
    is_first, is_loaded = not rows, state.watermark_at is not None
    added: list[SyncField] = []
    for verdict in verdicts:
        row = rows.pop(verdict.field.path, None)
        if row is None:
            row = SyncField(sobject=mapping.sobject, name=verdict.field.path, needs_read=False)
            session.add(row)
        _note(row, verdict, at, state.complete_up_to)
        # What a column of the first comparison holds was read under the mapping alone.
        is_read_already = is_first and not verdict.is_extra
        if is_loaded and verdict.is_new and not is_read_already:
            row.needs_read = True
            added.append(row)
        if verdict.is_resumed or verdict.is_recomputed:
            row.needs_read = is_loaded
    if len(verdicts) >= len(mapping.fields):
        # What is left has been taken out of the mapping, or put among the fields left out.
        for row in rows.values():
            session.delete(row)
    return added


def tell_verdict(mapping: Mapping, verdict: Verdict) -> Trouble:
    """A loss in words, for somebody who only looks."""
    name = f"{mapping.sobject}.{verdict.field.path}"
    return Trouble(name, verdict.state, _reason(name, verdict), _remedy(name, verdict))


def _judge_one(
    session: Session,
    mapping: Mapping,
    field: FieldMap,
    rows: dict[str, SyncField],
    described: dict[str, Description],
    *,
    is_extra: bool = False,
) -> Verdict:
    row = rows.get(field.path)
    before = row.description if row else None
    now = find_described(described, field.path)
    if now is None and field.path in OPTIONAL:
        return Verdict(field, is_extra, ColumnState.ABSENT, None)
    held = _held(session, mapping, field, now, is_extra=is_extra)
    loss = find_loss(field.kind, before, now, held, is_path="." in field.path)
    if loss is not None or now is None:
        return Verdict(field, is_extra, ColumnState.PAUSED, now, loss)
    is_read_only = before is not None and before.updateable and not now.updateable
    return Verdict(
        field,
        is_extra,
        ColumnState.READ_ONLY if is_read_only else ColumnState.ACTIVE,
        now,
        is_new=row is None or row.state == ColumnState.ABSENT or row.is_extra != is_extra,
        is_resumed=row is not None and row.state == ColumnState.PAUSED,
        is_recomputed=before is not None and needs_reading(before, now),
    )


def _extra_fields(
    mapping: Mapping, rows: dict[str, SyncField], describe: Facts[str, Any]
) -> Iterator[FieldMap]:
    """The org's own fields beside the mapping: those that are there, and those that were."""
    known = {each.path for each in mapping.fields} | LEFT_OUT.get(mapping.sobject, {}).keys()
    described = read_descriptions(describe)
    former = {name: row.description for name, row in rows.items() if row.is_extra}
    for name in sorted({*custom_fields(describe), *former} - known):
        # One that is known keeps its kind, so that another type is noticed.
        shape = former.get(name) or described[name]
        yield FieldMap(name, name, shape.kind or Kind.TEXT)


def _held(
    session: Session, mapping: Mapping, field: FieldMap, now: Description | None, *, is_extra: bool
) -> Held:
    """Reads the values of live rows when asked; several values in one cell each on its own."""
    table = TABLES[mapping.sobject]

    def held() -> frozenset[str]:
        column = table.c.extra if is_extra else table.c[field.column]
        query = select(column).distinct().where(table.c.is_deleted.is_not(true()))
        found = session.scalars(query.where(column.is_not(None)))
        cells = (parse_extra(cell).get(field.path) if is_extra else cell for cell in found)
        texts = [cell for cell in cells if cell is not None]
        if now is not None and now.type == "multipicklist":
            return frozenset(value for cell in texts for value in cell.split(";"))
        return frozenset(texts)

    return held


def _note(row: SyncField, verdict: Verdict, at: datetime, complete_to: datetime | None) -> None:
    was = row.state
    row.is_extra, row.state = verdict.is_extra, verdict.state
    if verdict.state in (ColumnState.ACTIVE, ColumnState.ABSENT):
        row.described = verdict.now.spell() if verdict.now else None
        row.found = row.reason = row.remedy = row.paused_at = row.as_of = None
        row.is_acceptable = False
        _log_taken_in(row, was)
        return
    row.reason = _reason(row.full_name, verdict)
    row.remedy = _remedy(row.full_name, verdict)
    row.found = verdict.now.spell() if verdict.now else None
    row.is_acceptable = _is_acceptable(verdict)
    if verdict.state == ColumnState.READ_ONLY and verdict.now is not None:
        # Reading goes on with what there is; that it could be written is remembered.
        row.described = replace(verdict.now, updateable=True).spell()
        row.as_of = None
    elif was != ColumnState.PAUSED:
        row.as_of = complete_to
    if was != verdict.state:
        row.paused_at = at
        extra = {"column": row.full_name, "reason": row.reason, "remedy": row.remedy}
        logger.warning("a column is %s", row.state, extra=extra)


def _log_taken_in(row: SyncField, was: str | None) -> None:
    if was in (ColumnState.PAUSED, ColumnState.READ_ONLY):
        logger.info("a column resumes", extra={"column": row.full_name})
    elif was is None and row.is_extra:
        logger.info("a new field is mirrored", extra={"column": row.full_name})


def _is_acceptable(verdict: Verdict) -> bool:
    if verdict.loss is None:
        return True
    if verdict.is_extra and verdict.loss.fate is Fate.RETYPED:
        return verdict.now is not None and verdict.now.kind is not None
    return verdict.loss.is_acceptable


def _reason(name: str, verdict: Verdict) -> str:
    if verdict.loss is not None:
        return f"{name} {verdict.loss.what}; the column is paused."
    shape = "is a formula now" if verdict.now and verdict.now.is_formula else "is read-only for us"
    return f"{name} {shape}; it is read, and writes of it wait."


def _remedy(name: str, verdict: Verdict) -> str:
    table = EXTRA_REMEDIES if verdict.is_extra else REMEDIES
    text = table[verdict.loss.fate] if verdict.loss else NO_WRITING
    commands = {what: f"`flask sync columns {what} {name}`." for what in ("resume", "forget")}
    return text.format(**commands)
