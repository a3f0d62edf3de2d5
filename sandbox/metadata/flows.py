"""Flow files: which of them run here, and by name what keeps the others from running.

Owns the border. A flow runs when it starts after a record is saved and does nothing but send
outbound messages, one after the other; then it becomes a trigger. Anything else in it (a decision,
an update, a screen, another path) makes the whole flow one without effect. An inactive flow does
nothing in an org either and is not mentioned. Source: Metadata API guide, "Flow".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from sandbox.metadata.documents import child, children, flag, tag_of, text
from sandbox.org.automation import Dialect, Trigger, TriggerItem
from sandbox.org.flow_formulas import PRIOR, RECORD
from sandbox.org.paths import GLOBAL_RECORDS, PERMISSION

#: Elements that say something about a flow and do nothing in it; resources count only when used.
_HARMLESS = frozenset(
    {
        "apiVersion",
        "areMetricsLoggedToDataCloud",
        "constants",
        "customProperties",
        "description",
        "environments",
        "formulas",
        "fullName",
        "interviewLabel",
        "isAdditionalPermissionRequiredToRun",
        "isOverridable",
        "isTemplate",
        "label",
        "migratedFromWorkflowRuleName",
        "processMetadataValues",
        "processType",
        "runInMode",
        "sourceTemplate",
        "start",
        "status",
        "textTemplates",
        "timeZoneSidKey",
        "triggerOrder",
        "variables",
    }
)
_START_TAGS = frozenset(
    {
        "connector",
        "description",
        "doesRequireRecordChangedToMeetCriteria",
        "elementSubtype",
        "filterFormula",
        "filterLogic",
        "filters",
        "label",
        "locationX",
        "locationY",
        "name",
        "object",
        "processMetadataValues",
        "recordTriggerType",
        "triggerType",
    }
)
#: Recorded kinds of start: does a create count, does an update.
_RECORD_TRIGGERS = {
    "Create": (True, False),
    "Update": (False, True),
    "CreateAndUpdate": (True, True),
}
#: Salesforce's name of the input that says whose message to send; the record itself or nothing.
_ROW_INPUT = "SObjectRowId"
_OWN_ID = "$Record.Id"
_GLOBALS = frozenset({RECORD, PRIOR, PERMISSION, *GLOBAL_RECORDS})
_BRACES = re.compile(r"\{!([^{}]*)\}")
#: Operators that compare with a collection, which a start has none of here.
_LIST_OPERATORS = frozenset({"In", "NotIn"})
_VALUE_TAGS = ("stringValue", "numberValue", "booleanValue", "dateValue", "dateTimeValue")


@dataclass
class FlowFile:
    """What one file comes to: a trigger, or the elements that keep it from being one."""

    trigger: Trigger | None = None
    unsupported: list[str] = field(default_factory=list)


def read_flow(element: etree._Element, name: str) -> FlowFile:
    """The flow as a trigger where it can be one. Never fails, whatever the file holds."""
    if text(element, "status") != "Active":
        return FlowFile()
    calls = {text(call, "name") or "": call for call in children(element, "actionCalls")}
    obstacles = [*_obstacles(element), *(o for c in calls.values() for o in _call_obstacles(c))]
    start = child(element, "start")
    if start is None or obstacles:
        return FlowFile(None, obstacles or ["no start"])
    path = _path(start, calls)
    if not path or len(path) != len(calls):
        loose = sorted(set(calls) - set(path))
        shown = [f"actionCalls {call}, which no connector leads to" for call in loose]
        return FlowFile(None, shown or ["start, which leads to no action"])
    sent = tuple(text(calls[step], "actionName") or "" for step in path)
    return FlowFile(_trigger(start, name, sent))


def _obstacles(element: etree._Element) -> Iterator[str]:
    """What the flow does besides sending, and starts that are not a saved record."""
    if text(element, "processType") != "AutoLaunchedFlow":
        yield f"processType {text(element, 'processType')}"
    for part in element:
        if tag_of(part) not in _HARMLESS | {"actionCalls"}:
            yield f"{tag_of(part)} {text(part, 'name') or (part.text or '').strip()}".rstrip()
    start = child(element, "start")
    if start is None:
        return
    if text(start, "triggerType") != "RecordAfterSave":
        yield f"start triggerType {text(start, 'triggerType')}"
    if text(start, "recordTriggerType") not in _RECORD_TRIGGERS:
        yield f"start recordTriggerType {text(start, 'recordTriggerType')}"
    yield from (f"start {tag_of(p)}" for p in start if tag_of(p) not in _START_TAGS)
    for item in children(start, "filters"):
        yield from _filter_obstacles(item)
    for name in _BRACES.findall(text(start, "filterFormula") or ""):
        if not _is_known_global(name):
            yield f"start filterFormula with {name}"


def _filter_obstacles(item: etree._Element) -> Iterator[str]:
    value = child(item, "value")
    tags = [tag_of(part) for part in value] if value is not None else []
    reference = text(value, "elementReference") if value is not None else None
    if reference is not None and not _is_known_global(reference):
        yield f"start filters {text(item, 'field')} with resource {reference}"
    if text(item, "operator") in _LIST_OPERATORS:
        yield f"start filters {text(item, 'field')} {text(item, 'operator')}"
    for tag in tags:
        if tag not in (*_VALUE_TAGS, "elementReference"):
            yield f"start filters {text(item, 'field')} with {tag}"


def _is_known_global(reference: str) -> bool:
    """True for what the local org can read; flow resources, labels and the like are not."""
    return reference.strip().partition(".")[0].lower() in _GLOBALS


def _call_obstacles(call: etree._Element) -> Iterator[str]:
    name, kind = text(call, "name"), text(call, "actionType")
    if kind != "outboundMessage":
        yield f"actionCalls {name} of type {kind}"
    for given in children(call, "inputParameters"):
        value = child(given, "value")
        source = text(value, "elementReference") if value is not None else None
        if (text(given, "name"), source) != (_ROW_INPUT, _OWN_ID):
            yield f"actionCalls {name} with input {text(given, 'name')}"
    if child(call, "actionCallPaths") is not None:
        yield f"actionCalls {name} with actionCallPaths"


def _path(start: etree._Element, calls: Mapping[str, etree._Element]) -> list[str]:
    """The actions in the order in which the connectors lead from one to the next."""
    path: list[str] = []
    following = _target(start)
    while following in calls and following not in path:
        path.append(following)
        following = _target(calls[following])
    return path


def _target(element: etree._Element) -> str:
    connector = child(element, "connector")
    return (text(connector, "targetReference") or "") if connector is not None else ""


def _trigger(start: etree._Element, name: str, messages: tuple[str, ...]) -> Trigger:
    on_create, on_update = _RECORD_TRIGGERS[text(start, "recordTriggerType") or ""]
    return Trigger(
        name=name,
        dialect=Dialect.FLOW,
        sobject=text(start, "object") or "",
        messages=messages,
        on_create=on_create,
        on_update=on_update,
        only_when_newly_met=flag(start, "doesRequireRecordChangedToMeetCriteria"),
        items=tuple(_item(item) for item in children(start, "filters")),
        logic=text(start, "filterLogic"),
        formula=text(start, "filterFormula"),
    )


def _item(item: etree._Element) -> TriggerItem:
    value = child(item, "value")
    given = (text(value, tag) for tag in _VALUE_TAGS) if value is not None else iter(())
    return TriggerItem(
        text(item, "field") or "",
        text(item, "operator") or "",
        next((found for found in given if found is not None), None),
        text(value, "elementReference") if value is not None else None,
    )
