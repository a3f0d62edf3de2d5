"""Turns nodes into closures, with every type settled on the way.

Owns the typing of expressions: the same pass serves the metadata linter (which wants the error) and
the evaluation (which wants the closure), so a formula that passes the check is the one that runs.
Types matter at run time because blank means 0 for numbers, "" for text and unknown for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sandbox.org.formulas.errors import FormulaTypeError
from sandbox.org.formulas.globals import SYSTEM_VALUES
from sandbox.org.formulas.interface import (
    Evaluate,
    FormulaContext,
    Resolver,
    Value,
)
from sandbox.org.formulas.nodes import Call, Literal, Node, Reference
from sandbox.org.formulas.reading import read_field
from sandbox.org.formulas.registry import FUNCTIONS, suggest_name
from sandbox.org.formulas.signature import Bound, Function, check_arguments


def bind(node: Node, resolve: Resolver) -> Bound:
    """The expression with its types; raises FormulaTypeError at the first thing that is wrong."""
    if isinstance(node, Call):
        return _bind_call(node, resolve)
    if isinstance(node, Literal):
        return Bound(node.type, partial(_constant, node.value), node)
    return _bind_reference(node, resolve)


def _constant(value: Value, _context: FormulaContext) -> Value:
    return value


def _bind_reference(node: Reference, resolve: Resolver) -> Bound:
    system = SYSTEM_VALUES.get(node.name.lower())
    if system is not None:
        return Bound(system.type, partial(_constant, system.value), node)
    field = resolve(node.path)
    if field is None:
        raise FormulaTypeError(
            f"Field {node.name} does not exist. Check its spelling and the object's fields",
            node.line,
            node.column,
        )
    path = field.path or node.path
    return Bound(field.result_type, read_field(field.type, path, field.read), node, field)


def _bind_call(call: Call, resolve: Resolver) -> Bound:
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise FormulaTypeError(
            f"Unknown function {call.name}. Check spelling{suggest_name(call.name)}",
            call.line,
            call.column,
        )
    if function.refusal:
        raise FormulaTypeError(
            f"{call.name}() is not available in the local org: {function.refusal}",
            call.line,
            call.column,
        )
    arguments = tuple(bind(argument, resolve) for argument in call.arguments)
    if function.binding is not None:
        return function.binding(call, arguments)
    return _bind_plain(function, call, arguments)


def _bind_plain(function: Function, call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_arguments(function, call, arguments)
    runs = tuple(argument.run for argument in arguments)
    return Bound(function.returns, _closure(function, runs), call)


def _closure(function: Function, runs: tuple[Evaluate, ...]) -> Evaluate:
    work = function.run
    assert work is not None, function.name  # noqa: S101 - a row of the table lacks both columns
    if function.needs_context:
        return lambda context: work(context, *[run(context) for run in runs])
    if function.takes_blank:
        return lambda context: work(*[run(context) for run in runs])
    if len(runs) == 1:
        return _one(work, runs[0])
    return _two(work, *runs) if len(runs) == 2 else _many(work, runs)


def _one(work: Callable[..., Value], only: Evaluate) -> Evaluate:
    def run(context: FormulaContext) -> Value:
        value = only(context)
        return None if value is None else work(value)

    return run


def _two(work: Callable[..., Value], first: Evaluate, second: Evaluate) -> Evaluate:
    def run(context: FormulaContext) -> Value:
        left, right = first(context), second(context)
        return None if left is None or right is None else work(left, right)

    return run


def _many(work: Callable[..., Value], runs: tuple[Evaluate, ...]) -> Evaluate:
    def run(context: FormulaContext) -> Value:
        values = [each(context) for each in runs]
        return None if any(value is None for value in values) else work(*values)

    return run
