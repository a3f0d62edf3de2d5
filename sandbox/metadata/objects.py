"""Custom objects, validation rules and record types from their elements.

Owns what a custom object has before any field file is read, the key prefix that it gets, and which
objects keep a history.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import replace

from sandbox.metadata.documents import child, flag, text
from sandbox.metadata.fields import (
    is_supported_type,
    read_name_field,
    read_offers,
    read_type_defaults,
)
from sandbox.metadata.project import Component
from sandbox.metadata.standard import add_fields, history_object, setting_fields, system_fields
from sandbox.org.schema import FieldType, RecordType, Schema, SObject, ValidationRule

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CUSTOM = "__c"


def defines_object(component: Component) -> bool:
    """True for the file of a custom object; one of a package's objects only adds to it."""
    if not component.name.endswith(_CUSTOM):
        return False
    defining = ("nameField", "customSettingsType")
    has_own = any(child(component.element, tag) is not None for tag in defining)
    return has_own or len(component.name.split("__")) < 3


def custom_object(component: Component) -> SObject:
    """A custom object or setting with what every one of them has, and its Name."""
    element = component.element
    label = text(element, "label") or component.name
    sobject = SObject(
        component.name,
        label,
        text(element, "pluralLabel") or label,
        key_prefix="",
        custom=True,
        enable_history=flag(element, "enableHistory"),
    )
    if text(element, "customSettingsType"):
        sobject.is_setting = True
        add_fields(sobject, system_fields(recycle_bin=False, audited=True))
        add_fields(sobject, setting_fields())
        return sobject
    add_fields(sobject, system_fields(recycle_bin=True, audited=True))
    name_field = child(element, "nameField")
    if name_field is not None and is_supported_type(name_field):
        add_fields(sobject, [read_name_field(name_field)])
    return sobject


def validation_rule(component: Component) -> ValidationRule:
    """A validation rule from its element."""
    element = component.element
    return ValidationRule(
        component.name,
        text(element, "errorConditionFormula") or "",
        text(element, "errorMessage") or "",
        flag(element, "active"),
        text(element, "errorDisplayField"),
        text(element, "description") or "",
    )


def record_type(component: Component) -> RecordType:
    """A record type from its element."""
    return RecordType(
        component.name,
        text(component.element, "label") or component.name,
        flag(component.element, "active"),
        text(component.element, "description") or "",
        read_offers(component.element),
        read_type_defaults(component.element),
    )


def has_master(sobject: SObject) -> bool:
    """True for a detail, whose owner is its master's."""
    return any(f.type is FieldType.MASTER_DETAIL for f in sobject.fields.values())


def assign_prefixes(names: list[str], first: str, known: Mapping[str, str]) -> dict[str, str]:
    """The key prefix of each object: its own of old, else the next that nobody has."""
    taken = set(known.values())
    free = (p for high in _DIGITS for low in _DIGITS if (p := f"{first}{high}{low}") not in taken)
    return {name: known.get(name) or next(free) for name in names}


def add_histories(schema: Schema, tracked: Collection[str], prefixes: Mapping[str, str]) -> None:
    """Give the standard objects that are `tracked`, and custom ones that ask for it, a history."""
    parents = sorted(
        (
            sobject
            for sobject in schema.objects.values()
            if sobject.name in tracked or (sobject.custom and sobject.enable_history)
        ),
        # Standard ones first: they are there from the start, whatever is deployed later.
        key=lambda sobject: (sobject.custom, sobject.name),
    )
    histories = [history_object(parent, "") for parent in parents]
    found = assign_prefixes([history.name for history in histories], "h", prefixes)
    for history in histories:
        history.key_prefix = found[history.name]
        schema.objects[history.name] = history


def let_activities_point_at(schema: Schema, name: str) -> None:
    """Let tasks and events be related to records of the object."""
    for activity in ("Event", "Task"):
        sobject = schema.objects[activity]
        what = sobject.fields["WhatId"]
        sobject.add_field(replace(what, reference_to=(*what.reference_to, name)))


def remedy_for(name: str) -> str:
    """What to do about an object that nobody has brought."""
    if name.endswith(_CUSTOM):
        return f"add objects/{name}/{name}.object-meta.xml"
    return "it is not among the standard objects of the local org; correct the folder name"
