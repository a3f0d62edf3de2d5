"""Objects: a custom object says everything that a deploy asks of it, and history is switched on.

Owns the rules about object files and about history tracking, which spans an object and its fields.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.metadata.checks.context import CheckContext
from sandbox.metadata.documents import child, text
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component

_NEEDED = ("label", "pluralLabel", "deploymentStatus", "sharingModel", "description")
_MAX_TRACKED = 20


def check_object_elements(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A custom object has labels, a deployment status, a sharing model and a description."""
    if component.name.endswith("__c"):
        for tag in _NEEDED:
            if text(component.element, tag) is None:
                yield component.problem(f"object {component.name} has no <{tag}>; add it")


def check_name_field(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A custom object has a Name with a label: a text or an auto number."""
    if not component.name.endswith("__c") or text(component.element, "customSettingsType"):
        return
    name_field = child(component.element, "nameField")
    if name_field is None:
        sobject = context.sobject(component.name)
        if sobject is None or "Name" not in sobject.fields:
            yield component.problem(f"object {component.name} has no <nameField>; add it")
    elif text(name_field, "type") not in ("Text", "AutoNumber"):
        message = f"nameField of {component.name} has type {text(name_field, 'type')}"
        yield component.problem(f"{message}; it is Text or AutoNumber", name_field)
    elif text(name_field, "label") is None:
        yield component.problem(f"nameField of {component.name} has no <label>; add it", name_field)


def check_compact_layout_assignment(
    context: CheckContext, component: Component
) -> Iterator[Problem]:
    """The compact layout that an object or record type shows exists."""
    assigned = text(component.element, "compactLayoutAssignment")
    owner = component.owner or component.name
    known = {c.name for c in context.project.of("compactLayout") if c.owner == owner}
    if assigned not in (None, "SYSTEM") and assigned not in known:
        message = f"compact layout {assigned} of {owner} does not exist; add it or assign SYSTEM"
        yield component.problem(message, "compactLayoutAssignment")


def check_history(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Tracked fields are of a kind that can be tracked, on an object that logs history."""
    field, sobject = context.field_of(component), context.sobject(component.owner)
    if field is None or sobject is None or not field.track_history:
        return
    if not sobject.enable_history:
        message = f"{component.full_name} tracks history but {sobject.name} has no enableHistory"
        yield component.problem(f"{message}; set it in the object file", "trackHistory")
    if field.is_formula or field.display_format:
        message = f"{component.full_name} is computed, so its history cannot be tracked"
        yield component.problem(f"{message}; set trackHistory to false", "trackHistory")


def check_history_limit(context: CheckContext) -> Iterator[Problem]:
    """At most 20 fields of an object track history."""
    for component in context.project.of("object"):
        sobject = context.sobject(component.name)
        tracked = [f for f in sobject.fields.values() if f.track_history] if sobject else []
        if len(tracked) > _MAX_TRACKED:
            message = f"{component.name} tracks {len(tracked)} fields; at most {_MAX_TRACKED}"
            yield component.problem(f"{message} can be tracked")
