"""Logical functions: conditions, choices, blanks.

Owns what a blank means in a choice: an unknown condition counts as false, text is never null, and
an expression is "blank" by its type. AND, OR, IF and IFERROR evaluate only what they need; CASE
evaluates every branch, as Salesforce does, so an error in any branch is an error of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.org.formulas.errors import FAILURES, FormulaTypeError
from sandbox.org.formulas.interface import Evaluate, FormulaContext, ResultType, Value
from sandbox.org.formulas.nodes import Call
from sandbox.org.formulas.signature import (
    BOOLEAN,
    DATE,
    DATETIME,
    LOCATION,
    MAX_ARGUMENTS,
    MULTIPICKLIST,
    NUMBER,
    PICKLIST,
    TEXT,
    TIME,
    Bound,
    Function,
    check_count,
    check_kind,
    common_type,
    literal_text,
)

#: What IF and CASE may give. A picklist must go through TEXT() first.
RESULTS = (NUMBER, TEXT, BOOLEAN, DATE, DATETIME, TIME)
#: What CASE and BLANKVALUE may choose from: a Boolean is not among them.
VALUES = (NUMBER, TEXT, DATE, DATETIME, TIME)
BLANKABLE = (*VALUES, MULTIPICKLIST, LOCATION)


def _bind_and(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    runs = _conditions(call, arguments)

    def run(context: FormulaContext) -> Value:
        for condition in runs:  # noqa: SIM110 - a generator costs more than the conditions
            if not condition(context):
                return False
        return True

    return Bound(BOOLEAN, run, call)


def _bind_or(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    runs = _conditions(call, arguments)

    def run(context: FormulaContext) -> Value:
        for condition in runs:  # noqa: SIM110 - a generator costs more than the conditions
            if condition(context):
                return True
        return False

    return Bound(BOOLEAN, run, call)


def _conditions(call: Call, arguments: tuple[Bound, ...]) -> list[Evaluate]:
    check_count(call, len(arguments), 1, MAX_ARGUMENTS)
    for argument in arguments:
        check_kind(call, argument, (BOOLEAN,))
    return [argument.run for argument in arguments]


def _bind_if(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 3, 3)
    condition, then, otherwise = arguments
    check_kind(call, condition, (BOOLEAN,))
    kind = _result_type(call, (then, otherwise), RESULTS)
    when, yes, no = condition.run, then.run, otherwise.run

    def run(context: FormulaContext) -> Value:
        return yes(context) if when(context) else no(context)

    return Bound(kind, run, call)


def _bind_ifs(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 3, MAX_ARGUMENTS)
    if len(arguments) % 2 == 0:
        check_count(call, len(arguments), len(arguments) + 1, len(arguments) + 1)
    for condition in arguments[:-1:2]:
        check_kind(call, condition, (BOOLEAN,))
    kind = _result_type(call, (*arguments[1:-1:2], arguments[-1]), RESULTS)
    pairs = list(zip(arguments[:-1:2], arguments[1:-1:2], strict=True))

    def run(context: FormulaContext) -> Value:
        chosen = next((then for when, then in pairs if when.run(context)), arguments[-1])
        return chosen.run(context)

    return Bound(kind, run, call)


def _result_type(
    call: Call, alternatives: Sequence[Bound], allowed: tuple[ResultType, ...]
) -> ResultType:
    common = alternatives[0]
    for alternative in alternatives:
        check_kind(call, alternative, allowed)
        if common_type(call, common, alternative) is not common.type:
            common = alternative
    return common.type


def _bind_case(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 4, MAX_ARGUMENTS)
    if len(arguments) % 2:
        check_count(call, len(arguments), len(arguments) + 1, len(arguments) + 1)
    subject, cases = arguments[0], arguments[1:-1:2]
    kind = _result_type(call, (*arguments[2:-1:2], arguments[-1]), VALUES)
    if subject.type is PICKLIST:
        for case in cases:
            literal_text(call, case)
    else:
        _result_type(call, (subject, *cases), VALUES)
    as_text = TEXT in (subject.type, *[case.type for case in cases])
    runs = [argument.run for argument in arguments]
    return Bound(kind, lambda context: _choose([run(context) for run in runs], as_text), call)


def _choose(values: list[Value], as_text: bool) -> Value:
    subject = values[0] or "" if as_text else values[0]
    if subject is not None:
        for index in range(1, len(values) - 1, 2):
            case = values[index] or "" if as_text else values[index]
            if case is not None and subject == case:
                return values[index + 1]
    return values[-1]


def _bind_if_error(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    value, fallback = arguments
    kind = common_type(call, value, fallback)

    def run(context: FormulaContext) -> Value:
        try:
            return value.run(context)
        except FAILURES:
            return fallback.run(context)

    return Bound(kind, run, call)


def _is_picklist_text(argument: Bound) -> bool:
    """TEXT(picklist) keeps the picklist's field: its blank is a real null."""
    return argument.field is not None and argument.field.result_type is PICKLIST


def _refuse_unblankable(call: Call, argument: Bound) -> None:
    if argument.type is PICKLIST:
        name = getattr(argument.node, "name", "it")
        raise FormulaTypeError(
            f"Field {name} is a picklist field, which {call.label} does not take; "
            f'use {call.name}(TEXT({name})…) or ISPICKVAL({name}, "")',
            argument.node.line,
            argument.node.column,
        )
    check_kind(call, argument, BLANKABLE)


def _bind_is_blank(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 1, 1)
    argument = arguments[0]
    _refuse_unblankable(call, argument)
    run = argument.run
    if call.name == "ISNULL" and argument.type is TEXT and not _is_picklist_text(argument):
        return Bound(BOOLEAN, lambda _context: False, call)

    def is_blank(context: FormulaContext) -> Value:
        value = run(context)
        return value is None or value == ""

    return Bound(BOOLEAN, is_blank, call)


def _bind_blank_value(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    value, fallback = arguments
    _refuse_unblankable(call, value)
    kind = common_type(call, value, fallback)
    if call.name == "NULLVALUE" and kind is TEXT and not _is_picklist_text(value):
        return Bound(kind, value.run, call)

    def run(context: FormulaContext) -> Value:
        found, other = value.run(context), fallback.run(context)
        return other if found is None or found == "" else found

    return Bound(kind, run, call)


def _negate(value: Value) -> Value:
    return not value


FUNCTIONS = (
    Function("AND", binding=_bind_and),
    Function("BLANKVALUE", binding=_bind_blank_value),
    Function("CASE", binding=_bind_case),
    Function("IF", binding=_bind_if),
    Function("IFERROR", binding=_bind_if_error, deployable=False),
    Function("IFS", binding=_bind_ifs, deployable=False),
    Function("ISBLANK", binding=_bind_is_blank),
    Function("ISNULL", binding=_bind_is_blank),
    Function("NOT", ((BOOLEAN,),), BOOLEAN, _negate),
    Function("NULLVALUE", binding=_bind_blank_value),
    Function("OR", binding=_bind_or),
)
