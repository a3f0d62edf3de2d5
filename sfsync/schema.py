"""The columns of the replica as the org last described them, and which of them are paused.

Owns the tables `sync_field` and `sync_schema`. A pull reads what `read_active` answers, never the
bare mapping: columns that are paused are left out, fields that only the org knows are added. All
processes share that word through the database; none keeps one of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, Text, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime, insert_into
from sfsync.descriptions import Description, parse_description
from sfsync.errors import SalesforceRejected
from sfsync.mapping import BY_SOBJECT, FieldMap, Mapping
from sfsync.sync_state import credible_to


class ColumnState(StrEnum):
    """What a pull does with a column."""

    ACTIVE = "active"  #: it is read
    READ_ONLY = "read-only"  #: it is read; the org lets us write it no more
    PAUSED = "paused"  #: it is not read and keeps its last values
    ABSENT = "absent"  #: this org has no such field, and needs none


class SyncField(Base):
    """One column: a field of the mapping, or one that only the org knows."""

    __tablename__ = "sync_field"

    sobject: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: API name, or a path through a lookup
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    #: not in the mapping: its values stand in the column `extra`
    is_extra: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(20), default=ColumnState.ACTIVE)
    #: what the values in the replica were read as; empty for a field that was never there
    described: Mapped[str | None] = mapped_column(Text)
    #: what the org describes now, while that is not taken in; empty when the field is not there
    found: Mapped[str | None] = mapped_column(Text)
    #: why the column is not active, in a sentence, and what a person does about it
    reason: Mapped[str | None] = mapped_column(Text)
    remedy: Mapped[str | None] = mapped_column(Text)
    #: whether a person may accept what was found
    is_acceptable: Mapped[bool] = mapped_column(default=False)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: the org's time that the values in the replica are complete up to, while it is paused
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: values are missing in the replica: the sObject is read whole with the next pull
    needs_read: Mapped[bool] = mapped_column(default=False)

    @property
    def description(self) -> Description | None:
        """What its values were read as."""
        return parse_description(self.described) if self.described else None

    @property
    def full_name(self) -> str:
        """`Order.Budget__c`: how people name it."""
        return f"{self.sobject}.{self.name}"


class SyncSchema(Base):
    """When an sObject was compared last; a missing row means never."""

    __tablename__ = "sync_schema"

    sobject: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: the org's time
    compared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Trouble:
    """A column that a person should know of."""

    name: str  #: `Order.Budget__c`
    state: str
    message: str  #: what the field was and is, and as of when its values are
    remedy: str

    def as_dict(self) -> dict[str, str]:
        """The trouble for a program."""
        return dict(vars(self))


def read_fields(session: Session, sobject: str) -> dict[str, SyncField]:
    """What is stored of an sObject's columns, by name."""
    query = select(SyncField).where(SyncField.sobject == sobject).order_by(SyncField.name)
    return {row.name: row for row in session.scalars(query)}


def read_active(session: Session, mapping: Mapping) -> Mapping:
    """The mapping as it can be read now: without paused columns, with the org's own fields.

    Raises SalesforceRejected when a field is gone that no row can do without.
    """
    rows = read_fields(session, mapping.sobject)
    left_out = {name for name, row in rows.items() if not is_read(row)}
    for name in mapping.identity & left_out:
        raise _stopped(rows[name])
    fields = tuple(each for each in mapping.fields if each.path not in left_out)
    extra = tuple(_extra(row) for row in rows.values() if row.is_extra and is_read(row))
    kept = frozenset(name for name, row in rows.items() if row.is_extra and not is_read(row))
    return replace(mapping, fields=fields, extra=extra, kept=kept)


def read_all_active(session: Session, mappings: Sequence[Mapping]) -> list[Mapping]:
    """The same of several sObjects; what is paused can be neither compared nor swept."""
    return [read_active(session, mapping) for mapping in mappings]


def is_read(row: SyncField) -> bool:
    """Whether a pull reads the column."""
    return row.state in (ColumnState.ACTIVE, ColumnState.READ_ONLY)


def find_unread(session: Session, sobjects: Iterable[str]) -> set[str]:
    """The sObjects of which some column has to be read whole."""
    query = select(SyncField.sobject).where(
        SyncField.sobject.in_(list(sobjects)), SyncField.needs_read == true()
    )
    return set(session.scalars(query))


def note_reading(session: Session, sobject: str) -> None:
    """Notes that everything is about to be read, with all columns that are active."""
    rows = update(SyncField).where(SyncField.sobject == sobject)
    session.execute(rows.values(needs_read=False))


def note_emptied(session: Session, sobject: str) -> None:
    """Notes that the replica has no rows any more: paused columns have lost their values too."""
    session.execute(update(SyncField).where(SyncField.sobject == sobject).values(as_of=None))


def find_paused(session: Session, sobjects: Iterable[str]) -> set[str]:
    """The sObjects that have a column which a person, or the org's admin, may set right."""
    query = select(SyncField.sobject).where(
        SyncField.sobject.in_(list(sobjects)),
        SyncField.state.in_([ColumnState.PAUSED, ColumnState.READ_ONLY]),
    )
    return set(session.scalars(query))


def find_troubles(session: Session) -> list[Trouble]:
    """Every column that is not read, or cannot be written any more, in words."""
    query = select(SyncField).where(SyncField.reason.is_not(None))
    rows = session.scalars(query.order_by(SyncField.sobject, SyncField.name))
    return [_tell(row) for row in rows]


def lock_schema(session: Session, sobject: str, at: datetime) -> bool:
    """Makes this transaction the only one that compares the sObject; whether it should go on.

    A comparison that is younger than `at` has been stored already: False.
    """
    first = insert_into(session, SyncSchema).values(sobject=sobject)
    session.execute(first.on_conflict_do_nothing())
    row = session.scalars(
        select(SyncSchema).where(SyncSchema.sobject == sobject).with_for_update()
    ).one()
    if row.compared_at is not None and at < row.compared_at <= credible_to(at):
        return False
    row.compared_at = at
    return True


def compared_at(session: Session, sobject: str) -> datetime | None:
    """When the sObject was compared last, by the org's time; None: never."""
    return session.scalar(select(SyncSchema.compared_at).where(SyncSchema.sobject == sobject))


def find_column(session: Session, full_name: str) -> SyncField | None:
    """The column that people call `Order.Budget__c`."""
    sobject, _, name = full_name.partition(".")
    return session.get(SyncField, (sobject, name)) if sobject in BY_SOBJECT else None


def _extra(row: SyncField) -> FieldMap:
    described = row.description
    if described is None or described.kind is None:
        raise ValueError(f"{row.full_name} is mirrored without a type")
    return FieldMap(row.name, row.name, described.kind)


def _stopped(row: SyncField) -> SalesforceRejected:
    return SalesforceRejected(
        f"{row.sobject} is not read at all: {row.reason}",
        code="FIELD_LOST",
        fields=(row.name,),
        remedy=row.remedy or "",
    )


def _tell(row: SyncField) -> Trouble:
    message = f"{row.reason}{_tell_age(row)}"
    return Trouble(row.full_name, row.state, message, row.remedy or "")


def _tell_age(row: SyncField) -> str:
    if row.state != ColumnState.PAUSED or row.described is None:
        return ""
    if row.as_of is None:
        # Paused in the middle of a reading of everything, or the replica was emptied since.
        return " Its values are incomplete."
    return f" Its values are as of {row.as_of:%Y-%m-%d %H:%M:%S} UTC."
