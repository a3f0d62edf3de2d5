"""All checks in one table, so that adding a check is adding a row.

Owns which checks stop an org from loading (`at_load`: what a deploy would refuse and what would
make the org decide differently) and which only stop the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.metadata.checks import (
    automation,
    fields,
    formulas,
    layouts,
    lookups,
    names,
    navigation,
    objects,
    permissions,
    values,
    views,
)
from sandbox.metadata.checks.context import CheckContext
from sandbox.metadata.kinds import KINDS
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component

ComponentCheck = Callable[[CheckContext, Component], Iterator[Problem]]
ProjectCheck = Callable[[CheckContext], Iterator[Problem]]


@dataclass(frozen=True)
class Row:
    """A check of every component of some kinds. No kinds means all kinds."""

    name: str
    kinds: tuple[str, ...]
    check: ComponentCheck
    at_load: bool = False


_NAMED = (*(s for s, kind in KINDS.items() if kind.has_full_name), "customPermission")

#: Checks that look at one component at a time.
COMPONENT_CHECKS = (
    Row("full name equals file name", (), names.check_full_name),
    Row("file in its directory", (), names.check_directory),
    Row("API name", _NAMED, names.check_api_name),
    Row("text limits", tuple(names.TEXT_LIMITS), names.check_text_limits),
    Row("object elements", ("object",), objects.check_object_elements),
    Row("name field", ("object",), objects.check_name_field, at_load=True),
    Row("auto number format", ("object", "field"), fields.check_auto_number, at_load=True),
    Row("search layouts", ("object",), views.check_search_layouts),
    Row(
        "compact layout assignment",
        ("object", "recordType"),
        objects.check_compact_layout_assignment,
    ),
    Row("history tracking", ("field",), objects.check_history),
    Row("words for people", ("field",), fields.check_words),
    Row("elements of the type", ("field",), fields.check_needed_elements),
    Row("required types", ("field",), fields.check_required),
    Row("unique types", ("field",), fields.check_unique),
    Row("external ID", ("field",), fields.check_external_id),
    Row("sizes", ("field",), fields.check_sizes),
    Row("checkbox default", ("field",), fields.check_default, at_load=True),
    Row("field values", ("field",), values.check_field_values, at_load=True),
    Row("global values", ("globalValueSet",), values.check_global_values, at_load=True),
    Row("standard values", ("standardValueSet",), values.check_standard_values, at_load=True),
    Row("record type values", ("recordType",), values.check_record_type_values),
    Row("lookup target", ("field",), lookups.check_target, at_load=True),
    Row("delete constraint", ("field",), lookups.check_delete_constraint, at_load=True),
    Row("lookup filter", ("field",), lookups.check_filter, at_load=True),
    Row("validation rule", ("validationRule",), formulas.check_rule, at_load=True),
    Row("field formula", ("field",), formulas.check_field_formula, at_load=True),
    Row("list view", ("listView",), views.check_list_view),
    Row("compact layout", ("compactLayout",), views.check_compact_layout),
    Row("layout object", ("layout",), layouts.check_layout_object),
    Row("layout fields", ("layout",), layouts.check_layout_fields),
    Row("layout required fields", ("layout",), layouts.check_layout_required_fields),
    Row("related lists", ("layout",), layouts.check_related_lists),
    Row("object permissions", ("permissionset",), permissions.check_object_permissions, True),
    Row("field permissions", ("permissionset",), permissions.check_field_permissions, True),
    Row("granted components", ("permissionset",), permissions.check_references),
    Row("tab", ("tab",), navigation.check_tab),
    Row("app", ("app",), navigation.check_app),
    Row("profile", ("profile",), navigation.check_profile),
    Row("workflow object", ("workflow",), automation.check_workflow_object),
    Row("outbound messages", ("workflow",), automation.check_messages, at_load=True),
    Row("workflow rules", ("workflow",), automation.check_rules, at_load=True),
    Row("flow", ("flow",), automation.check_flow),
    Row("flow that sends", ("flow",), automation.check_trigger_flow, at_load=True),
    Row("report type", ("reportType",), automation.check_report_type),
)

#: Checks that look at the project as a whole.
PROJECT_CHECKS: dict[str, ProjectCheck] = {
    "unique names": names.check_unique_names,
    "history limit": objects.check_history_limit,
    "relationship names": lookups.check_relationship_names,
    "lookup filter limit": lookups.check_filter_limit,
    "layout coverage": layouts.check_layout_coverage,
    "permission coverage": permissions.check_field_coverage,
    "custom permission coverage": permissions.check_custom_permission_coverage,
}


def run_load_checks(context: CheckContext) -> Iterator[Problem]:
    """Findings that make metadata unfit to load."""
    yield from _run_rows(context, [row for row in COMPONENT_CHECKS if row.at_load])


def run_all_checks(context: CheckContext) -> Iterator[Problem]:
    """Every finding."""
    yield from _run_rows(context, list(COMPONENT_CHECKS))
    for check in PROJECT_CHECKS.values():
        yield from check(context)


def _run_rows(context: CheckContext, rows: list[Row]) -> Iterator[Problem]:
    for row in rows:
        for component in context.project.components:
            if not row.kinds or component.kind.suffix in row.kinds:
                yield from row.check(context, component)
