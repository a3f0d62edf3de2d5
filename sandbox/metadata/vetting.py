"""What is wrong with the components of a package before anything is built from them.

Owns the checks that protect the rest: names become table names and file paths, and the builder
trusts the shape of what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sandbox.metadata.checks import CheckContext
from sandbox.metadata.checks.names import check_api_name, check_full_name
from sandbox.metadata.documents import line_of
from sandbox.metadata.files import standalone
from sandbox.metadata.loader import has_to_fit, shape_problems
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
        if has_to_fit(component) or component.owner:
            # By itself, so that a mistake is charged to the component that makes it.
            alone = replace(component, element=standalone(component), inline=False)
            for problem in shape_problems(alone, any_order=True):
                line = max(problem.line, line_of(component.element))
                yield component, replace(problem, line=line)


def _name_problems(context: CheckContext, component: Component) -> Iterator[Problem]:
    yield from check_full_name(context, component)
    if component.kind.has_full_name or component.name.endswith(_CUSTOM):
        yield from check_api_name(context, component)
    if component.owner.endswith(_CUSTOM):
        yield from check_api_name(context, replace(component, name=component.owner))
