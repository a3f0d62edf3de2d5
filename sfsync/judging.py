"""Says whether a replica row and the org's record differ, in what, and what is to be done.

Owns what counts as drift. A record that the org changed after the point up to which the replica is
proven is news, which the next pull brings, and no drift. Everything before that point should be
here, to the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sfsync.checksums import checksummer, spell_value
from sfsync.drift import DriftKind
from sfsync.extra import keep_extra
from sfsync.figures import Row
from sfsync.mapping import MAPPINGS, Kind, Mapping

EDITED_HERE = "changed in our database, past the sync"
EDITED_BOTH = "changed in our database, past the sync; the org has a newer version, so not said how"
REMOVED_HERE = "removed from our database, or never arrived"
MARKED_HERE = "marked as deleted in our database, past the sync"
NOT_RESTORED = "marked as deleted here, alive in the org"
INVENTED = "written into our database, past the sync; the org does not have it"
ERASED = "deleted in the org for good, or hidden from us, which no pull was told"
DELETED = "deleted in the org, which no pull was told"
MISSED = "a newer version of the record was missed by the pulls"
FALSE_STAMP = "carries a stamp that the org's record does not have"
UNSTAMPED = "the org changed it without a new stamp, as it does with formulas and through lookups"

#: By sObject, over all of its columns, whichever of them are compared.
CHECKSUMS = {mapping.sobject: checksummer(mapping) for mapping in MAPPINGS}


class Remedy(StrEnum):
    """What heals a row."""

    NOTHING = "nothing"
    STORE = "store"  #: take the org's version, whatever the stamps say
    BURY = "bury"  #: mark as deleted
    SUM = "sum"  #: only the checksum is wrong


@dataclass(frozen=True)
class Difference:
    """One entry for the ledger."""

    kind: DriftKind
    cause: str
    field: str | None = None  #: the org's name; None for the row as a whole
    ours: str | None = None
    theirs: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a row, and what heals it."""

    remedy: Remedy
    differences: tuple[Difference, ...] = ()


FINE = Verdict(Remedy.NOTHING)


def is_intact(mapping: Mapping, ours: Row) -> bool:
    """Whether a stored row is as the sync wrote it."""
    return bool(ours["checksum"] == CHECKSUMS[mapping.sobject](ours))


def judge(mapping: Mapping, ours: Row | None, theirs: Row | None, proven_to: datetime) -> Verdict:
    """What is to be done about one record.

    `ours` is the stored row with its checksum, `theirs` the org's record as it is now, deleted ones
    included; None where there is none. Of `theirs`, read before `ours` was, an older version proves
    nothing: the caller reads again.
    """
    intact = ours is None or is_intact(mapping, ours)
    if theirs is None:
        return FINE if ours is None else _judge_absent(ours, intact=intact)
    if theirs["system_modstamp"] >= proven_to:
        return FINE if intact else _one(Remedy.STORE, DriftKind.CELL, EDITED_BOTH)
    if ours is None or ours["is_deleted"]:
        return _judge_dead(mapping, ours, theirs, intact=intact)
    if theirs["is_deleted"]:
        return _one(Remedy.STORE, DriftKind.SURPLUS, DELETED if intact else EDITED_HERE)
    return _judge_versions(mapping, ours, theirs, intact=intact)


def _judge_absent(ours: Row, *, intact: bool) -> Verdict:
    if not ours["is_deleted"]:
        return _one(Remedy.BURY, DriftKind.SURPLUS, ERASED if intact else INVENTED)
    return FINE if intact else _one(Remedy.SUM, DriftKind.CELL, EDITED_HERE)


def _judge_dead(mapping: Mapping, ours: Row | None, theirs: Row, *, intact: bool) -> Verdict:
    """A row that is not here, or deleted here. What both hold deleted differs as it may."""
    if not theirs["is_deleted"]:
        cause = REMOVED_HERE if ours is None else NOT_RESTORED if intact else MARKED_HERE
        return _one(Remedy.STORE, DriftKind.MISSING, cause)
    if ours is None or intact:
        return FINE
    return _judge_versions(mapping, ours, theirs, intact=False)


def _judge_versions(mapping: Mapping, ours: Row, theirs: Row, *, intact: bool) -> Verdict:
    if "extra" in theirs:
        theirs = {**theirs, "extra": keep_extra(theirs["extra"], ours["extra"], mapping.kept)}
    columns = [name for name in theirs if name != "checksum" and ours[name] != theirs[name]]
    if not columns:
        return FINE if intact else Verdict(Remedy.SUM)
    stamps = ours["system_modstamp"], theirs["system_modstamp"]
    fields = {each.column: each for each in mapping.fields}
    formulas = {each.column for each in mapping.formulas}
    differences = []
    for name in columns:
        path, value_kind = (
            (fields[name].path, fields[name].kind) if name in fields else (name, Kind.TEXT)
        )
        # A formula moves by itself, whatever else was done to its row.
        kind, cause = _explain(*stamps, intact=intact or name in formulas)
        spelled = [spell_value(value_kind, row[name]) for row in (ours, theirs)]
        differences.append(Difference(kind, cause, path, *spelled))
    return Verdict(Remedy.STORE, tuple(differences))


def _explain(ours_at: datetime, theirs_at: datetime, *, intact: bool) -> tuple[DriftKind, str]:
    kind = DriftKind.CELL if ours_at == theirs_at else DriftKind.STALE
    if not intact:
        return kind, EDITED_HERE
    if kind is DriftKind.CELL:
        return kind, UNSTAMPED
    return kind, MISSED if ours_at < theirs_at else FALSE_STAMP


def _one(remedy: Remedy, kind: DriftKind, cause: str) -> Verdict:
    return Verdict(remedy, (Difference(kind, cause),))
