"""A project's components merged with the standard objects into one `Schema`.

Owns the order of merging: objects, then value sets, fields, rules and record types, then what
follows from them (owner, currency, record type, history, key prefixes), then permissions. A later
component of the same name replaces an earlier one, as deploying folder after folder would.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sandbox.metadata.automations import add_automations
from sandbox.metadata.documents import child, children, flag, tag_of, text
from sandbox.metadata.fields import (
    ValueSets,
    change_standard_field,
    is_supported_type,
    read_field,
    read_name_field,
    read_value_list,
    with_values,
)
from sandbox.metadata.permissions import read_permission_set
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component, Project
from sandbox.metadata.standard import (
    CORPORATE_CURRENCY,
    VALUE_SET_FIELDS,
    StandardObject,
    add_fields,
    currency_field,
    history_object,
    load_standard_objects,
    owner_field,
    record_type_field,
    system_fields,
)
from sandbox.metadata.summaries import SummaryError, is_summary, read_summary
from sandbox.org.schema import FieldType, RecordType, Schema, SObject, ValidationRule

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
#: Elements that have no effect here, by kind of the file that holds them.
_IDLE_ELEMENTS = {
    "permissionset": ("applicationVisibilities", "tabSettings", "recordTypeVisibilities"),
    "object": ("sharingModel", "compactLayoutAssignment", "searchLayouts", "actionOverrides"),
    "recordType": ("picklistValues", "businessProcess"),
}
_KNOWN_OBJECT_SUFFIX = "__c"


def build_schema(
    project: Project, prefixes: Mapping[str, str] | None = None
) -> tuple[Schema, list[Problem]]:
    """The schema of a project, with everything that kept a component out of it.

    `prefixes` are the key prefixes that objects already have, by name: records carry them in their
    Ids, so an object keeps its own whatever is added beside it.
    """
    return _Builder(project, prefixes or {}).build()


class _Builder:
    """The schema while it grows, and the findings so far."""

    def __init__(self, project: Project, prefixes: Mapping[str, str]) -> None:
        self.project = project
        self.prefixes = prefixes
        self.standard = load_standard_objects()
        self.schema = Schema(corporate_currency=CORPORATE_CURRENCY)
        self.problems: list[Problem] = []
        self.value_sets: ValueSets = {}

    def build(self) -> tuple[Schema, list[Problem]]:
        for entry in self.standard:
            self.schema.objects[entry.sobject.name] = entry.sobject
        for step in (
            self._read_settings,
            self._add_objects,
            self._add_value_sets,
            self._add_fields,
            self._add_summaries,
            self._add_rules,
            self._add_record_types,
            self._add_derived_fields,
            self._add_histories,
            self._add_automations,
            self._add_permissions,
            self._list_unsupported,
        ):
            step()
        return self.schema, self.problems

    def _read_settings(self) -> None:
        for component in self.project.of("settings"):
            if component.name == "Currency":
                self.schema.multi_currency = flag(component.element, "enableMultiCurrency")
            elif not (component.name == "Order" and flag(component.element, "enableOrders")):
                self._unsupported(component)

    def _add_objects(self) -> None:
        for component in self.project.of("object"):
            known = self.schema.objects.get(component.name)
            if known is not None:
                known.enable_history |= flag(component.element, "enableHistory")
            elif component.name.endswith(_KNOWN_OBJECT_SUFFIX):
                self.schema.objects[component.name] = _custom_object(component)
                if flag(component.element, "enableActivities"):
                    self._let_activities_point_at(component.name)
            elif "__" in component.name:
                self._unsupported(component)
            else:
                self._unknown_object(component)
        custom = sorted(name for name, o in self.schema.objects.items() if o.custom)
        for name, prefix in _assign_prefixes(custom, "a", self.prefixes).items():
            self.schema.objects[name].key_prefix = prefix

    def _let_activities_point_at(self, name: str) -> None:
        for activity in ("Event", "Task"):
            sobject = self.schema.objects[activity]
            what = sobject.fields["WhatId"]
            sobject.add_field(replace(what, reference_to=(*what.reference_to, name)))

    def _add_value_sets(self) -> None:
        for component in self.project.of("globalValueSet"):
            values = read_value_list(component.element, "customValue")
            self.value_sets[component.name] = values
        for component in self.project.of("standardValueSet"):
            places = VALUE_SET_FIELDS.get(component.name)
            if places is None:
                self._unsupported(component)
                continue
            values = read_value_list(component.element, "standardValue")
            for name, field in places:
                sobject = self.schema.objects[name]
                sobject.add_field(with_values(sobject.fields[field], values))

    def _add_fields(self) -> None:
        for component in self.project.of("field"):
            sobject = self.schema.objects.get(component.owner)
            if sobject is None:
                self._unknown_object(component)
            elif component.name.endswith("__c"):
                self._add_custom_field(sobject, component)
            else:
                self._change_standard_field(sobject, component)

    def _add_custom_field(self, sobject: SObject, component: Component) -> None:
        if is_summary(component.element):
            return  # it takes the type of another field, so all others come first
        if is_supported_type(component.element):
            sobject.add_field(read_field(component.element, component.name, self.value_sets))
        elif text(component.element, "type") is None:
            self.problems.append(
                component.problem(f"field {component.full_name} has no type; add <type>")
            )
        else:
            self._unsupported(component, f" of type {text(component.element, 'type')}")

    def _add_summaries(self) -> None:
        for component in self.project.of("field"):
            sobject = self.schema.objects.get(component.owner)
            if sobject is None or not is_summary(component.element):
                continue
            try:
                field = read_summary(component.element, self.schema, sobject.name, component.name)
            except SummaryError as error:
                self.problems.append(component.problem(f"{component.full_name}: {error}"))
            else:
                sobject.add_field(field)

    def _change_standard_field(self, sobject: SObject, component: Component) -> None:
        known = sobject.fields.get(component.name)
        if known is None:
            message = (
                f"field {component.full_name} is neither custom (…__c) nor a standard field of "
                f"{component.owner} here; correct the name"
            )
            self.problems.append(component.problem(message))
            return
        sobject.add_field(change_standard_field(known, component.element, self.value_sets))

    def _add_rules(self) -> None:
        for component in self.project.of("validationRule"):
            sobject = self.schema.objects.get(component.owner)
            if sobject is None:
                self._unknown_object(component)
                continue
            rule = _validation_rule(component)
            kept = [r for r in sobject.validation_rules if r.name != rule.name]
            sobject.validation_rules = [*kept, rule]

    def _add_record_types(self) -> None:
        for component in self.project.of("recordType"):
            sobject = self.schema.objects.get(component.owner)
            if sobject is None:
                self._unknown_object(component)
                continue
            sobject.record_types[component.name] = RecordType(
                component.name,
                text(component.element, "label") or component.name,
                flag(component.element, "active"),
                text(component.element, "description") or "",
            )

    def _add_derived_fields(self) -> None:
        priced = {entry.sobject.name for entry in self.standard if entry.currency}
        for sobject in self.schema.objects.values():
            if sobject.custom and not _has_master(sobject):
                add_fields(sobject, [owner_field()])
            if sobject.record_types:
                add_fields(sobject, [record_type_field()])
            if self.schema.multi_currency and (sobject.custom or sobject.name in priced):
                add_fields(sobject, [currency_field()])
        if self.schema.multi_currency:
            own = currency_field("DefaultCurrencyIsoCode", "Default Currency ISO Code")
            add_fields(self.schema.objects["User"], [own])

    def _add_histories(self) -> None:
        tracked = {entry.sobject.name for entry in self.standard if entry.history}
        parents = sorted(
            (o for o in self.schema.objects.values() if o.name in tracked or _logs_history(o)),
            # Standard ones first: they are there from the start, whatever is deployed later.
            key=lambda o: (o.custom, o.name),
        )
        histories = [history_object(parent, "") for parent in parents]
        names = [history.name for history in histories]
        found = _assign_prefixes(names, "h", self.prefixes)
        for history in histories:
            history.key_prefix = found[history.name]
            self.schema.objects[history.name] = history

    def _add_automations(self) -> None:
        self.schema.unsupported += add_automations(self.project, self.schema)

    def _add_permissions(self) -> None:
        self.schema.custom_permissions |= {c.name for c in self.project.of("customPermission")}
        for component in self.project.of("permissionset"):
            found = read_permission_set(component.element, component.name)
            self.schema.permission_sets[component.name] = found

    def _list_unsupported(self) -> None:
        self.schema.unsupported += _absent_fields(self.standard)
        for component in self.project.components:
            if not component.kind.has_effect:
                self._unsupported(component)
            for tag in _IDLE_ELEMENTS.get(component.kind.suffix, ()):
                if child(component.element, tag) is not None:
                    self._unsupported(component, f": {tag}")
            if component.kind.suffix == "field":
                self._list_dependent_values(component)
        self.schema.unsupported = sorted(set(self.schema.unsupported))

    def _list_dependent_values(self, component: Component) -> None:
        value_set = child(component.element, "valueSet")
        if value_set is not None and next(children(value_set, "valueSettings"), None) is not None:
            self._unsupported(component, ": valueSettings")

    def _unsupported(self, component: Component, detail: str = "") -> None:
        kind = component.kind.root or tag_of(component.element)
        self.schema.unsupported.append(f"{kind} {component.full_name}{detail}")

    def _unknown_object(self, component: Component) -> None:
        name = component.owner or component.name
        remedy = (
            f"add objects/{name}/{name}.object-meta.xml"
            if name.endswith("__c")
            else "it is not among the standard objects of the local org; correct the folder name"
        )
        self.problems.append(component.problem(f"object {name} does not exist: {remedy}"))


def _custom_object(component: Component) -> SObject:
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
    add_fields(sobject, system_fields(recycle_bin=True, audited=True))
    name_field = child(element, "nameField")
    if name_field is not None and is_supported_type(name_field):
        add_fields(sobject, [read_name_field(name_field)])
    return sobject


def _validation_rule(component: Component) -> ValidationRule:
    element = component.element
    return ValidationRule(
        component.name,
        text(element, "errorConditionFormula") or "",
        text(element, "errorMessage") or "",
        flag(element, "active"),
        text(element, "errorDisplayField"),
        text(element, "description") or "",
    )


def _has_master(sobject: SObject) -> bool:
    return any(f.type is FieldType.MASTER_DETAIL for f in sobject.fields.values())


def _logs_history(sobject: SObject) -> bool:
    return sobject.custom and sobject.enable_history


def _assign_prefixes(names: list[str], first: str, known: Mapping[str, str]) -> dict[str, str]:
    """The key prefix of each object: its own of old, else the next that nobody has."""
    taken = set(known.values())
    free = (p for high in _DIGITS for low in _DIGITS if (p := f"{first}{high}{low}") not in taken)
    return {name: known.get(name) or next(free) for name in names}


def _absent_fields(standard: Iterable[StandardObject]) -> list[str]:
    return [f"standard field {s.sobject.name}.{name}" for s in standard for name in s.absent]
