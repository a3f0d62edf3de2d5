"""The list of what a project has and the org has not, which people see at the start.

Owns which kinds of files and which of their elements are without effect here. Whatever could not be
built is listed where it is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from sandbox.metadata.absence import Absence
from sandbox.metadata.documents import child, tag_of
from sandbox.metadata.idle import NOT_SUPPORTED, REASONS
from sandbox.metadata.permissions import granted_fields, granted_objects
from sandbox.metadata.project import Component
from sandbox.metadata.standard import StandardObject
from sandbox.org.schema import Schema, Unsupported

#: Elements that have no effect here, by kind of the file that holds them.
_IDLE_ELEMENTS = {
    "field": ("maskType",),
    "permissionset": (
        "applicationVisibilities",
        "tabSettings",
        "recordTypeVisibilities",
        "classAccesses",
        "pageAccesses",
        "flowAccesses",
        "customMetadataTypeAccesses",
        "customSettingAccesses",
        "externalDataSourceAccesses",
    ),
    "object": (
        "sharingModel",
        "externalSharingModel",
        "compactLayoutAssignment",
        "searchLayouts",
        "actionOverrides",
    ),
    "recordType": ("businessProcess",),
}


def unsupported(component: Component, reason: str) -> Unsupported:
    """The entry of a component, or of a part of it, that does nothing here."""
    kind = component.kind.root or tag_of(component.element)
    return Unsupported(kind, component.full_name, reason, str(component.path))


def reason_of(component: Component) -> str:
    """Why the component's whole kind has no effect here."""
    return REASONS.get(component.kind.root or "", NOT_SUPPORTED)


def list_idle(component: Component) -> Iterator[Unsupported]:
    """The component when its whole kind is without effect, and its elements that are."""
    if not component.kind.has_effect:
        yield unsupported(component, reason_of(component))
    for tag in _IDLE_ELEMENTS.get(component.kind.suffix, ()):
        if child(component.element, tag) is not None:
            yield unsupported(component, f"its {tag} has no effect")


def list_idle_grants(
    permission_set: Component, schema: Schema, absence: Absence, geolocations: Collection[str]
) -> Iterator[Unsupported]:
    """Grants on what this org has not: they change nothing, so the rest is kept."""
    element = permission_set.element
    idle = [name for name in granted_objects(element) if absence.object_reason(schema, name)]
    for path in granted_fields(element):
        owner, _, name = path.partition(".")
        if path not in geolocations and absence.field_reason(schema, owner, name):
            idle.append(path)
    if idle:
        reason = f"grants on what is not here do nothing: {', '.join(sorted(idle))}"
        yield unsupported(permission_set, reason)


def list_absent_fields(standard: Iterable[StandardObject]) -> list[Unsupported]:
    """Fields that Salesforce's own objects have and the local org's have not."""
    return [
        Unsupported("StandardField", f"{s.sobject.name}.{name}", "the local org has not got it")
        for s in standard
        for name in s.absent
    ]
