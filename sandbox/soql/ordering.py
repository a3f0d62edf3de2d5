"""ORDER BY.

Owns what order means for each type: text without letter case, picklists as Setup lists them,
amounts by their corporate value, and nulls first in either direction. Source:
developer.salesforce.com, SOQL and SOSL Reference, "ORDER BY".
"""

from __future__ import annotations

from sandbox.org.schema import FieldType
from sandbox.soql.encoding import Family, family_of
from sandbox.soql.money import sort_key_sql
from sandbox.soql.nodes import Ordering
from sandbox.soql.operands import Expression
from sandbox.soql.scope import Statement

_UNSORTABLE = frozenset({FieldType.LONG_TEXT_AREA, FieldType.HTML, FieldType.MULTISELECT})


def sort_keys(statement: Statement, expression: Expression) -> list[str]:
    """SQL whose values sort as the expression does; the second breaks ties of the first.

    Raises OrgError MALFORMED_QUERY for types that have no order.
    """
    field = expression.field
    if field.type in _UNSORTABLE:
        reason = f"field '{expression.name}' can not be sorted in a query call"
        raise statement.refuse("MALFORMED_QUERY", expression.position, reason)
    if expression.rate:
        return [sort_key_sql(expression.sql, field.scale, expression.rate)]
    if family_of(field) is not Family.TEXT:
        return [expression.sql]
    folded = f"soql_fold({expression.sql})"
    if field.type is FieldType.PICKLIST and field.values:
        return [_setup_order(statement, expression), folded]
    return [folded]


def direction_sql(ordering: Ordering) -> str:
    """The direction of a key. SQLite's own place for nulls stays unsaid, for its indexes' sake."""
    if ordering.descending:
        return "DESC" if ordering.nulls_last else "DESC NULLS FIRST"
    return "ASC NULLS LAST" if ordering.nulls_last else "ASC"


def _setup_order(statement: Statement, expression: Expression) -> str:
    """The place of a picklist value in Setup; values that Setup lacks come after all others."""
    values = expression.field.values
    places = " ".join(
        f"WHEN {statement.bind(value.value)} THEN {place}" for place, value in enumerate(values)
    )
    sql = expression.sql
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE CASE {sql} {places} ELSE {len(values)} END END"
