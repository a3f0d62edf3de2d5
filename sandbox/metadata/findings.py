"""What is wrong with a component that somebody deploys.

Owns the step from a problem, which names a file and a line, to the component that stands there: an
object file holds many, and people look for the one field that was refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.metadata.documents import line_of
from sandbox.metadata.manifest import manifest_entry
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component


@dataclass(frozen=True)
class Finding:
    """One reason to refuse, in the words of a DeployMessage."""

    file: str
    type_name: str  #: CustomField; empty when the package itself is wrong
    full_name: str
    line: int
    message: str


def about_package(message: str, file: str = "package.xml") -> Finding:
    """A finding that concerns no single component."""
    return Finding(file, "", file, 1, message)


def about_component(component: Component, message: str, line: int | None = None) -> Finding:
    """A finding about one component."""
    type_name, full_name = manifest_entry(component)
    where = line_of(component.element) if line is None else line
    return Finding(str(component.path), type_name, full_name, where, message)


def find_culprit(components: Iterable[Component], problem: Problem) -> Component | None:
    """The component that stands at the problem's place: the last one that begins before it."""
    here = [c for c in components if str(c.path) == problem.file]
    before = [c for c in here if line_of(c.element) <= problem.line]
    return max(before or here[:1], key=lambda c: line_of(c.element), default=None)
