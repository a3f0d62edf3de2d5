"""Literals as columns hold them, checked against the type of the column.

Owns which literal fits which field, and Salesforce's refusal when it does not. Its documents give
no list of these messages; public issue threads quote them.
"""

from __future__ import annotations

from enum import StrEnum

from sandbox.org.ids import MalformedIdError, normalize_id
from sandbox.org.schema import NUMERIC_TYPES, REFERENCE_TYPES, Field, FieldType
from sandbox.soql.literals import (
    Point,
    Span,
    datetime_point,
    day_span,
    decode_text,
    instant_span,
    scaled_number,
    time_point,
)
from sandbox.soql.nodes import Literal, LiteralKind
from sandbox.soql.operands import Expression
from sandbox.soql.periods import resolve_period
from sandbox.soql.scope import Statement

Encoded = Point | Span


class Family(StrEnum):
    """Groups of field types that compare alike."""

    TEXT = "string"
    ID = "id"
    NUMBER = "double"
    CHECKBOX = "boolean"
    DATE = "date"
    DATETIME = "dateTime"
    TIME = "time"
    MULTISELECT = "multipicklist"


_FAMILIES: dict[FieldType, Family] = {
    **dict.fromkeys(FieldType, Family.TEXT),
    **dict.fromkeys(NUMERIC_TYPES, Family.NUMBER),
    **dict.fromkeys(REFERENCE_TYPES, Family.ID),
    FieldType.ID: Family.ID,
    FieldType.CHECKBOX: Family.CHECKBOX,
    FieldType.DATE: Family.DATE,
    FieldType.DATETIME: Family.DATETIME,
    FieldType.TIME: Family.TIME,
    FieldType.MULTISELECT: Family.MULTISELECT,
}
_QUOTED = frozenset({Family.TEXT, Family.ID, Family.MULTISELECT})
#: Which kinds of literal each family takes, beside null.
_TAKES: dict[Family, frozenset[LiteralKind]] = {
    **dict.fromkeys(_QUOTED, frozenset({LiteralKind.TEXT})),
    Family.NUMBER: frozenset({LiteralKind.NUMBER, LiteralKind.CURRENCY}),
    Family.CHECKBOX: frozenset({LiteralKind.BOOLEAN}),
    Family.DATE: frozenset({LiteralKind.DATE, LiteralKind.PERIOD}),
    Family.DATETIME: frozenset({LiteralKind.DATETIME, LiteralKind.PERIOD}),
    Family.TIME: frozenset({LiteralKind.TIME}),
}


def family_of(field: Field) -> Family:
    """How values of the field compare."""
    return _FAMILIES[field.type]


def is_blank(family: Family, value: Literal) -> bool:
    """True for null, and for '' against text, because an org keeps no empty text."""
    if value.kind is LiteralKind.TEXT:
        return value.text == "" and family in _QUOTED
    return value.kind is LiteralKind.NULL


def encode(statement: Statement, operand: Expression, value: Literal) -> Encoded:
    """The literal in the column's form. Raises OrgError when it does not fit the type."""
    family = family_of(operand.field)
    if value.kind not in _TAKES[family] or _is_misplaced_currency(operand, value):
        raise statement.refuse("INVALID_FIELD", operand.position, _expectation(operand, family))
    if family is Family.ID:
        return _encode_id(statement, operand, value)
    if value.kind is LiteralKind.PERIOD:
        return _encode_period(statement, family, value)
    return _encode_plain(operand.field, value)


def _is_misplaced_currency(operand: Expression, value: Literal) -> bool:
    is_amount = operand.field.type is FieldType.CURRENCY
    return value.kind is LiteralKind.CURRENCY and not is_amount


def _encode_plain(field: Field, value: Literal) -> Encoded:
    if value.kind is LiteralKind.TEXT:
        return Point(decode_text(value.text))
    if value.kind is LiteralKind.BOOLEAN:
        return Point(int(value.text == "TRUE"))
    if value.kind is LiteralKind.DATE:
        return Point(value.text)
    if value.kind is LiteralKind.DATETIME:
        return datetime_point(value.text)
    if value.kind is LiteralKind.TIME:
        return time_point(value.text)
    digits = value.text[3:] if value.kind is LiteralKind.CURRENCY else value.text
    return scaled_number(digits, field.scale)


def _encode_id(statement: Statement, operand: Expression, value: Literal) -> Point:
    text = decode_text(value.text)
    try:
        return Point(normalize_id(text))
    except MalformedIdError:
        raise statement.refuse(
            "INVALID_QUERY_FILTER_OPERATOR", operand.position, f"invalid ID field: {text}"
        ) from None


def _encode_period(statement: Statement, family: Family, value: Literal) -> Span:
    env = statement.env
    period = resolve_period(value.text, env.today, env.week_starts_on)
    return day_span(period) if family is Family.DATE else instant_span(period, env.time_zone)


def _expectation(operand: Expression, family: Family) -> str:
    type_name = "string" if family in _QUOTED else family.value
    quotes = "should be" if family in _QUOTED else "should not be"
    return (
        f"value of filter criterion for field '{operand.name}' must be of type {type_name} "
        f"and {quotes} enclosed in quotes"
    )
