"""A package in Metadata API format: its files as components, and what `package.xml` asks for.

Owns the difference to source format: whole objects with their fields and rules in one file, no
`-meta.xml` but for code and folders, and a manifest that decides what is deployed.
Source: Metadata API guide, "File-Based Calls" and "package.xml".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from lxml import etree

from sandbox.metadata.documents import parse_bytes, tag_of
from sandbox.metadata.findings import Finding, about_component, about_package, told_apart
from sandbox.metadata.kinds import INLINE_KINDS, KINDS, Kind
from sandbox.metadata.manifest import covers, listed_members, manifest_entry
from sandbox.metadata.parts import part_entries
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component, inline_components

_MANIFEST = "package.xml"
_DESTRUCTIVE = "destructiveChanges"
_META = "-meta.xml"
#: Folders whose files hold code or content; only the `-meta.xml` beside each is metadata.
_CONTENT_FOLDERS = frozenset(
    {"aura", "classes", "components", "email", "lwc", "pages", "staticresources", "triggers"}
)
#: Suffix of the file that describes a folder of such files: `reports/Sales-meta.xml`.
_FOLDER_SUFFIXES = {
    "reports": "reportFolder",
    "dashboards": "dashboardFolder",
    "email": "emailFolder",
}
_NESTED_TAGS = frozenset(kind.inline_tag for kind in INLINE_KINDS) | {"fullName"}


@dataclass
class Package:
    """What a zip holds."""

    components: list[Component] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_package(members: Mapping[str, bytes], *, allow_missing: bool = False) -> Package:
    """The components of an unpacked zip, and every reason why it is no good package.

    `allow_missing` forgives what the manifest lists and the zip lacks.
    """
    package = Package()
    root = _find_root(members)
    if root is None:
        package.findings.append(about_package(f"No {_MANIFEST} found"))
        return package
    for name, content in members.items():
        inside = name.removeprefix(root)
        if not name.startswith(root):
            package.findings.append(_misplaced(name))
        elif inside.startswith(_DESTRUCTIVE):
            package.findings += _destructions(name, content)
        elif inside != _MANIFEST:
            _read_member(package, name, PurePosixPath(inside), content)
    package.components = told_apart(package.components)
    package.findings += _compare_with_manifest(
        package, root + _MANIFEST, members[root + _MANIFEST], allow_missing
    )
    return package


def _find_root(members: Mapping[str, bytes]) -> str | None:
    """Where the package starts: at the top of the zip or in its only folder."""
    if _MANIFEST in members:
        return ""
    folders = [n.removesuffix(_MANIFEST) for n in members if n.count("/") == 1]
    return next((f for f in folders if f + _MANIFEST in members), None)


def _misplaced(name: str) -> Finding:
    return about_package(f"{name} is no metadata file in the folder of its kind; remove it", name)


def _destructions(name: str, content: bytes) -> Iterator[Finding]:
    root = parse_bytes(content, Path(name))
    if isinstance(root, Problem):
        yield about_package(root.message, name)
        return
    for type_name, member in listed_members(root):
        message = (
            f"SANDBOX_NOT_IMPLEMENTED: the local org does not delete metadata ({type_name} "
            f"{member}); leave the file out, or start an org without that component"
        )
        yield Finding(name, type_name, member, 1, message)


def _read_member(package: Package, name: str, inside: PurePosixPath, content: bytes) -> None:
    folder = inside.parts[0]
    if folder in _CONTENT_FOLDERS and not inside.name.endswith(_META):
        return
    kind = _kind_of(inside)
    if kind is None or kind.directory != folder or kind.in_object:
        package.findings.append(_misplaced(name))
        return
    root = parse_bytes(content, Path(name))
    if isinstance(root, Problem):
        type_name, full_name = kind.root, _component_name(kind, inside)
        package.findings.append(Finding(name, type_name, full_name, root.line, root.message))
        return
    component = Component(kind, _component_name(kind, inside), "", Path(name), root)
    if kind.suffix != "object" or _says_something(root):
        package.components.append(component)
    if kind.suffix == "object":
        package.components += inline_components(component)


def _kind_of(inside: PurePosixPath) -> Kind | None:
    file = inside.name.removesuffix(_META)
    stem, dot, suffix = file.rpartition(".")
    if not dot and inside.name.endswith(_META):
        return KINDS.get(_FOLDER_SUFFIXES.get(inside.parts[0], ""))
    return KINDS.get(suffix) if stem else None


def _component_name(kind: Kind, inside: PurePosixPath) -> str:
    file = inside.name.removesuffix(_META)
    stem = unquote(file.removesuffix(f".{kind.suffix}"))
    is_foldered = kind.directory in _FOLDER_SUFFIXES and len(inside.parts) > 2
    return f"{inside.parts[-2]}/{stem}" if is_foldered else stem


def _says_something(root: etree._Element) -> bool:
    """False for an object file that only carries fields and the like of an object."""
    return any(tag_of(element) not in _NESTED_TAGS for element in root)


def _compare_with_manifest(
    package: Package, name: str, content: bytes, allow_missing: bool
) -> Iterator[Finding]:
    root = parse_bytes(content, Path(name))
    if isinstance(root, Problem):
        yield about_package(root.message, name)
        return
    listed = dict.fromkeys(listed_members(root), 1)
    for component in package.components:
        names = [manifest_entry(component), *part_entries(component)]
        if not any(covers(listed, *name) for name in names):
            yield about_component(component, "Not in package.xml")
    present = {manifest_entry(c) for c in package.components}
    present |= {entry for c in package.components for entry in part_entries(c)}
    present |= {("CustomObject", c.owner) for c in package.components if c.owner}
    refused = {(f.type_name, f.full_name) for f in package.findings}
    for type_name, member in listed:
        if allow_missing or member == "*" or (type_name, member) in present | refused:
            continue
        message = (
            f"An object '{member}' of type {type_name} was named in package.xml, but was not "
            "found in zipped directory"
        )
        yield Finding(name, type_name, member, 1, message)
