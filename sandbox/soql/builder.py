"""Turns what the grammar recognised into nodes, and refuses what no grammar rule can.

Owns the rules of the text that need no schema: which words are values, which functions take which
arguments, how deep conditions may nest. Called by the parser while it reduces, so there is no
tree in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from lark import Token, Transformer, v_args

from sandbox.soql import nodes
from sandbox.soql.functions import FUNCTIONS, INNER_ONLY, WHERE_ONLY, takes
from sandbox.soql.nodes import LiteralKind
from sandbox.soql.periods import is_period

#: Deeper conditions than this are refused before any recursion meets them.
_MAX_DEPTH = 60
_MAX_LITERAL = 4_000
_LEGAL_ESCAPE = re.compile(r"\\(?:[nrtbfNRTBF\"'\\_%]|u[0-9A-Fa-f]{4})")
_ILLEGAL_ESCAPE = re.compile(r"\\.?", re.DOTALL)
_WORDS = {"TRUE": LiteralKind.BOOLEAN, "FALSE": LiteralKind.BOOLEAN, "NULL": LiteralKind.NULL}


class BuildError(Exception):
    """Something in the text that the grammar allows and SOQL does not."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


def _unexpected(token: Token) -> BuildError:
    return BuildError(_start(token), f"unexpected token: '{token}'")


def _start(token: Token) -> int:
    return token.start_pos or 0


def _depth(condition: nodes.Condition) -> int:
    return getattr(condition, "depth", 0)


def _deeper(*conditions: nodes.Condition) -> int:
    depth = 1 + max(_depth(condition) for condition in conditions)
    if depth > _MAX_DEPTH:
        raise BuildError(0, f"conditions are nested deeper than {_MAX_DEPTH} levels")
    return depth


@v_args(inline=True)
class NodeBuilder(Transformer[Token, nodes.Query]):
    """One method per grammar rule; `text` is filled in by the parser."""

    def start(self, query: nodes.Query) -> nodes.Query:
        return query

    def query(self, select: Token, *parts: Any) -> nodes.Query:
        items, sources = [], []
        clauses: dict[str, Any] = {}
        for part in parts:
            if isinstance(part, nodes.FromItem):
                sources.append(part)
            elif isinstance(part, tuple):
                name, value = part
                clauses[name] = clauses[name] | value if name in clauses else value
            elif not isinstance(part, Token) and part is not None:
                items.append(part)
        return nodes.Query("", _start(select), tuple(items), tuple(sources), **clauses)

    def unnamed(self, operand: nodes.Operand) -> nodes.SelectedField:
        return nodes.SelectedField(_outside_where(operand))

    def named(self, operand: nodes.Operand, alias: Token) -> nodes.SelectedField:
        return nodes.SelectedField(_outside_where(operand), str(alias))

    def child(self, query: nodes.Query) -> nodes.ChildQuery:
        return nodes.ChildQuery(query)

    def typeof(self, _typeof: Token, relationship: Token, *parts: Any) -> nodes.TypeOf:
        branches = tuple(part for part in parts if isinstance(part, tuple) and len(part) == 2)
        otherwise = next((part for part in parts if isinstance(part, list)), [])
        return nodes.TypeOf(_path(relationship), branches, tuple(otherwise))

    def branch(
        self, _when: Token, sobject: Token, _then: Token, fields: list[nodes.Path]
    ) -> tuple[nodes.Path, tuple[nodes.Path, ...]]:
        return _path(sobject), tuple(fields)

    def paths(self, *tokens: Token) -> list[nodes.Path]:
        return [_path(token) for token in tokens]

    def source(self, path: Token, alias: Token | None) -> nodes.FromItem:
        return nodes.FromItem(_path(path), str(alias) if alias else None)

    def operand(self, operand: Token | nodes.Call) -> nodes.Operand:
        if isinstance(operand, Token):
            return _path(operand)
        if FUNCTIONS[operand.name] in INNER_ONLY:
            raise BuildError(operand.position, f"unexpected token: '{operand.name}'")
        return operand

    def call(self, name: Token, *arguments: Any) -> nodes.Call:
        given = tuple(argument for argument in arguments if argument is not None)
        known = name.upper()
        if known not in FUNCTIONS or not takes(known, given):
            raise _unexpected(name)
        return nodes.Call(known, given, _start(name))

    def path(self, token: Token) -> nodes.Path:
        return _path(token)

    def scope(self, _using: Token, name: Token) -> tuple[str, str]:
        return "scope", str(name)

    def where(self, _where: Token, condition: nodes.Condition) -> tuple[str, nodes.Condition]:
        return "where", condition

    def having(self, _having: Token, condition: nodes.Condition) -> tuple[str, nodes.Condition]:
        for operand in _operands(condition):
            _outside_where(operand)
        return "having", condition

    def all_of(self, *parts: Any) -> nodes.Junction:
        return _junction("AND", parts)

    def any_of(self, *parts: Any) -> nodes.Junction:
        return _junction("OR", parts)

    def negation(self, _not: Token, condition: nodes.Condition) -> nodes.Negation:
        return nodes.Negation(condition, _deeper(condition))

    def comparison(
        self, operand: nodes.Operand, operator: Token, value: nodes.Literal
    ) -> nodes.Comparison:
        written = operator.upper()
        return nodes.Comparison(operand, "!=" if written == "<>" else written, value)

    def listed(
        self, operand: nodes.Operand, operator: str, values: tuple[nodes.Literal, ...]
    ) -> nodes.Membership:
        return nodes.Membership(operand, operator, values)

    def joined(self, operand: nodes.Operand, operator: str, query: nodes.Query) -> nodes.SemiJoin:
        if operator not in {"IN", "NOT IN"}:
            raise BuildError(query.position, "unexpected token: 'SELECT'")
        return nodes.SemiJoin(operand, operator, query)

    def membership(self, operator: Token) -> str:
        return "NOT IN" if operator.type == "NOT_IN" else operator.upper()

    def values(self, *values: nodes.Literal) -> tuple[nodes.Literal, ...]:
        return values

    def string(self, token: Token) -> nodes.Literal:
        if len(token) - 2 > _MAX_LITERAL:
            reason = f"string literals cannot be longer than {_MAX_LITERAL} characters"
            raise BuildError(_start(token), reason)
        illegal = _ILLEGAL_ESCAPE.search(_LEGAL_ESCAPE.sub("", token))
        if illegal:
            reason = f"Illegal character sequence '{illegal[0]}' in string literal"
            raise BuildError(_start(token), f"Invalid string literal {token}. {reason}.")
        return nodes.Literal(LiteralKind.TEXT, token[1:-1], _start(token))

    def number(self, token: Token) -> nodes.Literal:
        return nodes.Literal(LiteralKind.NUMBER, str(token), _start(token))

    def currency(self, token: Token) -> nodes.Literal:
        return nodes.Literal(LiteralKind.CURRENCY, token.upper(), _start(token))

    def date(self, token: Token) -> nodes.Literal:
        try:
            date.fromisoformat(token)
        except ValueError:
            raise BuildError(_start(token), f"Invalid date: {token}") from None
        return nodes.Literal(LiteralKind.DATE, str(token), _start(token))

    def datetime(self, token: Token) -> nodes.Literal:
        text = token.upper()
        try:
            datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise BuildError(_start(token), f"Invalid datetime: {token}") from None
        return nodes.Literal(LiteralKind.DATETIME, text, _start(token))

    def time(self, token: Token) -> nodes.Literal:
        text = token.upper().removesuffix("Z")
        try:
            time.fromisoformat(text)
        except ValueError:
            raise BuildError(_start(token), f"Invalid time: {token}") from None
        return nodes.Literal(LiteralKind.TIME, text, _start(token))

    def word(self, token: Token) -> nodes.Literal:
        text = token.upper()
        kind = _WORDS.get(text) or (LiteralKind.PERIOD if is_period(text) else None)
        if kind is None:
            raise _unexpected(token)
        return nodes.Literal(kind, text, _start(token))

    def access(self, _with: Token, mode: Token) -> tuple[str, Any]:
        return "access", _Names((mode.upper(),))

    def categories(self, *_parts: Any) -> tuple[str, Any]:
        return "filters", _Names(("DATA CATEGORY",))

    def with_filter(self, _with: Token, _condition: nodes.Condition) -> tuple[str, Any]:
        return "filters", _Names(("filter",))

    def group(self, _group: Token, *operands: nodes.Operand) -> tuple[str, Any]:
        return "group", tuple(_outside_where(operand) for operand in operands)

    def order(self, _order: Token, *orderings: nodes.Ordering) -> tuple[str, Any]:
        return "order", orderings

    def ordering(
        self, operand: nodes.Operand, direction: Token | None, nulls: Token | None
    ) -> nodes.Ordering:
        return nodes.Ordering(
            _outside_where(operand),
            descending=bool(direction) and str(direction).upper() == "DESC",
            nulls_last=bool(nulls) and str(nulls).upper().endswith("LAST"),
        )

    def limit(self, _limit: Token, count: Token) -> tuple[str, int]:
        return "limit", _count(count)

    def offset(self, _offset: Token, count: Token) -> tuple[str, int]:
        return "offset", _count(count)

    def purpose(self, token: Token) -> tuple[str, frozenset[str]]:
        return "purposes", frozenset({token.upper().split()[-1]})

    def track(self, token: Token) -> tuple[str, frozenset[str]]:
        return "purposes", frozenset(token.upper().replace(",", " ").split()[1:])

    def all_rows(self, _token: Token) -> tuple[str, bool]:
        return "all_rows", True


class _Names(tuple[str, ...]):
    """Names of repeatable clauses, gathered by `|` like the sets of the other ones."""

    __slots__ = ()

    def __or__(self, other: tuple[str, ...]) -> _Names:
        return _Names((*self, *other))


def _path(token: Token) -> nodes.Path:
    return nodes.Path(tuple(token.split(".")), _start(token))


def _outside_where(operand: nodes.Operand) -> nodes.Operand:
    if isinstance(operand, nodes.Call) and FUNCTIONS[operand.name] in WHERE_ONLY:
        raise BuildError(operand.position, f"unexpected token: '{operand.name}'")
    return operand


def _operands(condition: nodes.Condition) -> Iterator[nodes.Operand]:
    if isinstance(condition, nodes.Junction):
        for part in condition.conditions:
            yield from _operands(part)
    elif isinstance(condition, nodes.Negation):
        yield from _operands(condition.condition)
    else:
        yield condition.operand


def _junction(operator: str, parts: tuple[Any, ...]) -> nodes.Junction:
    conditions = tuple(part for part in parts if not isinstance(part, Token))
    return nodes.Junction(operator, conditions, _deeper(*conditions))


def _count(token: Token) -> int:
    # A row count of more digits than this is beyond every limit, and int() of many is refused.
    return int(token[:18])
