"""Reading one record, formula fields included.

Owns which fields a plain read gives: all of them, or the ones asked for by name.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.org.actor import Actor
from sandbox.org.core import Core
from sandbox.org.errors import refuse
from sandbox.org.formula_context import RecordContext
from sandbox.org.related import RelatedRows
from sandbox.org.saving import live_row
from sandbox.org.schema import Field, SObject
from sandbox.org.tables import Picked, Record


def retrieve_record(
    core: Core, actor: Actor, sobject: SObject, record_id: str, names: Sequence[str] | None
) -> Record:
    """Canonical values by canonical field name.

    Raises OrgError: NOT_FOUND, ENTITY_IS_DELETED, INVALID_TYPE and INVALID_FIELD for names that do
    not exist for this user.
    """
    actor.access.require(sobject, "read")
    with core.store.lock:
        fields = _visible(actor, sobject) if names is None else _named(actor, sobject, names)
        row = live_row(core, sobject, record_id)
        reader = FormulaReader(core, actor)
        return {
            field.name: reader.read(sobject, field, row) if field.is_formula else row[field.name]
            for field in fields
        }


def _visible(actor: Actor, sobject: SObject) -> list[Field]:
    return [f for f in sobject.fields.values() if actor.access.can_read(sobject, f)]


def _named(actor: Actor, sobject: SObject, names: Sequence[str]) -> list[Field]:
    fields = []
    for name in names:
        field = sobject.field(name)
        if field is None or not actor.access.can_read(sobject, field):
            message = f"No such column '{name}' on sobject of type {sobject.name}"
            raise refuse("INVALID_FIELD", message)
        fields.append(field)
    return fields


#: An export of a million rows must not keep all their parents in memory.
_MOST_REMEMBERED = 20_000


class FormulaReader:
    """Computes formula fields during one query, reading each parent seldom more than once."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor
        self._rows = RelatedRows(core.store)
        self._now = core.moment()

    def values(self, sobject: SObject, field: Field, ids: Sequence[str]) -> list[object]:
        """The canonical values of a formula field of the records with those Ids.

        Records that agree in what the formula reads of them have one value; a query has one moment
        and one user, so it is computed once. It is None where there is no record.
        """
        if self._rows.count > _MOST_REMEMBERED:
            self._rows.forget()
        inputs = self._core.formulas.inputs(sobject, field)
        with self._core.store.lock:
            table = self._core.store.table(sobject)
            found = table.pick(ids, inputs)
            values: dict[Picked | None, object] = {
                each: self.read(sobject, field, table.record_of(inputs, each))
                for each in set(found.values())
            }
        values[None] = None
        return [values[found.get(record_id)] for record_id in ids]

    def read(self, sobject: SObject, field: Field, row: Record) -> object:
        """The canonical value of a formula field of this row."""
        context = RecordContext(
            self._core.formulas,
            sobject,
            row,
            actor=self._actor,
            now=self._now,
            rows=self._rows,
        )
        return self._core.formulas.compute(context, sobject, field)
