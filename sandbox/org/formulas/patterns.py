"""REGEX: does the whole text match a pattern?

Owns when a pattern is read: a literal one when the formula is checked, so that a mistake in it is
found before the metadata is loaded; any other when the rule runs. Blank text is empty text, a blank
pattern matches only that.
"""

from __future__ import annotations

from functools import lru_cache

from sandbox.org.formulas.errors import FormulaError, FormulaTypeError
from sandbox.org.formulas.interface import FormulaContext, Value
from sandbox.org.formulas.nodes import Call, Literal
from sandbox.org.formulas.regex.machine import TooComplicated, matches
from sandbox.org.formulas.regex.program import Program, compile_pattern
from sandbox.org.formulas.regex.source import BadPattern
from sandbox.org.formulas.signature import (
    BOOLEAN,
    TEXT,
    Bound,
    Function,
    check_count,
    check_kind,
)

_program = lru_cache(maxsize=1024)(compile_pattern)


def _bind_regex(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    for argument in arguments:
        check_kind(call, argument, (TEXT,))
    text, pattern = arguments
    if isinstance(pattern.node, Literal):
        _check_pattern(pattern.node)

    def run(context: FormulaContext) -> Value:
        return _matches(text.run(context) or "", pattern.run(context) or "")

    return Bound(BOOLEAN, run, call)


def _check_pattern(node: Literal) -> None:
    try:
        _program(node.value or "")
    except BadPattern as error:
        raise FormulaTypeError(f"REGEX(): {error}", node.line, node.column) from error


def _matches(text: str, pattern: str) -> bool:
    try:
        return matches(_compiled(pattern), text)
    except TooComplicated as error:
        raise FormulaError(
            f"REGEX() gave up: pattern {pattern!r} needs too many steps for {len(text)} characters;"
            " avoid a repetition inside a repetition"
        ) from error


def _compiled(pattern: str) -> Program:
    try:
        return _program(pattern)
    except BadPattern as error:
        raise FormulaError(f"REGEX(): {error}") from error


FUNCTIONS = (Function("REGEX", binding=_bind_regex),)
