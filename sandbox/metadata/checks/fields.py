"""Fields: every type has the elements it needs, none that it forbids, and words for people.

Owns the shape of field files that the Metadata schema leaves open. Source: Metadata API guide,
CustomField, and the Salesforce help pages on field types; not tried on a real org.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.metadata.checks.context import CheckContext
from sandbox.metadata.documents import child, flag, number, text
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component

#: Elements without which a type cannot be deployed.
NEEDED = {
    "AutoNumber": ("displayFormat",),
    "Checkbox": ("defaultValue",),
    "Currency": ("precision", "scale"),
    "Html": ("length", "visibleLines"),
    "LongTextArea": ("length", "visibleLines"),
    "Lookup": ("referenceTo", "relationshipName"),
    "MasterDetail": ("referenceTo", "relationshipName"),
    "MultiselectPicklist": ("valueSet", "visibleLines"),
    "Number": ("precision", "scale"),
    "Percent": ("precision", "scale"),
    "Picklist": ("valueSet",),
    "Text": ("length",),
}
#: Types that a deploy refuses to make required.
NEVER_REQUIRED = frozenset(
    {"AutoNumber", "Checkbox", "Html", "LongTextArea", "MultiselectPicklist", "Summary"}
)
UNIQUE_TYPES = frozenset({"AutoNumber", "Email", "Number", "Text"})
#: Smallest and largest `length` by type.
LENGTHS = {"Text": (1, 255), "LongTextArea": (256, 131072), "Html": (256, 131072)}
_AUTO_NUMBER = re.compile(r"(?:[^{}]|\{(?:YYYY|YY|MM|DD)\})*\{0{1,10}\}[^{}]*")
_MAX_PRECISION = 18


def _is_custom(component: Component) -> bool:
    return component.name.endswith("__c")


def _is_formula(component: Component) -> bool:
    return text(component.element, "formula") is not None


def check_words(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A custom field has a label, a description for admins and a help text for ops."""
    for tag in ("label", "description", "inlineHelpText"):
        if _is_custom(component) and text(component.element, tag) is None:
            yield component.problem(f"field {component.full_name} has no <{tag}>; add it")


def check_needed_elements(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A field has the elements of its type."""
    kind = text(component.element, "type") or ""
    computed = _is_formula(component) and kind in ("Text", "Checkbox", "Picklist")
    for tag in NEEDED.get(kind, ()):
        if _is_custom(component) and not computed and child(component.element, tag) is None:
            message = f"field {component.full_name} of type {kind} has no <{tag}>; add it"
            yield component.problem(message, "type")


def check_required(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Only types that a person can always fill in are required."""
    kind = text(component.element, "type") or ""
    if flag(component.element, "required") and (kind in NEVER_REQUIRED or _is_formula(component)):
        what = "formula" if _is_formula(component) else kind
        message = f"field {component.full_name} is a {what}, which is never required"
        yield component.problem(f"{message}; remove <required>", "required")


def check_unique(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Unique and external-ID fields are texts, numbers, e-mails or auto numbers."""
    kind = text(component.element, "type") or ""
    for tag in ("unique", "externalId"):
        if flag(component.element, tag) and kind not in UNIQUE_TYPES:
            message = f"field {component.full_name} of type {kind} cannot have <{tag}>"
            yield component.problem(f"{message}; remove it", tag)


def check_external_id(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A text external ID is unique and says whether case matters, or upserts hit many rows."""
    if not flag(component.element, "externalId") or text(component.element, "type") != "Text":
        return
    if not flag(component.element, "unique"):
        message = f"external ID {component.full_name} is not unique; set <unique> to true"
        yield component.problem(message, "externalId")
    if child(component.element, "caseSensitive") is None:
        message = f"external ID {component.full_name} does not say <caseSensitive>; add it"
        yield component.problem(message, "externalId")


def check_sizes(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Lengths, precisions and scales are within what Salesforce stores."""
    kind = text(component.element, "type") or ""
    length = number(component.element, "length")
    low, high = LENGTHS.get(kind, (0, 0))
    if length is not None and high and not low <= length <= high:
        message = f"length {length} of {component.full_name} is outside {low}..{high} for {kind}"
        yield component.problem(message, "length")
    precision = number(component.element, "precision")
    scale = number(component.element, "scale") or 0
    if precision is not None and not scale <= precision <= _MAX_PRECISION:
        message = f"precision {precision} and scale {scale} of {component.full_name} do not fit"
        yield component.problem(f"{message}: scale <= precision <= {_MAX_PRECISION}", "precision")


def check_auto_number(context: CheckContext, component: Component) -> Iterator[Problem]:
    """An auto number has one counter such as {0000}, and at most 30 characters."""
    holders = [component.element]
    name_field = child(component.element, "nameField")
    if name_field is not None:
        holders.append(name_field)
    for holder in holders:
        format_text = text(holder, "displayFormat")
        if format_text and (not _AUTO_NUMBER.fullmatch(format_text) or len(format_text) > 30):
            message = f"auto number format {format_text} needs exactly one counter such as {{0000}}"
            yield component.problem(f"{message} and at most 30 characters", child(holder, "type"))


def check_default(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A checkbox starts as true or false, nothing else."""
    value = text(component.element, "defaultValue")
    if text(component.element, "type") == "Checkbox" and value not in (None, "true", "false"):
        message = f"defaultValue {value} of {component.full_name} is not true or false"
        yield component.problem(message, "defaultValue")
