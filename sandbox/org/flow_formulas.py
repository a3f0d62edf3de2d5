"""Formulas as flows write them: `OR(ISNEW(), ISCHANGED({!$Record.Status}))`.

Owns the difference to the formulas of rules. Fields stand in braces and start with `$Record` (the
record as saved) or `$Record__Prior` (as it was; blank while it is being created). Everything else
is the same language, so the braces are taken off and `$Record.Status` becomes the record's own
field. Source: Salesforce help, "Flow Resource: Global Variables" and "Entry Conditions".
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sandbox.org.formula_context import RecordContext
from sandbox.org.formulas import (
    FieldRef,
    Formula,
    FormulaSyntaxError,
    FormulaTypeError,
    Path,
    Resolver,
    Value,
)
from sandbox.org.formulas.grammar import parse
from sandbox.org.formulas.nodes import Call, Node, Reference

RECORD = "$record"
PRIOR = "$record__prior"
#: Texts and comments stay as they are; braces go; a global without braces is a mistake.
_PIECE = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|/\*[\s\S]*?\*/)|\{!([^{}]*)\}|(\$[A-Za-z_][\w.]*)"""
)


def compile_flow_formula(text: str) -> Formula:
    """The formula of that text, not yet checked. Raises FormulaSyntaxError and FormulaTypeError."""
    return Formula(text, _to_own_fields(parse(_PIECE.sub(_without_braces, text))))


def _without_braces(match: re.Match[str]) -> str:
    kept, inner, bare = match.groups()
    if bare is not None:
        before = match.string[: match.start()]
        line, column = before.count("\n") + 1, match.start() - before.rfind("\n")
        raise FormulaSyntaxError(f"{bare} stands without braces; write {{!{bare}}}", line, column)
    # As many blanks as there were braces, so that later messages name the right column.
    return str(kept) if inner is None else f"  {inner} "


def _to_own_fields(node: Node) -> Node:
    if isinstance(node, Call):
        arguments = tuple(_to_own_fields(argument) for argument in node.arguments)
        return Call(node.name, arguments, node.line, node.column)
    if not isinstance(node, Reference):
        return node
    start = node.path[0].lower()
    if start == RECORD and len(node.path) > 1:
        return Reference(node.path[1:], node.line, node.column)
    if not start.startswith("$"):
        message = f"A flow reads fields as {{!$Record.{node.name}}}, not as {node.name}"
        raise FormulaTypeError(message, node.line, node.column)
    return node


def flow_resolver(resolve: Resolver) -> Resolver:
    """What a flow's formula may name: the fields that `resolve` knows, also of the prior record."""

    def find(path: Path) -> FieldRef | None:
        found = resolve(path[1:] if path[0].lower() == PRIOR else path)
        # The quick way to a value knows nothing of prior records, so a flow goes by the path.
        return found and replace(found, read=None)

    return find


class FlowContext:
    """A record on its way as a flow sees it: the formula engine's context with a prior record."""

    def __init__(self, context: RecordContext) -> None:
        self._context = context
        self._resolve = flow_resolver(context.field_type)
        self.is_new: bool = context.is_new
        self.now: datetime = context.now
        self.time_zone: ZoneInfo = context.time_zone
        self.blanks_as_zero = False

    @property
    def today(self) -> date:
        """The actor's calendar day."""
        return self._context.today

    def field_type(self, path: Path, /) -> FieldRef | None:
        """The field at the end of `path`, None when there is none."""
        return self._resolve(path)

    def value(self, path: Path, /) -> Value:
        """The current value, or the prior one when the path says so."""
        if path[0].lower() == PRIOR:
            return None if self._context.before is None else self._context.prior(path[1:])
        return self._context.value(path)

    def prior(self, path: Path, /) -> Value:
        """The value before this save."""
        return self._context.prior(path)
