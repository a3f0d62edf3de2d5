"""What is wrong with a component that somebody deploys.

Owns the step from a problem, which names a file and a line, to the component that stands there: an
object file holds many, and people look for the one field that was refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.metadata.documents import line_of
from sandbox.metadata.manifest import manifest_entry
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component

#: Parts a file's name from the place of a component in it; no name in a zip holds it.
_MARK = "\x1f"


@dataclass(frozen=True)
class Finding:
    """One reason to refuse, in the words of a DeployMessage."""

    file: str
    type_name: str  #: CustomField; empty when the package itself is wrong
    full_name: str
    line: int
    message: str


def told_apart(components: Iterable[Component]) -> list[Component]:
    """The components, each with a path of its own, so that a problem's path names just one."""
    return [
        replace(component, path=Path(f"{component.path}{_MARK}{place}"))
        for place, component in enumerate(components)
    ]


def file_of(component: Component) -> str:
    """The file in the zip that holds the component."""
    return str(component.path).partition(_MARK)[0]


def about_package(message: str, file: str = "package.xml") -> Finding:
    """A finding that concerns no single component."""
    return Finding(file, "", file, 1, message)


def about_component(component: Component, message: str, line: int | None = None) -> Finding:
    """A finding about one component."""
    type_name, full_name = manifest_entry(component)
    where = line_of(component.element) if line is None else line
    return Finding(file_of(component), type_name, full_name, where, message)


def find_culprit(components: Iterable[Component], problem: Problem) -> Component | None:
    """The component that stands at the problem's place: the last one that begins before it."""
    here = [c for c in components if str(c.path) == problem.file]
    before = [c for c in here if line_of(c.element) <= problem.line]
    return max(before or here[:1], key=lambda c: line_of(c.element), default=None)
