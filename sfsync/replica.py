"""The local copy of the org's rows: a disposable cache, rebuilt from the org at any time.

Owns the replica's tables: one for each mapping, a column for each field, and three marks of our
own: `seen_in_load`, `checksum`, and `extra` for fields that the mapping does not know.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    String,
    Table,
    Text,
    Time,
)

from config.database import Base, ExactDecimal, UtcDateTime
from sfsync.mapping import BY_SOBJECT, MAPPINGS, FieldMap, Kind, Mapping

TYPES: dict[Kind, Any] = {
    Kind.ID: String(18),
    Kind.TEXT: Text(),
    Kind.DECIMAL: ExactDecimal(),
    Kind.FLAG: Boolean(),
    Kind.DATE: Date(),
    Kind.INSTANT: UtcDateTime(),
    Kind.TIME: Time(),
}
#: What a row cannot be without.
REQUIRED_COLUMNS = frozenset({"salesforce_id", "is_deleted", "system_modstamp"})
#: Ids per lookup of known rows; both databases take more parameters than this.
LOOKUP_SIZE = 500


def build_table(mapping: Mapping) -> Table:
    """The table of a mapping, made known to the database's metadata."""
    columns = [_build_column(each) for each in mapping.fields]
    marks = (Column("seen_in_load", Integer()), Column("checksum", BigInteger()))
    extra = Column("extra", Text())
    table = Table(mapping.table, Base.metadata, *columns, *marks, extra)
    Index(None, table.c.external_id)
    Index(None, table.c.system_modstamp, table.c.salesforce_id)
    for lookup in dict.fromkeys(reading.lookup for reading in mapping.readings):
        Index(None, table.c[lookup])
    return table


def _build_column(field: FieldMap) -> Column[Any]:
    return Column(
        field.column,
        TYPES[field.kind],
        primary_key=field.column == "salesforce_id",
        nullable=field.column not in REQUIRED_COLUMNS,
    )


TABLES: dict[str, Table] = {mapping.sobject: build_table(mapping) for mapping in MAPPINGS}


def mirrored_columns(sobject: str) -> list[Column[Any]]:
    """The columns that mirror the org, without our own marks."""
    columns = TABLES[sobject].c
    return [*(columns[each.column] for each in BY_SOBJECT[sobject].fields), columns.extra]
