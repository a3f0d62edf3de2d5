"""How a function is described: its name, what it takes, what it gives, and what it does.

Owns the vocabulary of the function table. Most functions are plain: typed arguments in, one value
out. The few that look at the expression instead of its value (IF, ISCHANGED, CASE) bring their own
binding, which receives the bound arguments with their nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sandbox.org.formulas.errors import FormulaTypeError
from sandbox.org.formulas.interface import Evaluate, FieldRef, ResultType, Value
from sandbox.org.formulas.nodes import Call, Literal, Node

NUMBER, TEXT, BOOLEAN = ResultType.NUMBER, ResultType.TEXT, ResultType.BOOLEAN
DATE, DATETIME, TIME = ResultType.DATE, ResultType.DATETIME, ResultType.TIME
PICKLIST, MULTIPICKLIST = ResultType.PICKLIST, ResultType.MULTIPICKLIST
LOCATION, NULL, ANY = ResultType.LOCATION, ResultType.NULL, ResultType.ANY

#: Types that one argument may have. NULL always fits and is not listed.
Kinds: TypeAlias = tuple[ResultType, ...]
#: Salesforce refuses MIN, MAX and friends with more arguments than this.
MAX_ARGUMENTS = 255


@dataclass(frozen=True, slots=True)
class Bound:
    """An expression whose types are settled: its type, how to run it, and where it came from."""

    type: ResultType
    run: Evaluate
    node: Node
    field: FieldRef | None = None  #: for field references and PRIORVALUE


#: Binds a call whose arguments are already bound.
Binding: TypeAlias = Callable[[Call, tuple[Bound, ...]], Bound]


@dataclass(frozen=True)
class Function:
    """One row of the function table.

    `required` counts the arguments that must be there (all when None); the last parameter may
    repeat when `repeats`. A blank argument makes the result null without running, unless
    `takes_blank`: then `run` sees None and decides. `run` gets the context first when
    `needs_context`.
    """

    name: str
    parameters: tuple[Kinds, ...] = ()
    returns: ResultType = ANY
    run: Callable[..., Value] | None = None
    required: int | None = None
    repeats: bool = False
    takes_blank: bool = False
    needs_context: bool = False
    binding: Binding | None = None
    deployable: bool = True  #: False for functions that Salesforce's own editor does not offer
    refusal: str = ""  #: why the local org cannot run it, when it exists in Salesforce

    @property
    def most(self) -> int:
        """The largest number of arguments."""
        return MAX_ARGUMENTS if self.repeats else len(self.parameters)

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return len(self.parameters) if self.required is None else self.required


def check_arguments(function: Function, call: Call, arguments: tuple[Bound, ...]) -> None:
    """Refuse a wrong number or type of arguments, naming the function and the position."""
    check_count(call, len(arguments), function.least, function.most)
    for index, argument in enumerate(arguments):
        kinds = function.parameters[min(index, len(function.parameters) - 1)]
        check_kind(call, argument, kinds)


def check_count(call: Call, count: int, least: int, most: int) -> None:
    """Refuse a call with too few or too many arguments."""
    if least <= count <= most:
        return
    expected = str(least) if least == most else f"{least} to {most}"
    raise FormulaTypeError(
        f"Incorrect number of parameters for {call.label}. Expected {expected}, received {count}",
        call.line,
        call.column,
    )


def check_kind(call: Call, argument: Bound, kinds: Kinds) -> None:
    """Refuse an argument of another type than `kinds`; NULL fits everywhere."""
    if argument.type in kinds or argument.type in (NULL, ANY):
        return
    expected = " or ".join(str(kind) for kind in kinds)
    hint = ""
    if argument.type is PICKLIST and TEXT in kinds:
        hint = "; use TEXT() of the picklist, or ISPICKVAL() to compare it"
    elif argument.type is NUMBER and TEXT in kinds:
        hint = "; use TEXT() of the number"
    elif argument.type is TEXT and NUMBER in kinds:
        hint = "; use VALUE() of the text"
    raise FormulaTypeError(
        f"Incorrect parameter type for {call.label}. "
        f"Expected {expected}, received {argument.type}{hint}",
        argument.node.line,
        argument.node.column,
    )


def common_type(call: Call, left: Bound, right: Bound) -> ResultType:
    """The type of two alternatives, which must agree; NULL takes the other's type."""
    if left.type is NULL:
        return right.type
    check_kind(call, right, (left.type,))
    return left.type


def literal_text(call: Call, argument: Bound) -> str:
    """The text of an argument that must be written out, as ISPICKVAL's second one."""
    node = argument.node
    if isinstance(node, Literal) and node.type is TEXT:
        return str(node.value)
    raise FormulaTypeError(
        f'Incorrect parameter for {call.label}. Expected a text literal such as "Draft"',
        node.line,
        node.column,
    )
