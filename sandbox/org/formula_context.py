"""One record as formulas see it: own fields, parents through lookups, and `$User` and friends.

Owns where a path's value comes from. Each path is resolved once per sObject into a small reader
function, because a save evaluates a dozen rules and each of them reads several paths.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.org.actor import Actor
from sandbox.org.formulas import FieldRef, FormulaError
from sandbox.org.paths import LABEL, PERMISSION, SETUP, FieldPath, resolve_path
from sandbox.org.related import RelatedRows
from sandbox.org.schema import Field, FieldType, Schema, SObject
from sandbox.org.tables import Record

if TYPE_CHECKING:
    from sandbox.org.formula_library import FormulaLibrary

Path = tuple[str, ...]


class RecordScope:
    """The static side: which fields a formula on this sObject may name, and their types."""

    def __init__(self, schema: Schema, sobject: SObject) -> None:
        self._schema = schema
        self._sobject = sobject
        self._known: dict[Path, FieldRef | None] = {}

    def field_type(self, path: Path) -> FieldRef | None:
        """The field at the end of `path`, None when there is none."""
        # The engine asks before every evaluation, and compares the answers by identity first.
        if path not in self._known:
            found = resolve_path(self._schema, self._sobject, path)
            self._known[path] = None if found is None else _reference(self._sobject, found)
        return self._known[path]


def _reference(sobject: SObject, found: FieldPath) -> FieldRef:
    field = found.field
    is_picklist = field.type in {FieldType.PICKLIST, FieldType.MULTISELECT}
    values = tuple(value.value for value in field.values) if is_picklist else None
    return FieldRef(field.type, None, values, make_reader(sobject, found))


class RecordContext:
    """The values of one record during one save or one read.

    `before` is the record as it was when an update began; None while it is being inserted or
    merely read. `rows` supplies parents.
    """

    def __init__(
        self,
        library: FormulaLibrary,
        sobject: SObject,
        record: Record,
        *,
        actor: Actor,
        now: datetime,
        rows: RelatedRows,
        before: Record | None = None,
        is_new: bool = False,
        blanks_as_zero: bool = False,
    ) -> None:
        self.library = library
        self.sobject = sobject
        self.record = record
        self.actor = actor
        self.now = now
        self.rows = rows
        self.before = before
        self.is_new = is_new
        self.blanks_as_zero = blanks_as_zero
        self._readers = library.readers[sobject.name]
        self._earlier: RecordContext | None = None

    def field_type(self, path: Path) -> FieldRef | None:
        """The field at the end of `path`, None when there is none."""
        return self.library.scope(self.sobject).field_type(path)

    @property
    def today(self) -> date:
        """The actor's calendar day: TODAY() follows the running user's time zone."""
        return self.now.astimezone(self.actor.time_zone).date()

    @property
    def time_zone(self) -> ZoneInfo:
        """The actor's zone, in which DATEVALUE() reads a date/time."""
        return self.actor.time_zone

    def value(self, path: Path) -> Any:
        """The current value at the end of `path`; None when blank or a parent is missing."""
        reader = self._readers.get(path)
        if reader is None:
            reader = self._readers[path] = find_reader(self.library.schema, self.sobject, path)
        return reader(self)

    def prior(self, path: Path) -> Any:
        """The value before this save; on insert the value itself, so that nothing has changed."""
        if self.before is None:
            return self.value(path)
        if self._earlier is None:
            self._earlier = self.of(self.sobject, self.before)
        return self._earlier.value(path)

    def of(
        self, sobject: SObject, record: Record, *, blanks_as_zero: bool | None = None
    ) -> RecordContext:
        """Another record seen by the same actor at the same moment."""
        return RecordContext(
            self.library,
            sobject,
            record,
            actor=self.actor,
            now=self.now,
            rows=self.rows,
            blanks_as_zero=self.blanks_as_zero if blanks_as_zero is None else blanks_as_zero,
        )

    def global_record(self, start: str) -> Record | None:
        """The record behind `$User`, `$Profile`, `$Organization` or `$RecordType`."""
        record_id = _GLOBAL_IDS[start](self)
        return self.rows.get(record_id) if isinstance(record_id, str) else None


Reader = Callable[[RecordContext], Any]


def _profile_id(context: RecordContext) -> object:
    user = context.rows.get(context.actor.user_id)
    return user["ProfileId"] if user else None


def _organization_id(context: RecordContext) -> object:
    return context.library.org_id


_GLOBAL_IDS: dict[str, Callable[[RecordContext], object]] = {
    "$user": lambda context: context.actor.user_id,
    "$profile": _profile_id,
    "$organization": _organization_id,
    "$recordtype": lambda context: context.record.get("RecordTypeId"),
}


def find_reader(schema: Schema, sobject: SObject, path: Path) -> Reader:
    """A function from a context on `sobject` to the value at the end of `path`.

    Raises FormulaError when the path leads nowhere; formulas are checked when the org starts, so
    that is a mistake in this program.
    """
    found = resolve_path(schema, sobject, path)
    if found is None:
        raise FormulaError(f"{sobject.name} has no field {'.'.join(path)}")
    return make_reader(sobject, found)


def make_reader(sobject: SObject, found: FieldPath) -> Reader:
    """The same for a path from `sobject` that is resolved already."""
    if found.start == PERMISSION:
        permission = found.field.name
        return lambda context: permission in context.actor.permissions
    if found.start == LABEL:
        label = found.field.name
        return lambda context: context.library.schema.labels[label]
    if found.start == SETUP:
        return _setting_reader(found)
    if not found.start and not found.steps:
        return _own_reader(sobject, found.field)
    return _parent_reader(found)


def _setting_reader(found: FieldPath) -> Reader:
    """The value for the running user: their own row's, else their profile's, else the org's."""
    assert found.sobject is not None  # noqa: S101 - a setting is an sObject
    setting, field = found.sobject.name, found.field
    missing = False if field.type is FieldType.CHECKBOX else None

    def read(context: RecordContext) -> Any:
        rows = context.rows.settings(setting)
        owners = (context.actor.user_id, _profile_id(context), context.library.org_id)
        for owner in owners:
            row = rows.get(str(owner))
            if row is not None and row[field.name] is not None:
                return row[field.name]
        return missing

    return read


def _own_reader(sobject: SObject, field: Field) -> Reader:
    if field.is_formula:
        return lambda context: context.library.compute(context, sobject, field)
    name = field.name
    return lambda context: context.record[name]


def _parent_reader(found: FieldPath) -> Reader:
    steps = tuple(step.name for step in found.steps)
    field, start, sobject = found.field, found.start, found.sobject
    # What a missing parent reads as: a checkbox is never blank.
    missing = False if field.type is FieldType.CHECKBOX else None

    def read(context: RecordContext) -> Any:
        row = context.global_record(start) if start else context.record
        for step in steps:
            parent_id = row.get(step) if row else None
            row = context.rows.get(str(parent_id)) if parent_id else None
        if row is None:
            return missing
        if field.is_formula and sobject is not None:
            return context.library.compute(context.of(sobject, row), sobject, field)
        return row.get(field.name, missing)

    return read
