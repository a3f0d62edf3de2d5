"""Components as files: source format to keep them, Metadata API format to hand them out.

Owns both layouts on disk and in a zip. Elements are written in the order in which they were read.
"""

from __future__ import annotations

import copy
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from lxml import etree

from sandbox.metadata.documents import NAMESPACE, tag_of
from sandbox.metadata.kinds import INLINE_KINDS
from sandbox.metadata.manifest import manifest_entry
from sandbox.metadata.project import Component

#: The namespace without a prefix, as Salesforce writes it.
_NAMES: dict[Any, str] = {None: NAMESPACE}
#: What file names keep as it is; everything else is percent-encoded, as the CLI does.
_SAFE = " -_.,'!+=@"
_INLINE = {kind.inline_tag for kind in INLINE_KINDS}
_FOLDER_KINDS = frozenset({"reportFolder", "dashboardFolder", "emailFolder"})


def standalone(component: Component) -> etree._Element:
    """The component as the root of a file of its own, without what has its own name in it."""
    root = etree.Element(
        f"{{{NAMESPACE}}}{component.kind.root or tag_of(component.element)}",
        nsmap=_NAMES,
    )
    root.text = component.element.text
    for element in component.element:
        if component.kind.suffix != "object" or tag_of(element) not in _INLINE:
            root.append(copy.deepcopy(element))
    etree.indent(root, "    ")
    etree.cleanup_namespaces(root, top_nsmap=_NAMES)
    return root


def render(root: etree._Element) -> bytes:
    """A file's bytes."""
    text: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def source_path(component: Component) -> PurePosixPath:
    """Where source format keeps the component, relative to the source folder."""
    kind = component.kind
    file = f"{_file_name(component)}.{kind.suffix}-meta.xml"
    if kind.in_object:
        return PurePosixPath("objects", component.owner, kind.directory, file)
    if kind.suffix == "object":
        return PurePosixPath("objects", component.name, file)
    return PurePosixPath(kind.directory, *_folders(component), file)


def write_source(folder: Path, components: Iterable[Component]) -> None:
    """Write the components as a source folder; the folder must be new."""
    for component in components:
        path = folder / source_path(component)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(render(standalone(component)))


def package_path(component: Component) -> str:
    """Where Metadata API format keeps the component, relative to `package.xml`."""
    kind = component.kind
    if component.owner:
        return f"objects/{quote(component.owner, safe=_SAFE)}.object"
    name = _file_name(component)
    # A folder describes itself beside the folder, not inside it.
    file = f"{name}-meta.xml" if kind.suffix in _FOLDER_KINDS else f"{name}.{kind.suffix}"
    return str(PurePosixPath(kind.directory, *_folders(component), file))


def write_package(components: Iterable[Component], version: str, root: str = "") -> bytes:
    """A zip in Metadata API format with its manifest; `root` is the folder inside, or nothing."""
    files: dict[str, list[Component]] = defaultdict(list)
    for component in components:
        files[package_path(component)].append(component)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, members in files.items():
            archive.writestr(root + name, render(_whole_file(members)))
        everything = [c for members in files.values() for c in members]
        archive.writestr(f"{root}package.xml", render(_manifest(everything, version)))
    return buffer.getvalue()


def _whole_file(members: list[Component]) -> etree._Element:
    """One component, or an object with what belongs to it."""
    holder = next((c for c in members if not c.owner), None)
    root = standalone(holder) if holder else etree.Element(f"{{{NAMESPACE}}}CustomObject")
    for member in members:
        if member.owner:
            nested = standalone(member)
            nested.tag = f"{{{NAMESPACE}}}{member.kind.directory}"
            root.append(nested)
    etree.indent(root, "    ")
    etree.cleanup_namespaces(root, top_nsmap=_NAMES)
    return root


def _manifest(components: list[Component], version: str) -> etree._Element:
    by_type: dict[str, list[str]] = defaultdict(list)
    for component in components:
        type_name, full_name = manifest_entry(component)
        by_type[type_name].append(full_name)
    root = etree.Element(f"{{{NAMESPACE}}}Package", nsmap=_NAMES)
    for type_name, names in sorted(by_type.items()):
        entry = etree.SubElement(root, f"{{{NAMESPACE}}}types")
        for name in sorted(names):
            etree.SubElement(entry, f"{{{NAMESPACE}}}members").text = name
        etree.SubElement(entry, f"{{{NAMESPACE}}}name").text = type_name
    etree.SubElement(root, f"{{{NAMESPACE}}}version").text = version
    etree.indent(root, "    ")
    return root


def _folders(component: Component) -> list[str]:
    return component.name.split("/")[:-1]


def _file_name(component: Component) -> str:
    return quote(component.name.split("/")[-1], safe=_SAFE)
