"""The parts of a parsed formula: literals, field references and calls.

Owns the shape that the parser builds and the binder reads. Operators are calls too (`+` of two
arguments), so that one table of typed operations serves both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sandbox.org.formulas.interface import Path, ResultType, Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, TRUE, FALSE or NULL."""

    type: ResultType
    value: Value
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A field, a parent's field or a global variable, spelled as in the formula."""

    path: Path
    line: int
    column: int

    @property
    def name(self) -> str:
        """The path as text, for messages."""
        return ".".join(self.path)

    @property
    def is_own_field(self) -> bool:
        """True for a field of the record itself: no parent, no global."""
        return len(self.path) == 1 and not self.path[0].startswith("$")


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator with its arguments; function names are upper case."""

    name: str
    arguments: tuple[Node, ...]
    line: int
    column: int

    @property
    def label(self) -> str:
        """How messages name it: `function 'LEFT()'` or `operator '+'`."""
        return f"function '{self.name}()'" if self.name[0].isalpha() else f"operator '{self.name}'"


Node: TypeAlias = Literal | Reference | Call


def walk(node: Node) -> Iterator[Node]:
    """Every node of the formula, without recursion: formulas nest as deep as people type."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if isinstance(current, Call):
            pending.extend(reversed(current.arguments))
