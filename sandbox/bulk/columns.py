"""The header of an uploaded table, and its rows as values for the org.

Owns what a cell means: nothing leaves the field as it is, `#N/A` empties it, and a column
`Account.External_Id__c` names a parent by external ID. Source: Bulk API 2.0 guide, "Valid CSV
Record Rows", "Relationship Fields in a Header Row".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.bulk.dialect import BadTableError
from sandbox.org.errors import refuse
from sandbox.org.schema import FieldType, Schema, SObject

NULL = "#N/A"
#: Spellings of truth that CSV files use beside `true` and `false`.
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "y", "on", "1", "t"), True),
    **dict.fromkeys(("false", "no", "n", "off", "0", "f"), False),
}


@dataclass(frozen=True)
class Column:
    """One column: a field, or with `key` the parent behind a relationship by that field."""

    name: str
    key: str | None = None
    is_checkbox: bool = False


def read_columns(schema: Schema, sobject: SObject, header: Sequence[str]) -> list[Column]:
    """What each column of the header is. Raises BadTableError for a name that is no field."""
    columns = [_read_column(schema, sobject, name.strip()) for name in header]
    if len({(column.name.lower(), column.key) for column in columns}) < len(columns):
        raise BadTableError(f"InvalidBatch : Duplicate column in the header: {', '.join(header)}")
    return columns


def read_row(columns: Sequence[Column], cells: Sequence[str]) -> dict[str, object]:
    """The row as raw values by field name. Raises OrgError when it has too few or many cells."""
    if len(cells) != len(columns):
        raise refuse(
            "INVALID_ROW", f"The row has {len(cells)} values, the header {len(columns)} columns"
        )
    return {
        column.name: _read_cell(column, cell)
        for column, cell in zip(columns, cells, strict=True)
        if cell != ""
    }


def check_name(sobject: SObject, name: str) -> None:
    """Raise BadTableError unless `name` is a field or a relationship of the sObject."""
    if sobject.field(name) is None and sobject.parent_field(name) is None:
        raise _unknown(name)


def _read_column(schema: Schema, sobject: SObject, name: str) -> Column:
    field = sobject.field(name)
    if field is not None:
        return Column(field.name, None, field.type is FieldType.CHECKBOX)
    # `User:Owner.Username` says which of several kinds of parent is meant.
    kind, _, path = name.rpartition(":")
    relationship, _, key = path.partition(".")
    lookup = sobject.parent_field(relationship)
    if lookup is None or not key or lookup.relationship_name is None:
        raise _unknown(name)
    targets = [kind] if kind else lookup.reference_to
    found = [target for each in targets if (target := schema.sobject(each))]
    if not any(target.field(key) for target in found):
        raise _unknown(name)
    return Column(lookup.relationship_name, key)


def _read_cell(column: Column, cell: str) -> object:
    if cell == NULL:
        return None
    if column.key is not None:
        return {column.key: cell}
    if column.is_checkbox:
        return _TRUTHS.get(cell.strip().lower(), cell)
    return cell


def _unknown(name: str) -> BadTableError:
    return BadTableError(f"InvalidBatch : Field name not found : {name}")
