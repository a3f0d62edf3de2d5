"""Source folders as Metadata API packages: what `sf project convert source` makes of them.

A test's own converter, so that what the org reads is not what the org's code wrote.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

_NESTED = {
    "fields": "CustomField",
    "validationRules": "ValidationRule",
    "recordTypes": "RecordType",
    "listViews": "ListView",
    "compactLayouts": "CompactLayout",
}
_TYPES = {
    "applications": "CustomApplication",
    "customPermissions": "CustomPermission",
    "layouts": "Layout",
    "objects": "CustomObject",
    "permissionsets": "PermissionSet",
    "settings": "Settings",
    "standardValueSets": "StandardValueSet",
    "globalValueSets": "GlobalValueSet",
    "flows": "Flow",
    "tabs": "CustomTab",
    "workflows": "Workflow",
}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def convert_source(folder: Path) -> dict[str, str]:
    """The files of a package by their path in the zip, `package.xml` among them."""
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*-meta.xml")):
        directory = path.relative_to(folder).parts[0]
        if directory != "objects":
            files[f"{directory}/{path.name.removesuffix('-meta.xml')}"] = path.read_text()
    for holder in sorted((folder / "objects").iterdir()):
        files[f"objects/{holder.name}.object"] = _whole_object(holder)
    return with_manifest(files)


def with_manifest(files: Mapping[str, str], version: str = "62.0") -> dict[str, str]:
    """The files with a manifest that lists every one of them, objects as a whole."""
    members: dict[str, list[str]] = {}
    for name in files:
        directory, _, file = name.partition("/")
        if directory in _TYPES:
            members.setdefault(_TYPES[directory], []).append(file.rpartition(".")[0])
    return {**files, "package.xml": manifest(members, version)}


def manifest(members: Mapping[str, list[str]], version: str = "62.0") -> str:
    """A `package.xml` with these members by type."""
    types = "".join(
        f"<types>{''.join(f'<members>{m}</members>' for m in names)}<name>{kind}</name></types>"
        for kind, names in members.items()
    )
    return f'{_HEAD}<Package xmlns="{_NAMESPACE}">{types}<version>{version}</version></Package>'


def an_object(body: str) -> str:
    """An object file with this content, which starts at line 3."""
    return f'{_HEAD}<CustomObject xmlns="{_NAMESPACE}">\n{body}\n</CustomObject>\n'


def zip_of(files: Mapping[str, str | bytes]) -> bytes:
    """The files as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _whole_object(holder: Path) -> str:
    own = holder / f"{holder.name}.object-meta.xml"
    parts = [_inside(own)] if own.exists() else []
    for directory in _NESTED:
        for path in sorted((holder / directory).glob("*-meta.xml")):
            parts.append(f"<{directory}>{_inside(path)}</{directory}>")
    return an_object("\n".join(parts))


def _inside(path: Path) -> str:
    """What stands between the root's tags."""
    found = re.search(r"<\w+ xmlns=[^>]*>(.*)</\w+>\s*\Z", path.read_text(), re.DOTALL)
    assert found, path
    return found[1]
