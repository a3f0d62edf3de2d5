"""Which texts a formula compares picklist fields with.

Owns the recognition of the four spellings (ISPICKVAL, CASE, INCLUDES, TEXT(field) = "…"), so that
the linter can find a status that no picklist has. Whether a field is a picklist is its business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.org.formulas.interface import Path, ResultType
from sandbox.org.formulas.nodes import Call, Literal, Node, Reference


def find_picklist_literals(nodes: Iterable[Node]) -> list[tuple[Path, str]]:
    """Every (field path, text) that a formula compares, in the order of its nodes."""
    return [pair for node in nodes if isinstance(node, Call) for pair in _comparisons(node)]


def _comparisons(call: Call) -> Iterator[tuple[Path, str]]:
    arguments = call.arguments
    if call.name in ("ISPICKVAL", "INCLUDES"):
        yield from _pairs(_field(arguments[:1]), arguments[1:2])
    elif call.name == "CASE":
        subject = arguments[:1]
        yield from _pairs(_field(subject) or _text_of(subject), arguments[1:-1:2])
    elif call.name in ("=", "<>"):
        yield from _pairs(_text_of(arguments[:1]), arguments[1:])
        yield from _pairs(_text_of(arguments[1:]), arguments[:1])


def _pairs(path: Path | None, literals: Iterable[Node]) -> Iterator[tuple[Path, str]]:
    for node in literals:
        if path and isinstance(node, Literal) and node.type is ResultType.TEXT:
            yield path, node.value


def _field(arguments: tuple[Node, ...]) -> Path | None:
    node = _inside("PRIORVALUE", arguments) or (arguments[0] if arguments else None)
    return node.path if isinstance(node, Reference) else None


def _text_of(arguments: tuple[Node, ...]) -> Path | None:
    inner = _inside("TEXT", arguments)
    return _field((inner,)) if inner is not None else None


def _inside(name: str, arguments: tuple[Node, ...]) -> Node | None:
    node = arguments[0] if arguments else None
    if isinstance(node, Call) and node.name == name and len(node.arguments) == 1:
        return node.arguments[0]
    return None
