"""PermissionSet elements as `PermissionSet` values.

Owns the translation of Salesforce's permission flags into the org's words. Only what the org acts
on is kept; tabs, apps and record-type visibility steer the user interface, which it has not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from sandbox.metadata.documents import children, flag, text
from sandbox.org.schema import PermissionSet

#: Flags of `objectPermissions` and what they grant.
OBJECT_FLAGS = {
    "allowCreate": "create",
    "allowRead": "read",
    "allowEdit": "edit",
    "allowDelete": "delete",
    "viewAllRecords": "viewAll",
    "modifyAllRecords": "modifyAll",
}
#: Flags of `fieldPermissions` and what they grant.
FIELD_FLAGS = {"readable": "read", "editable": "edit"}


def read_permission_set(element: etree._Element, name: str) -> PermissionSet:
    """A permission set from its file."""
    return PermissionSet(
        name=name,
        label=text(element, "label") or name,
        objects=_grants(element, "objectPermissions", "object", OBJECT_FLAGS),
        fields=_grants(element, "fieldPermissions", "field", FIELD_FLAGS),
        custom_permissions=_enabled(element, "customPermissions"),
        user_permissions=_enabled(element, "userPermissions"),
    )


def granted_objects(element: etree._Element) -> Iterator[str]:
    """The objects that a permission set names."""
    return (text(entry, "object") or "" for entry in children(element, "objectPermissions"))


def granted_fields(element: etree._Element) -> Iterator[str]:
    """The fields that a permission set names, as `Order.Proposal__c`."""
    return (text(entry, "field") or "" for entry in children(element, "fieldPermissions"))


def _grants(
    element: etree._Element, tag: str, key: str, flags: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    return {
        text(entry, key) or "": frozenset(word for f, word in flags.items() if flag(entry, f))
        for entry in children(element, tag)
    }


def _enabled(element: etree._Element, tag: str) -> frozenset[str]:
    return frozenset(
        text(entry, "name") or "" for entry in children(element, tag) if flag(entry, "enabled")
    )
