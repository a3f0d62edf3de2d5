"""TYPEOF: fields that depend on what a polymorphic lookup points at.

Owns the choice of branch per row. Source: developer.salesforce.com, SOQL and SOSL Reference,
"TYPEOF".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sandbox.org.errors import OrgError
from sandbox.soql.nodes import Path, TypeOf
from sandbox.soql.scope import Column, Parent, Scope, Source
from sandbox.soql.shapes import Batch, RecordCell, Values
from sandbox.soql.syntax import malformed


class Builder(Protocol):
    """What building a shape offers here."""

    def add_column(self, column: Column, record: RecordCell | None = None) -> None: ...
    def record_of(self, trail: tuple[Parent, ...]) -> RecordCell: ...
    def place_id(self, sources: tuple[Source, ...]) -> int: ...


@dataclass(frozen=True)
class ChoiceCell:
    """The record of whichever type the lookup points at; one cell per type, at most one filled."""

    choices: tuple[RecordCell, ...]

    def read(self, batch: Batch) -> Values:
        columns = [choice.read(batch) for choice in self.choices]
        return [
            next((row for row in rows if row is not None), None)
            for rows in zip(*columns, strict=True)
        ]


def add_type_of(builder: Builder, scope: Scope, item: TypeOf) -> None:
    """Add a TYPEOF to the SELECT list. Raises OrgError for types and fields that do not exist."""
    trail = scope.reach(item.relationship)
    if not trail:
        # The alias of the query's own object: its type is known, and no lookup chooses it.
        raise scope.statement.refuse(
            "INVALID_FIELD",
            item.relationship.position,
            f"TYPEOF needs a relationship; '{item.relationship.text}' names the object itself",
        )
    parent = trail[-1]
    wanted = {sobject.text.lower(): (sobject, fields) for sobject, fields in item.branches}
    choices = []
    for source in parent.sources:
        _, fields = wanted.pop(source.sobject.name.lower(), (None, item.otherwise))
        choices.append(_choice(builder, scope, source, fields))
    if wanted:
        sobject, _ = next(iter(wanted.values()))
        reason = f"{parent.name} can not point at sObject type '{sobject.text}'"
        raise scope.statement.refuse("INVALID_TYPE", sobject.position, reason)
    cells = builder.record_of(trail[:-1]).cells
    if parent.name in cells:
        raise refuse_both(parent)
    cells[parent.name] = ChoiceCell(tuple(choices))


def refuse_both(parent: Parent) -> OrgError:
    """A relationship is read by one TYPEOF or by plain paths, never by both."""
    reason = f"A relationship in TYPEOF can not be in the field list too: {parent.name}"
    return malformed(reason)


def _choice(builder: Builder, scope: Scope, source: Source, fields: tuple[Path, ...]) -> RecordCell:
    record = RecordCell(source.sobject.name, builder.place_id((source,)))
    for path in fields:
        builder.add_column(scope.resolve_in(source, path), record)
    return record
