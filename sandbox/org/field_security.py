"""Which fields field-level security can hide at all.

Owns that line. Required fields, masters, names and what the platform itself writes are everybody's
who may see the record; a permission set cannot list them, so nobody can lose them. Parts of a
compound address or of a geolocation share the grant of the whole. Source: Salesforce help,
"Field-Level Security"; Metadata API guide, "PermissionSetFieldPermissions".
"""

from __future__ import annotations

import re

from sandbox.org.schema import Field, FieldType, SObject

#: Standard fields that come with the record, although nothing in their definition says so.
_COMES_WITH_RECORD = frozenset(
    {
        "CurrencyIsoCode",
        "FirstName",
        "IsPrivate",
        "OwnerId",
        "RecordTypeId",
        "Salutation",
        "WhatId",
        "WhoId",
    }
)
_ADDRESS_PART = re.compile(
    r"(\w*?)(?:Street|City|State|PostalCode|Country|Latitude|Longitude|GeocodeAccuracy)\Z"
)

_GEOLOCATION_PART = re.compile(r"(\w+__)(?:Latitude|Longitude)__s\Z")


def is_permissionable(sobject: SObject, field: Field) -> bool:
    """True when a user needs a grant to see the field; describe says the same by that name."""
    if is_setup(sobject) or field.required or field.name == sobject.name_field:
        return False
    if field.type in {FieldType.ID, FieldType.MASTER_DETAIL}:
        return False
    if field.custom:
        return True
    is_platforms = not (field.createable or field.updateable)
    return not is_platforms and field.name not in _COMES_WITH_RECORD


def grant_name(sobject: SObject, field: Field) -> str:
    """The name under which a permission set grants the field: `Account.BillingAddress`."""
    if field.custom:
        half = _GEOLOCATION_PART.match(field.name)
        return f"{sobject.name}.{half[1]}c" if half else f"{sobject.name}.{field.name}"
    part = _ADDRESS_PART.match(field.name)
    return f"{sobject.name}.{part[1]}Address" if part else f"{sobject.name}.{field.name}"


def is_setup(sobject: SObject) -> bool:
    """True for the org's own furniture (users, profiles, currencies): no recycle bin keeps it."""
    return not sobject.custom and sobject.field("IsDeleted") is None
