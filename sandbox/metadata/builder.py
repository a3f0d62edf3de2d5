"""A project's components merged with the standard objects into one `Schema`.

Owns the order of merging: objects, then value sets, fields, rules and record types, then what
follows from them (owner, currency, record type, history, key prefixes), then permissions. A later
component of the same name replaces an earlier one, as deploying folder after folder would. What the
org cannot hold, and what needs it, is left out and named in `Schema.unsupported`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from sandbox.metadata import listing
from sandbox.metadata.absence import DERIVED_FIELDS, Absence
from sandbox.metadata.automations import add_automations
from sandbox.metadata.documents import children, flag, text
from sandbox.metadata.fields import (
    ValueSets,
    change_standard_field,
    is_supported_type,
    missing_value_set,
    read_field,
    read_value_list,
    with_values,
)
from sandbox.metadata.geolocations import is_geolocation, read_halves, reason_for
from sandbox.metadata.objects import (
    add_histories,
    assign_prefixes,
    custom_object,
    defines_object,
    has_master,
    let_activities_point_at,
    record_type,
    remedy_for,
    validation_rule,
)
from sandbox.metadata.permissions import read_permission_set
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component, Project
from sandbox.metadata.settling import owners, settle
from sandbox.metadata.standard import (
    CORPORATE_CURRENCY,
    VALUE_SET_FIELDS,
    add_fields,
    currency_field,
    load_standard_objects,
    owner_field,
    record_type_field,
)
from sandbox.metadata.summaries import SummaryError, is_summary, read_summary
from sandbox.org.schema import Schema, SObject


class Built(NamedTuple):
    """What became of a project."""

    schema: Schema
    problems: list[Problem]
    project: Project  #: the components that are wholly in force
    absence: Absence


def build_schema(
    project: Project, prefixes: Mapping[str, str] | None = None, *, is_strict: bool = False
) -> Built:
    """The schema of a project, with everything that kept a component out of it.

    `prefixes` are the key prefixes that objects already have, by name: records carry them in their
    Ids, so an object keeps its own whatever is added beside it. With `is_strict`, whatever this org
    has not is a problem, as for a project that should be wholly in force here.
    """
    return _Builder(project, prefixes or {}, Absence(is_strict)).build()


class _Builder:
    """The schema while it grows, and the findings so far."""

    def __init__(self, project: Project, prefixes: Mapping[str, str], absence: Absence) -> None:
        self.project = project
        self.prefixes = prefixes
        self.absence = absence
        self.left_out: set[int] = set()
        #: Fields that grants name although records hold their halves: `Site__c.Place__c`.
        self.geolocations: set[str] = set()
        self.deferred: list[tuple[SObject, Component]] = []
        self.standard = load_standard_objects()
        self.schema = Schema(corporate_currency=CORPORATE_CURRENCY)
        self.problems: list[Problem] = []
        self.value_sets: ValueSets = {}

    def build(self) -> Built:
        for entry in self.standard:
            self.schema.objects[entry.sobject.name] = entry.sobject
        for step in (
            self._read_settings,
            self._add_labels,
            self._add_objects,
            self._add_value_sets,
            self._add_fields,
            self._add_rules,
            self._settle,
            self._add_summaries,
            self._settle,
            self._add_record_types,
            self._add_derived_fields,
            self._add_histories,
            self._add_automations,
            self._add_permissions,
            self._list_unsupported,
        ):
            step()
        in_force = [c for c in self.project.components if id(c) not in self.left_out]
        return Built(self.schema, self.problems, Project(in_force), self.absence)

    def _read_settings(self) -> None:
        for component in self.project.of("settings"):
            if component.name == "Currency":
                self.schema.multi_currency = flag(component.element, "enableMultiCurrency")
            elif not (component.name == "Order" and flag(component.element, "enableOrders")):
                self._unsupported(component, listing.reason_of(component))

    def _add_labels(self) -> None:
        for component in self.project.of("labels"):
            for label in children(component.element, "labels"):
                self.schema.labels[text(label, "fullName") or ""] = text(label, "value") or ""

    def _add_objects(self) -> None:
        for component in self.project.of("object"):
            known = self.schema.objects.get(component.name)
            if known is not None:
                known.enable_history |= flag(component.element, "enableHistory")
            elif defines_object(component):
                self.schema.objects[component.name] = custom_object(component)
                if flag(component.element, "enableActivities"):
                    let_activities_point_at(self.schema, component.name)
            elif component.name != "Activity":
                self._missing_object(component)
        custom = sorted(name for name, o in self.schema.objects.items() if o.custom)
        for name, prefix in assign_prefixes(custom, "a", self.prefixes).items():
            self.schema.objects[name].key_prefix = prefix

    def _add_value_sets(self) -> None:
        for component in self.project.of("globalValueSet"):
            values = read_value_list(component.element, "customValue")
            self.value_sets[component.name] = values
        for component in self.project.of("standardValueSet"):
            places = VALUE_SET_FIELDS.get(component.name)
            if places is None:
                self._unsupported(component, "it feeds no picklist of the local org")
                continue
            values = read_value_list(component.element, "standardValue")
            for name, field in places:
                sobject = self.schema.objects[name]
                sobject.add_field(with_values(sobject.fields[field], values))

    def _add_fields(self) -> None:
        for component in self.project.of("field"):
            found = list(owners(self.schema, component))
            if not found:
                self._missing_object(component)
            for sobject in found:
                if component.name.endswith("__c"):
                    self._add_custom_field(sobject, component)
                else:
                    self._change_standard_field(sobject, component)

    def _add_custom_field(self, sobject: SObject, component: Component) -> None:
        if is_summary(component.element):
            return  # it takes the type of another field, so all others come first
        if text(component.element, "type") is None:
            self.problems.append(
                component.problem(f"field {component.full_name} has no type; add <type>")
            )
            return
        if is_geolocation(component.element):
            self._add_geolocation(sobject, component)
            return
        reason = self._field_reason(component)
        if reason:
            self.absence.note_field(f"{sobject.name}.{component.name}", reason)
            self._leave_out(component, reason)
            return
        field = read_field(component.element, component.name, self.value_sets)
        if component.owner == "Activity" and sobject.name == "Event":
            # One relationship name cannot lead to two objects; it leads to the tasks.
            field = replace(field, child_relationship_name=None)
        sobject.add_field(field)

    def _add_geolocation(self, sobject: SObject, component: Component) -> None:
        reason = reason_for(component.name)
        self.absence.note_field(f"{sobject.name}.{component.name}", reason)
        self._unsupported(component, reason)
        self.geolocations.add(f"{sobject.name}.{component.name}")
        for half in read_halves(component.element, component.name):
            sobject.add_field(half)

    def _field_reason(self, component: Component) -> str | None:
        """Why the org cannot hold the field; None when it can."""
        if not is_supported_type(component.element):
            return f"type {text(component.element, 'type')} is not supported"
        target = text(component.element, "referenceTo")
        if target and (reason := self.absence.object_reason(self.schema, target)):
            return f"it leads to {target}: {reason}"
        missing = missing_value_set(component.element, self.value_sets)
        return self.absence.package_reason(missing) if missing else None

    def _add_summaries(self) -> None:
        for component in self.project.of("field"):
            sobject = self.schema.objects.get(component.owner)
            if sobject is None or not is_summary(component.element):
                continue
            try:
                field = read_summary(component.element, self.schema, sobject.name, component.name)
            except SummaryError as error:
                reason = self._summary_reason(component)
                if reason is None:
                    self.problems.append(component.problem(f"{component.full_name}: {error}"))
                    continue
                self.absence.note_field(component.full_name, reason)
                self._leave_out(component, reason)
            else:
                sobject.add_field(field)

    def _summary_reason(self, component: Component) -> str | None:
        for tag in ("summaryForeignKey", "summarizedField"):
            owner, _, name = (text(component.element, tag) or "").partition(".")
            reason = self.absence.field_reason(self.schema, owner, name)
            if reason:
                return reason
        return None

    def _settle(self) -> None:
        for removal in settle(self.project, self.schema, self.absence):
            self._leave_out(removal.component, removal.reason)

    def _change_standard_field(self, sobject: SObject, component: Component) -> None:
        known = sobject.fields.get(component.name)
        if known is None:
            if component.name in DERIVED_FIELDS:
                self.deferred.append((sobject, component))
                return
            reason = self.absence.field_reason(self.schema, sobject.name, component.name)
            if reason:
                self._leave_out(component, reason)
                return
            message = (
                f"field {component.full_name} is neither custom (…__c) nor a standard field of "
                f"{component.owner} here; correct the name"
            )
            self.problems.append(component.problem(message))
            return
        sobject.add_field(change_standard_field(known, component.element, self.value_sets))

    def _add_rules(self) -> None:
        for component in self.project.of("validationRule"):
            found = list(owners(self.schema, component))
            if not found:
                self._missing_object(component)
            for sobject in found:
                rule = validation_rule(component)
                kept = [r for r in sobject.validation_rules if r.name != rule.name]
                sobject.validation_rules = [*kept, rule]

    def _add_record_types(self) -> None:
        for component in self.project.of("recordType"):
            sobject = self.schema.objects.get(component.owner)
            if sobject is None:
                self._missing_object(component)
                continue
            sobject.record_types[component.name] = record_type(component)

    def _add_derived_fields(self) -> None:
        priced = {entry.sobject.name for entry in self.standard if entry.currency}
        for sobject in self.schema.objects.values():
            if sobject.custom and not sobject.is_setting and not has_master(sobject):
                add_fields(sobject, [owner_field()])
            if sobject.record_types:
                add_fields(sobject, [record_type_field()])
            if self.schema.multi_currency and (sobject.custom or sobject.name in priced):
                add_fields(sobject, [currency_field()])
        if self.schema.multi_currency:
            own = currency_field("DefaultCurrencyIsoCode", "Default Currency ISO Code")
            add_fields(self.schema.objects["User"], [own])
        for sobject, component in self.deferred:
            known = sobject.fields.get(component.name)
            if known is None:
                self._leave_out(component, f"{sobject.name} has no {component.name} here")
            else:
                changed = change_standard_field(known, component.element, self.value_sets)
                sobject.add_field(changed)

    def _add_histories(self) -> None:
        tracked = {entry.sobject.name for entry in self.standard if entry.history}
        add_histories(self.schema, tracked, self.prefixes)

    def _add_automations(self) -> None:
        self.schema.unsupported += add_automations(self.project, self.schema)

    def _add_permissions(self) -> None:
        self.schema.custom_permissions |= {c.name for c in self.project.of("customPermission")}
        for component in self.project.of("permissionset"):
            found = read_permission_set(component.element, component.name)
            self.schema.permission_sets[component.name] = found

    def _list_unsupported(self) -> None:
        found = [*self.schema.unsupported, *listing.list_absent_fields(self.standard)]
        found += self.project.strays
        for component in self.project.components:
            found += listing.list_idle(component)
        for component in self.project.of("permissionset"):
            found += listing.list_idle_grants(
                component, self.schema, self.absence, self.geolocations
            )
        self.schema.unsupported = sorted(set(found))

    def _leave_out(self, component: Component, reason: str) -> None:
        self.left_out.add(id(component))
        self._unsupported(component, reason)

    def _unsupported(self, component: Component, reason: str) -> None:
        self.schema.unsupported.append(listing.unsupported(component, reason))

    def _missing_object(self, component: Component) -> None:
        name = component.owner or component.name
        reason = self.absence.object_reason(self.schema, name)
        if reason:
            self.absence.objects.setdefault(name, reason)
            self._leave_out(component, reason)
            return
        message = f"object {name} does not exist: {remedy_for(name)}"
        self.problems.append(component.problem(message))
