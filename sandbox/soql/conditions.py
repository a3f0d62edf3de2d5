"""WHERE and HAVING: conditions joined by AND, OR and NOT.

Owns the logic: a comparison is true or false, never unknown, so NOT turns it round exactly. Also
owns the limits of semi-joins. Source: developer.salesforce.com, SOQL and SOSL Reference,
"WHERE" and "Comparison Operators" (semi-joins and anti-joins).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from sandbox.org.schema import Field, FieldType
from sandbox.soql.comparisons import Comparer
from sandbox.soql.encoding import Family, family_of
from sandbox.soql.nodes import (
    Comparison,
    Condition,
    Junction,
    Membership,
    Negation,
    Operand,
    Query,
    SemiJoin,
)
from sandbox.soql.operands import Expression
from sandbox.soql.scope import Statement
from sandbox.soql.syntax import malformed

_MAX_SEMI_JOINS = 2
_UNFILTERABLE = frozenset({FieldType.LONG_TEXT_AREA, FieldType.HTML})

#: Turns what stands left of an operator into SQL: a field in WHERE, an aggregate in HAVING.
Compile = Callable[[Operand], Expression]


class JoinCompiler(Protocol):
    """Compiles the subquery of a semi-join: its SQL, and the field that it selects."""

    def __call__(self, query: Query) -> tuple[str, Field]: ...


class ConditionCompiler:
    """Compiles the conditions of one clause."""

    def __init__(
        self, statement: Statement, compile_operand: Compile, compile_join: JoinCompiler | None
    ) -> None:
        self._statement = statement
        self._compile_operand = compile_operand
        self._compile_join = compile_join

    def compile(self, condition: Condition) -> str:
        """The condition as SQL. Raises OrgError when a name, type or operator is wrong."""
        check_semi_joins(condition)
        return self._compile(condition)

    def _compile(self, condition: Condition) -> str:
        if isinstance(condition, Junction):
            parts = [self._compile(part) for part in condition.conditions]
            return _join_balanced(parts, f" {condition.operator} ")
        if isinstance(condition, Negation):
            return f"({self._compile(condition.condition)}) IS NOT TRUE"
        if isinstance(condition, SemiJoin):
            return self._compile_semi_join(condition)
        comparer = self._comparer(condition.operand)
        if isinstance(condition, Comparison):
            return comparer.compare(condition.operator, condition.value)
        return self._compile_membership(comparer, condition)

    def _compile_membership(self, comparer: Comparer, condition: Membership) -> str:
        if condition.operator in {"INCLUDES", "EXCLUDES"}:
            return comparer.includes(condition.operator, condition.values)
        return comparer.among(condition.operator, condition.values)

    def _comparer(self, operand: Operand) -> Comparer:
        expression = self._compile_operand(operand)
        if expression.field.type in _UNFILTERABLE or expression.field.holds_any_type:
            reason = f"field '{expression.name}' can not be filtered in a query call"
            raise self._statement.refuse("INVALID_FIELD", expression.position, reason)
        return Comparer(self._statement, expression)

    def _compile_semi_join(self, condition: SemiJoin) -> str:
        if self._compile_join is None:
            raise malformed("Nesting of semi join sub-selects is not supported")
        outer = self._compile_operand(condition.operand)
        sql, inner = self._compile_join(condition.query)
        for name, field in ((outer.name, outer.field), (inner.name, inner)):
            if family_of(field) is not Family.ID:
                raise malformed(
                    "The left operand field in the where expression and the selected field of "
                    f"the sub-select should be an id field, cannot use: '{name}'"
                )
        # A missing value on the inner side matches nothing; IS NOT TRUE keeps it from spoiling
        # NOT IN, as NULL does in plain SQL.
        test = f"{outer.sql} IN ({sql})"
        return f"({test}) IS NOT TRUE" if condition.operator == "NOT IN" else test


def check_semi_joins(condition: Condition) -> None:
    """Refuse what Salesforce refuses: more than two sub-selects, or one below OR, NOT or brackets.

    Source: SOQL and SOSL Reference, "Semi-Joins with IN and Anti-Joins with NOT IN".
    """
    joins = list(_semi_joins(condition, ()))
    if any(above == ("OR",) for above in joins):
        raise malformed("Semi join sub-selects are not allowed with the 'OR' operator")
    if any(above not in {(), ("AND",)} for above in joins):
        raise malformed(
            "Semi join sub-selects are only allowed at the top level WHERE expressions and not in "
            "nested WHERE expressions."
        )
    if len(joins) > _MAX_SEMI_JOINS:
        raise malformed(f"Maximum {_MAX_SEMI_JOINS} semi join sub-selects are allowed")


def _semi_joins(condition: Condition, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """For each sub-select the operators that it stands below, the outermost first."""
    if isinstance(condition, SemiJoin):
        yield above
    elif isinstance(condition, Negation):
        yield from _semi_joins(condition.condition, (*above, "NOT"))
    elif isinstance(condition, Junction):
        for part in condition.conditions:
            yield from _semi_joins(part, (*above, condition.operator))


def _join_balanced(parts: list[str], operator: str) -> str:
    """Join conditions as a balanced tree, because SQLite limits the depth of expressions."""
    if len(parts) <= 50:
        return operator.join(f"({part})" for part in parts)
    middle = len(parts) // 2
    halves = (_join_balanced(parts[:middle], operator), _join_balanced(parts[middle:], operator))
    return operator.join(f"({half})" for half in halves)
