"""The manifest `package.xml`: it lists every component of the project, and nothing else.

Owns the translation of components into manifest members. A component that the manifest forgets is
silently left out of every deploy that goes by the manifest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree

from sandbox.metadata.documents import children, line_of, parse_document, text, texts
from sandbox.metadata.parts import part_entries
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component, Project

_FOLDER = "manifest"
_WILDCARD = "*"
#: Manifest types whose name differs from the root element of their files.
_TYPE_NAMES = {
    "reportFolder": "Report",
    "dashboardFolder": "Dashboard",
    "emailFolder": "EmailTemplate",
}


def manifest_entry(component: Component) -> tuple[str, str]:
    """A component as the manifest lists it: type and member."""
    kind = component.kind
    if kind.suffix == "settings":
        return "Settings", component.name
    return _TYPE_NAMES.get(kind.suffix, kind.root), component.full_name


def check_manifest(project: Project, folder: Path) -> Iterator[Problem]:
    """What `manifest/package.xml` forgets, and what it lists that does not exist.

    A listed object brings its fields, rules and views with it, as in a deploy. Without a manifest
    there is nothing to check.
    """
    path = folder / _FOLDER / "package.xml"
    if not path.is_file():
        return
    root = parse_document(path)
    if isinstance(root, Problem):
        yield root
        return
    listed = _listed(root)
    present = {manifest_entry(c) for c in project.components if not c.inline}
    parts = {entry for c in project.components for entry in part_entries(c)}
    known = present | parts | {("CustomObject", c.owner) for c in project.components if c.owner}
    for kind, name in sorted(present):
        if not covers(listed, kind, name):
            message = f"{kind} {name} is not in the manifest; add it as a member of {kind}"
            yield Problem(str(path), 1, message)
    for (kind, name), line in listed.items():
        if name != _WILDCARD and (kind, name) not in known:
            message = f"the manifest lists {kind} {name}, which does not exist; remove it"
            yield Problem(str(path), line, message)
    if text(root, "version") is None:
        yield Problem(str(path), 1, "the manifest has no <version>; add the API version")


def _listed(root: etree._Element) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for element in children(root, "types"):
        kind = text(element, "name") or ""
        for member, line in texts(element, "members"):
            found[(kind, member)] = line or line_of(element)
    return dict(found)


def listed_members(root: etree._Element) -> list[tuple[str, str]]:
    """Type and member of every entry of a manifest, in file order."""
    return list(_listed(root))


def covers(listed: Mapping[tuple[str, str], int], kind: str, name: str) -> bool:
    """True when a manifest asks for a component, by name, by `*` or with its object."""
    owner = name.partition(".")[0]
    return (
        (kind, name) in listed
        or (kind, _WILDCARD) in listed
        or (owner != name and ("CustomObject", owner) in listed)
    )
