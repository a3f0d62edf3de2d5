"""From folders of metadata to the schema of an org, or to everything that is wrong with them.

Owns what loading demands: well-formed files that the Metadata schema knows (in any order of
elements, as a deploy allows) and whatever the checks marked for loading demand. Taste (help texts,
layouts) is the gate's business and never stops an org from starting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sandbox.metadata.builder import build_schema
from sandbox.metadata.checks import CheckContext, run_load_checks
from sandbox.metadata.documents import tag_of
from sandbox.metadata.flows import read_flow
from sandbox.metadata.problems import MetadataError, Problem
from sandbox.metadata.project import Component, Project, read_project
from sandbox.metadata.wsdl import knows_type, schema_findings
from sandbox.org.schema import Schema


def load_schema(folders: Sequence[Path]) -> Schema:
    """The schema of an org that these folders were deployed to, one after the other.

    `folders` are SFDX projects or source folders; none at all gives the standard objects. Whatever
    was read but has no effect here is named in `Schema.unsupported`.
    Raises MetadataError with every problem found: the caller shows it and does not start.
    """
    return load_project(read_project(folders))


def load_project(project: Project, prefixes: Mapping[str, str] | None = None) -> Schema:
    """The schema of components that were read already; objects keep the key prefixes given.

    Raises MetadataError as `load_schema` does.
    """
    findings = [*project.problems, *shape_findings(project)]
    if findings:
        raise MetadataError(findings)
    schema, problems = build_checked(project, prefixes)
    if problems:
        raise MetadataError(problems)
    return schema


def build_checked(
    project: Project, prefixes: Mapping[str, str] | None = None
) -> tuple[Schema, list[Problem]]:
    """The schema of well-formed components, and whatever makes it unfit to run."""
    built = build_schema(project, prefixes)
    context = CheckContext(built.project, built.schema, built.absence)
    return built.schema, [*built.problems, *run_load_checks(context)]


def shape_findings(project: Project) -> Iterator[Problem]:
    """Where the files that have an effect depart from the Metadata schema, in any order."""
    for component in project.components:
        if has_to_fit(component) and not component.inline:
            yield from shape_problems(component, any_order=True)


def has_to_fit(component: Component) -> bool:
    """True when the org acts on the component, and so must understand all of it.

    A flow that does not run here may be newer than the Metadata schema; naming it is enough.
    """
    if component.kind.suffix == "flow":
        return read_flow(component.element, component.name).trigger is not None
    return component.kind.has_effect


def shape_problems(component: Component, *, any_order: bool) -> Iterator[Problem]:
    """Where a file departs from the Metadata schema of its kind."""
    root = tag_of(component.element)
    expected = component.kind.root or f"{component.name}Settings"
    if root != expected:
        message = f"root element is {root}; a .{component.kind.suffix} file has {expected}"
        yield component.problem(message)
    elif knows_type(root):
        for line, reason in schema_findings(component.element, any_order):
            yield Problem(str(component.path), line, f"not valid metadata: {reason}")
