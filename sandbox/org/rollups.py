"""Roll-up summaries: what a master knows about its details, counted and added up.

Owns when they are worked out: with every save, delete and undelete of a detail, in the same
transaction, from the live details that pass the filters. Only the stamp of the system moves on the
master, as when the platform recalculates, and the master's outbound messages are queued. Amounts
are turned into the master's currency. The master's validation rules are not asked, unlike in an
org. Source: Salesforce help, "Roll-Up Summary Field".
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sandbox.org.actor import Actor
from sandbox.org.canonical import canonical
from sandbox.org.core import Core
from sandbox.org.formula_context import RecordContext
from sandbox.org.plans import RollUp
from sandbox.org.related import RelatedRows
from sandbox.org.save import Save
from sandbox.org.schema import FieldType, SObject
from sandbox.org.tables import Record
from sandbox.org.triggers import queue_messages


def roll_up(core: Core, actor: Actor, detail: SObject, records: Iterable[Record | None]) -> None:
    """Bring the masters of these details up to date; give the details before and after a change."""
    rollups = core.plans[detail.name].rollups
    if not rollups:
        return
    held = [record for record in records if record is not None]
    for rollup in rollups:
        masters = {str(row[rollup.lookup]) for row in held if row[rollup.lookup] is not None}
        for master_id in sorted(masters):
            _refresh(core, actor, detail, rollup, master_id)


def _refresh(core: Core, actor: Actor, detail: SObject, rollup: RollUp, master_id: str) -> None:
    table = core.store.table(rollup.master)
    master = table.get(master_id)
    if master is None or master.get("IsDeleted"):
        return
    values = _values(core, actor, detail, rollup, master)
    result = canonical(rollup.field, _summarise(rollup, values))
    if result == master[rollup.field.name]:
        return
    changes: Record = {rollup.field.name: result}
    if "SystemModstamp" in master:
        changes["SystemModstamp"] = core.moment()
    table.update(master_id, changes)
    core.written(rollup.master)
    after = master | changes
    rows = RelatedRows(core.store)
    queue_messages(Save(core, rollup.master, actor, core.moment(), after, master, rows))
    roll_up(core, actor, rollup.master, [master])


def _values(
    core: Core, actor: Actor, detail: SObject, rollup: RollUp, master: Record
) -> list[object]:
    """The summarised value of each live detail that counts; True for COUNT."""
    rows, now = RelatedRows(core.store), core.moment()
    found = []
    for row in core.store.table(detail).find(rollup.lookup, master["Id"]):
        context = RecordContext(core.formulas, detail, row, actor=actor, now=now, rows=rows)
        if all(condition(context, context) for condition in rollup.conditions):
            found.append(_value(core, context, rollup, row, master))
    return [value for value in found if value is not None]


def _value(
    core: Core, context: RecordContext, rollup: RollUp, row: Record, master: Record
) -> object:
    if rollup.summarised is None:
        return True
    value = context.value((rollup.summarised.name,))
    if rollup.field.type is not FieldType.CURRENCY or not isinstance(value, Decimal):
        return value
    return value * _rate(core, master) / _rate(core, row)


def _rate(core: Core, row: Record) -> Decimal:
    """Units of the record's currency for one of the corporate currency."""
    code = row.get("CurrencyIsoCode")
    found = core.store.tables["CurrencyType"].find("IsoCode", code) if code else []
    rate = found[0]["ConversionRate"] if found else None
    return rate if isinstance(rate, Decimal) else Decimal(1)


def _summarise(rollup: RollUp, values: list[object]) -> object:
    if rollup.operation == "count":
        return Decimal(len(values))
    if rollup.operation == "sum":
        return sum((v for v in values if isinstance(v, Decimal)), Decimal(0))
    if not values:
        return None
    choose = min if rollup.operation == "min" else max
    return choose(values)  # type: ignore[type-var]
