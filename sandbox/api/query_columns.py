"""`query?columns=true` and `query?explain=`: what a query would return, and what it would cost.

Owns both shapes. Columns follow the SELECT list: a parent path is a column with the rest of it as
`joinColumns`, a subquery the same with `aggregate`, an aggregate function an `aggregate` without
any. The plan says what is true here: the table is walked. Source: the Salesforce CLI's query
command, which reads columns; REST API guide, "Query Performance Feedback".
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.api.describe_fields import field_types
from sandbox.org.access import Access
from sandbox.org.paths import resolve_path
from sandbox.org.schema import Field, FieldType, Schema, SObject
from sandbox.soql.functions import FunctionKind, kind_of
from sandbox.soql.nodes import Call, ChildQuery, Path, Query, SelectedField, TypeOf
from sandbox.soql.operands import argument_path

_TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "multipicklist"})
_NUMBERS = frozenset({"int", "double", "currency", "percent"})
#: Functions that show a field otherwise and leave it its name.
_NAMED_BY_FIELD = frozenset({FunctionKind.LABEL, FunctionKind.FORMAT, FunctionKind.CURRENCY})


def show_columns(schema: Schema, query: Query, access: Access) -> dict[str, object]:
    """The columns of a query that this user has run, so that its names are known to be right.

    For an object that the schema lacks, names are all that is told.
    """
    name = query.source.path.parts[0]
    sobject = schema.sobject(name) or SObject(name, name, name, "")
    columns = _Columns(schema, sobject, query, access).read()
    return {
        "columnMetadata": columns,
        "entityName": sobject.name,
        "groupBy": bool(query.group),
        "idSelected": any(column["columnName"] == "Id" for column in columns),
        "keyPrefix": sobject.key_prefix or None,
    }


def show_plan(sobject: str, soql: str, rows: int, total: int) -> dict[str, object]:
    """How a query is run: from the start of the table to its end."""
    note = {
        "description": "The local org keeps no statistics; it walks the table",
        "fields": [],
        "tableEnumOrId": sobject,
    }
    plan = {
        "cardinality": rows,
        "fields": [],
        "leadingOperationType": "TableScan",
        "notes": [note],
        "relativeCost": 1,
        "sobjectCardinality": total,
        "sobjectType": sobject,
    }
    return {"plans": [plan], "sourceQuery": soql}


class _Columns:
    """The columns of one SELECT list."""

    def __init__(self, schema: Schema, sobject: SObject, query: Query, access: Access) -> None:
        self._schema = schema
        self._sobject = sobject
        self._query = query
        self._access = access
        self._found: list[dict[str, object]] = []
        self._unnamed = 0

    def read(self) -> list[dict[str, object]]:
        for item in self._query.items:
            if isinstance(item, ChildQuery):
                self._add_children(item.query)
            elif isinstance(item, TypeOf):
                self._found.append(_column(item.relationship.parts[-1], None))
            elif isinstance(item.operand, Path):
                self._add_path(self._strip(item.operand.parts), item)
            else:
                self._add_call(item.operand, item)
        return self._found

    def _strip(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Without the name of the sObject or its alias in front."""
        own = {self._sobject.name.lower(), (self._query.source.alias or "").lower()}
        return parts[1:] if len(parts) > 1 and parts[0].lower() in own else parts

    def _add_path(self, parts: tuple[str, ...], item: SelectedField) -> None:
        found = resolve_path(self._schema, self._sobject, parts)
        field = found.field if found else None
        if item.alias:
            self._found.append(_column(item.alias, field, is_aggregate=bool(self._query.group)))
            return
        # Parents keep their canonical spelling, as the rows do.
        steps = [step.relationship_name or "" for step in found.steps] if found else [*parts[:-1]]
        _nest(self._found, steps, _column(field.name if field else parts[-1], field))

    def _add_call(self, call: Call, item: SelectedField) -> None:
        if kind_of(call) is FunctionKind.FIELDS:
            which = argument_path(call).text.upper()
            for field in self._sobject.fields.values():
                is_asked = which == "ALL" or field.custom == (which == "CUSTOM")
                if is_asked and self._access.can_read(self._sobject, field):
                    self._found.append(_column(field.name, field))
            return
        if kind_of(call) in _NAMED_BY_FIELD and not item.alias:
            self._add_path(self._strip(argument_path(call).parts), item)
            return
        name = item.alias or f"expr{self._unnamed}"
        self._unnamed += item.alias is None
        self._found.append(_column(name, None, is_aggregate=True))

    def _add_children(self, query: Query) -> None:
        name = query.source.path.parts[-1]
        for child in self._schema.children_of(self._sobject.name):
            if child.name and child.name.lower() == name.lower():
                sobject = self._schema.objects[child.child]
                column = _column(child.name, None, is_aggregate=True)
                column["joinColumns"] = _Columns(self._schema, sobject, query, self._access).read()
                self._found.append(column)


def _nest(columns: list[dict[str, object]], steps: Sequence[str], leaf: dict[str, object]) -> None:
    """Put a column under its parents, next to those that are there already."""
    for step in steps:
        holder = next((c for c in columns if c["columnName"] == step), None)
        if holder is None:
            holder = _column(step, None)
            columns.append(holder)
        joined = holder["joinColumns"]
        assert isinstance(joined, list)  # noqa: S101 - narrows the type
        columns = joined
    columns.append(leaf)


def _column(name: str, field: Field | None, *, is_aggregate: bool = False) -> dict[str, object]:
    kind = field_types(field)[0] if field else None
    return {
        "aggregate": is_aggregate,
        "apexType": _apex_type(field),
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": bool(field and field.custom),
        "displayName": name,
        "foreignKeyName": field.relationship_name if field else None,
        "insertable": bool(field and field.createable),
        "joinColumns": [],
        "numberType": kind in _NUMBERS,
        "textType": kind in _TEXTS,
        "updatable": bool(field and field.updateable),
    }


def _apex_type(field: Field | None) -> str | None:
    if field is None:
        return None
    by_kind = {
        FieldType.CHECKBOX: "Boolean",
        FieldType.DATE: "Date",
        FieldType.DATETIME: "Datetime",
        FieldType.ID: "Id",
        FieldType.LOOKUP: "Id",
        FieldType.MASTER_DETAIL: "Id",
        FieldType.CURRENCY: "Double",
        FieldType.NUMBER: "Double",
        FieldType.PERCENT: "Double",
        FieldType.TIME: "Time",
    }
    return by_kind.get(field.type, "String")
