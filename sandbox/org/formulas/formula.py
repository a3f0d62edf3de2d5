"""A compiled formula: parsed once, checked against a scope, evaluated against records.

Owns the caches. Text is parsed once per process; the closures are bound once per set of field
types, so a rule costs microseconds per record.
"""

from __future__ import annotations

from functools import lru_cache, partial

from sandbox.org.formulas.binder import bind
from sandbox.org.formulas.errors import FormulaError, FormulaSyntaxError, FormulaTypeError
from sandbox.org.formulas.globals import SYSTEM_VALUES
from sandbox.org.formulas.grammar import parse
from sandbox.org.formulas.interface import (
    Evaluate,
    FieldRef,
    FormulaContext,
    Path,
    Resolver,
    ResultType,
    Scope,
    Value,
)
from sandbox.org.formulas.nodes import Call, Literal, Node, Reference, walk
from sandbox.org.formulas.picklists import find_picklist_literals
from sandbox.org.formulas.registry import FUNCTIONS
from sandbox.org.formulas.signature import Bound

#: Salesforce refuses longer formulas. Source: help, "Formula Field Limits and Restrictions".
MAX_LENGTH = 3_900


class Formula:
    """One formula. Immutable for its users; the bound closure is remembered inside."""

    def __init__(self, text: str, node: Node) -> None:
        self.text = text
        self.node = node
        nodes = list(walk(node))
        self._paths = _field_paths(nodes)
        #: Every field named, as spelled: `("Order__r", "Status")`, `("$User", "Id")`.
        self.references: frozenset[Path] = frozenset(self._paths)
        #: Every function named, in upper case; AND, OR and NOT also when written as operators.
        self.functions: frozenset[str] = frozenset(
            n.name for n in nodes if isinstance(n, Call) and n.name[0].isalpha()
        )
        #: Values that picklist fields are compared with, for the linter.
        self.picklist_literals: list[tuple[Path, str]] = find_picklist_literals(nodes)
        self._bound: tuple[list[FieldRef | None], Evaluate] | None = None

    def check(self, scope: Scope) -> ResultType:
        """The type of the result, when the formula would deploy with these fields.

        Raises FormulaTypeError for the first unknown field or function, wrong argument, mixed
        types, a function that Salesforce's editor does not offer, or too long a text.
        """
        if len(self.text) > MAX_LENGTH:
            raise FormulaTypeError(
                f"The formula has {len(self.text)} characters; {MAX_LENGTH} are allowed", 1, 1
            )
        result = _bind(self.node, scope.field_type).type
        for node in walk(self.node):
            if isinstance(node, Call) and not FUNCTIONS[node.name].deployable:
                raise FormulaTypeError(
                    f"Unknown function {node.name}. Salesforce's formula editor has none",
                    node.line,
                    node.column,
                )
        return result

    @property
    def is_constant(self) -> bool:
        """True when the result is the same for every record, user and moment."""
        return isinstance(self.node, Literal)

    def bind(self, resolve: Resolver) -> Evaluate:
        """The formula as a function of the records of one scope; quicker than `evaluate`.

        It gives and raises what `evaluate` does. Raises FormulaTypeError as `check` does.
        """
        return partial(_evaluate, _bind(self.node, resolve).run)

    def evaluate(self, context: FormulaContext) -> Value:
        """The result for one record: a canonical value, None when blank or unknown.

        Percent results are fractions; `to_field_value` turns a result into a field's value.
        Raises FormulaError when the record's values have no result, FormulaTypeError when the
        context does not know a field.
        """
        return _evaluate(self._run_for(context), context)

    def _run_for(self, context: FormulaContext) -> Evaluate:
        fields = [context.field_type(path) for path in self._paths]
        bound = self._bound
        if bound is None or bound[0] != fields:
            bound = fields, _bind(self.node, context.field_type).run
            self._bound = bound
        return bound[1]


def _evaluate(run: Evaluate, context: FormulaContext) -> Value:
    try:
        value = run(context)
    except ArithmeticError as error:
        raise FormulaError(f"The formula has no result: {type(error).__name__}") from error
    except RecursionError as error:
        raise FormulaError("The formula is nested too deeply") from error
    return None if value == "" else value


def _field_paths(nodes: list[Node]) -> tuple[Path, ...]:
    paths = (n.path for n in nodes if isinstance(n, Reference))
    return tuple(dict.fromkeys(p for p in paths if ".".join(p).lower() not in SYSTEM_VALUES))


def _bind(node: Node, resolve: Resolver) -> Bound:
    try:
        return bind(node, resolve)
    except RecursionError as error:
        raise FormulaTypeError("The formula is nested too deeply", 1, 1) from error


@lru_cache(maxsize=4096)
def _compile(text: str) -> Formula:
    try:
        return Formula(text, parse(text))
    except RecursionError as error:
        raise FormulaSyntaxError("the formula is nested too deeply", 1, 1) from error


def compile_formula(text: str, resolve: Resolver | None = None) -> Formula:
    """The formula of that text, from a cache. Raises FormulaSyntaxError.

    With `resolve` its types are checked at once too, which raises FormulaTypeError.
    """
    formula = _compile(text)
    if resolve is not None:
        _bind(formula.node, resolve)
    return formula
