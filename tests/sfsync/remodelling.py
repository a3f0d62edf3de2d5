"""The admin who changes the org's fields while it runs: the other side of schema drift."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from sandbox.org.schema import Field, PicklistValue, Schema
from sandbox.server import LocalOrgServer

INTEGRATION = "Manufaktura_Integration"


class Remodeller:
    """Changes the schema of a running org; each change is in force when the call returns.

    The project's rules and filters are put aside, as they name fields that are to change; those of
    the sync guard stay.
    """

    def __init__(self, server: LocalOrgServer) -> None:
        self._org = server.org
        self._first = deepcopy(server.org.core.schema)
        self._change(_without_rules)

    def restore(self) -> None:
        """The schema as the org started with it."""
        self._org.adopt(deepcopy(self._first), lambda: None)

    def undo(self) -> None:
        """The fields as they were at first."""
        schema = deepcopy(self._first)
        _without_rules(schema)
        self._org.adopt(schema, lambda: None)

    def add(self, sobject: str, new: Field) -> None:
        """Add a field that the integration user may read and edit."""

        def change(schema: Schema) -> None:
            schema.objects[sobject].add_field(replace(new, custom=True))
            self._grants(schema)[f"{sobject}.{new.name}"] = frozenset({"read", "edit"})

        self._change(change)

    def alter(self, sobject: str, name: str, **facts: Any) -> None:
        """Change what a field is."""

        def change(schema: Schema) -> None:
            field = schema.objects[sobject].fields[name]
            schema.objects[sobject].add_field(replace(field, **facts))

        self._change(change)

    def drop(self, sobject: str, name: str) -> None:
        """Delete a field."""

        def change(schema: Schema) -> None:
            schema.objects[sobject].drop_field(name)
            if name == "RecordTypeId":
                schema.objects[sobject].record_types.clear()

        self._change(change)

    def grant(self, sobject: str, name: str, *rights: str) -> None:
        """What the integration user may do with a field: nothing, read, or read and edit."""

        def change(schema: Schema) -> None:
            self._grants(schema)[f"{sobject}.{name}"] = frozenset(rights)

        self._change(change)

    def hide_object(self, sobject: str) -> None:
        """Let the integration user not see an object at all."""

        def change(schema: Schema) -> None:
            schema.permission_sets[INTEGRATION].objects[sobject] = frozenset()

        self._change(change)

    def withdraw_permission(self, name: str) -> None:
        """Take a custom permission from the integration user."""

        def change(schema: Schema) -> None:
            granted = schema.permission_sets[INTEGRATION]
            left = granted.custom_permissions - {name}
            schema.permission_sets[INTEGRATION] = replace(granted, custom_permissions=left)

        self._change(change)

    def switch_off(self, sobject: str, name: str) -> None:
        """Deactivate a validation rule."""

        def change(schema: Schema) -> None:
            found = schema.objects[sobject]
            found.validation_rules = [
                replace(rule, active=rule.active and rule.name != name)
                for rule in found.validation_rules
            ]

        self._change(change)

    def values(self, sobject: str, name: str) -> tuple[PicklistValue, ...]:
        """The values of a picklist."""
        return self._org.core.schema.objects[sobject].fields[name].values

    def _grants(self, schema: Schema) -> dict[str, frozenset[str]]:
        return schema.permission_sets[INTEGRATION].fields

    def _change(self, change: Callable[[Schema], None]) -> None:
        schema = deepcopy(self._org.core.schema)
        change(schema)
        self._org.adopt(schema, lambda: None)


def _without_rules(schema: Schema) -> None:
    for sobject in schema.objects.values():
        guards = [rule for rule in sobject.validation_rules if rule.name.startswith("Sync_")]
        sobject.validation_rules = guards
        for field in list(sobject.fields.values()):
            sobject.add_field(replace(field, lookup_filter=None))
