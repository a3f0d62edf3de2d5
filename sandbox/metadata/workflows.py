"""Workflow files: outbound messages, the rules that send them, and what of them does not run here.

Owns what a workflow rule must be to run: its only actions send outbound messages, and at once.
A rule that does anything else is named as without effect and does nothing at all, because half a
rule would be worse than none. Source: Metadata API guide, "Workflow".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from sandbox.metadata.documents import child, children, flag, tag_of, text, texts
from sandbox.org.automation import Dialect, OutboundMessage, Trigger, TriggerItem

#: Evaluation criteria: does an update count, and must it be the one that meets the conditions.
_EVALUATIONS = {
    "onCreateOnly": (False, False),
    "onAllChanges": (True, False),
    "onCreateOrTriggeringUpdate": (True, True),
}
_READ_TAGS = frozenset({"fullName", "outboundMessages", "rules"})


@dataclass
class WorkflowFile:
    """What one file holds. `unsupported` are elements such as `fieldUpdates Set_Owner`."""

    messages: list[OutboundMessage] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)


def read_workflow(element: etree._Element, sobject: str) -> WorkflowFile:
    """The messages and rules of a workflow file; its elements fit the Metadata schema."""
    found = WorkflowFile([_message(e, sobject) for e in children(element, "outboundMessages")])
    for rule in children(element, "rules"):
        obstacles = list(_obstacles(rule, sobject))
        if obstacles:
            found.unsupported += obstacles
        elif flag(rule, "active"):
            found.triggers.append(_trigger(rule, sobject))
    for other in element:
        if tag_of(other) not in _READ_TAGS:
            found.unsupported.append(f"{tag_of(other)} {text(other, 'fullName') or ''}".rstrip())
    return found


def rule_name(rule: etree._Element, sobject: str) -> str:
    """A workflow rule as the Metadata API names it: `Order.Send changes`."""
    return f"{sobject}.{text(rule, 'fullName') or ''}"


def _message(element: etree._Element, sobject: str) -> OutboundMessage:
    return OutboundMessage(
        name=f"{sobject}.{text(element, 'fullName') or ''}",
        sobject=sobject,
        endpoint_url=text(element, "endpointUrl") or "",
        fields=tuple(name for name, _ in texts(element, "fields")),
        integration_user=text(element, "integrationUser") or "",
        api_version=text(element, "apiVersion") or "62.0",
        includes_session=flag(element, "includeSessionId"),
    )


def _obstacles(rule: etree._Element, sobject: str) -> Iterator[str]:
    """What keeps a rule from running here, each as `rules NAME: …`."""
    name = f"rules {text(rule, 'fullName') or ''}"
    for action in children(rule, "actions"):
        kind = text(action, "type")
        if kind != "OutboundMessage":
            yield f"{name}: {kind} {text(action, 'name')}"
    for item in children(rule, "criteriaItems"):
        field, operation = text(item, "field") or "", text(item, "operation")
        if not field.startswith(f"{sobject}.") or operation == "within":
            yield f"{name}: criteriaItems {field} {operation}"
    if child(rule, "workflowTimeTriggers") is not None:
        yield f"{name}: workflowTimeTriggers"
    evaluation = text(rule, "triggerType")
    if evaluation not in _EVALUATIONS:
        yield f"{name}: triggerType {evaluation}"


def _trigger(rule: etree._Element, sobject: str) -> Trigger:
    on_update, only_newly = _EVALUATIONS[text(rule, "triggerType") or ""]
    actions = children(rule, "actions")
    return Trigger(
        name=rule_name(rule, sobject),
        dialect=Dialect.RULE,
        sobject=sobject,
        messages=tuple(f"{sobject}.{text(action, 'name') or ''}" for action in actions),
        on_update=on_update,
        only_when_newly_met=only_newly,
        items=tuple(_item(item) for item in children(rule, "criteriaItems")),
        logic=text(rule, "booleanFilter"),
        formula=text(rule, "formula"),
    )


def _item(item: etree._Element) -> TriggerItem:
    return TriggerItem(
        text(item, "field") or "",
        text(item, "operation") or "",
        text(item, "value"),
        text(item, "valueField"),
    )
