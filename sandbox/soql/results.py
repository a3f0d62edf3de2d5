"""What a query answers.

Owns the shape that the API serialises. `attributes` holds the record's `type` and `id` even where
the query selects no Id; the API makes the URL of both, as only it knows the request's version.
"""

from __future__ import annotations

from dataclasses import dataclass

#: One record: attributes first, then the selected fields in order, canonical names, JSON values
#: (numbers are int or exact Decimal); a parent is a Row or None, children a QueryResult or None.
Row = dict[str, object]


@dataclass(frozen=True)
class QueryResult:
    """All rows of a query, in JSON values. `is_count` marks COUNT(): no rows, only a size."""

    total_size: int
    records: list[Row]
    is_count: bool = False
