"""What is wrong with the components of a package before anything is built from them.

Owns the checks that protect the rest: names become table names and file paths, and the builder
trusts the shape of what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sandbox.metadata.checks import CheckContext
from sandbox.metadata.checks.names import check_api_name, check_full_name
from sandbox.metadata.findings import find_culprit
from sandbox.metadata.kinds import KINDS
from sandbox.metadata.loader import shape_problems
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component, Project
from sandbox.org.schema import Schema

Fault = tuple[Component, Problem]
_CUSTOM = "__c"


def find_faults(components: Sequence[Component]) -> Iterator[Fault]:
    """Every component that cannot be used, with the reason; one may come up several times."""
    context = CheckContext(Project(list(components)), Schema())
    seen: set[tuple[str, str]] = set()
    for component in components:
        key = component.kind.suffix, component.full_name.lower()
        if key in seen:
            yield component, component.problem("is in the package twice; keep one")
        seen.add(key)
        for problem in _name_problems(context, component):
            yield component, problem
    for file in _files(components):
        for problem in shape_problems(file, any_order=True):
            yield find_culprit(components, problem) or file, problem


def _name_problems(context: CheckContext, component: Component) -> Iterator[Problem]:
    yield from check_full_name(context, component)
    if component.kind.has_full_name or component.name.endswith(_CUSTOM):
        yield from check_api_name(context, component)
    if component.owner.endswith(_CUSTOM):
        yield from check_api_name(context, replace(component, name=component.owner))


def _files(components: Sequence[Component]) -> Iterator[Component]:
    """One component per file that has an effect; for an object file, the object."""
    by_path = {str(c.path): c for c in reversed(components) if c.kind.has_effect or c.owner}
    for component in by_path.values():
        if component.inline:
            root = component.element.getroottree().getroot()
            yield replace(
                component,
                kind=KINDS["object"],
                name=component.owner,
                owner="",
                element=root,
                inline=False,
            )
        else:
            yield component
