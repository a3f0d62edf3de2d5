"""What the org tells about its metadata: the types it knows, the components it has, and copies.

Source: Metadata API guide, describeMetadata, listMetadata, retrieve, FileProperties.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.api.deploy_results import show_soap_time
from sandbox.metadata.files import package_path
from sandbox.metadata.kinds import KINDS
from sandbox.metadata.manifest import covers, manifest_entry
from sandbox.metadata.project import Component
from sandbox.org.actor import Actor
from sandbox.org.schema import Schema

_CODE_DIRECTORIES = frozenset({"classes", "triggers", "pages", "components", "staticresources"})
_FOLDER_KINDS = ("reportFolder", "dashboardFolder", "emailFolder")
_IN_FOLDERS = frozenset(KINDS[suffix].directory for suffix in _FOLDER_KINDS)
#: The type under which something of an object is deployed, by itself or in the object's file.
_CHILDREN = [kind.root for kind in KINDS.values() if kind.in_object]


@dataclass(frozen=True)
class Stamp:
    """Who and when, for every component alike: the org keeps no history of its metadata."""

    actor: Actor
    at: datetime


def describe_metadata() -> dict[str, object]:
    """The kinds of metadata that a deploy takes."""
    return {
        "metadataObjects": [_describe_type(name) for name in sorted(_top_kinds())],
        "organizationNamespace": "",
        "partialSaveAllowed": True,
        "testRequired": False,
    }


def list_components(
    components: Iterable[Component], schema: Schema, type_name: str, stamp: Stamp
) -> list[dict[str, object]]:
    """FileProperties of every component of one type, sorted by name."""
    found = {
        full_name: package_path(component)
        for component in components
        for kind, full_name in [manifest_entry(component)]
        if kind == type_name
    }
    if type_name == "CustomObject":
        found |= {
            name: f"objects/{name}.object"
            for name, sobject in schema.objects.items()
            if sobject.history_of is None
        }
    return [_file_properties(type_name, n, file, stamp) for n, file in sorted(found.items())]


def file_properties(component: Component, stamp: Stamp, root: str) -> dict[str, object]:
    """FileProperties of one component in a zip that starts at `root`."""
    type_name, full_name = manifest_entry(component)
    return _file_properties(type_name, full_name, root + package_path(component), stamp)


def select(
    components: Iterable[Component], wanted: Sequence[tuple[str, str]]
) -> tuple[list[Component], list[str]]:
    """The components that a manifest asks for, and a message per member that there is not."""
    listed = dict.fromkeys(wanted, 1)
    found = [c for c in components if covers(listed, *manifest_entry(c))]
    names = {manifest_entry(c) for c in found}
    names |= {("CustomObject", c.owner) for c in found if c.owner}
    missing = [
        f"Entity of type '{type_name}' named '{member}' cannot be found"
        for type_name, member in wanted
        if member != "*" and (type_name, member) not in names
    ]
    return found, missing


def _top_kinds() -> dict[str, str]:
    return {
        kind.root or "Settings": suffix
        for suffix, kind in KINDS.items()
        if not kind.in_object and suffix not in _FOLDER_KINDS
    }


def _describe_type(name: str) -> dict[str, object]:
    kind = KINDS[_top_kinds()[name]]
    return {
        "childXmlNames": _CHILDREN if kind.suffix == "object" else [],
        "directoryName": kind.directory,
        "inFolder": kind.directory in _IN_FOLDERS,
        "metaFile": kind.directory in _CODE_DIRECTORIES,
        "suffix": kind.suffix,
        "xmlName": name,
    }


def _file_properties(type_name: str, full_name: str, file: str, stamp: Stamp) -> dict[str, object]:
    at = show_soap_time(stamp.at)
    return {
        "createdById": stamp.actor.user_id,
        "createdByName": stamp.actor.username,
        "createdDate": at,
        "fileName": file,
        "fullName": full_name,
        "id": "",
        "lastModifiedById": stamp.actor.user_id,
        "lastModifiedByName": stamp.actor.username,
        "lastModifiedDate": at,
        "manageableState": "unmanaged",
        "type": type_name,
    }
