"""Workflows, flows and report types: the fields that they read and the actions they call exist.

Owns the rules about automation. What the local org does not run is checked by name only, so that a
renamed field does not break it unseen; what it runs is compiled as it will run.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml import etree

from sandbox.metadata.automations import is_foreign
from sandbox.metadata.checks.context import CheckContext, missing_field
from sandbox.metadata.documents import child, children, line_of, text, texts
from sandbox.metadata.flows import read_flow
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component
from sandbox.metadata.workflows import read_workflow, rule_name
from sandbox.org.automation import Trigger
from sandbox.org.formula_context import RecordScope
from sandbox.org.triggers import TriggerError, compile_trigger


def check_workflow_object(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A workflow file is named for its object."""
    if context.sobject(component.name) is None:
        yield component.problem(f"workflow {component.name} is named for no object; correct it")


def check_messages(context: CheckContext, component: Component) -> Iterator[Problem]:
    """An outbound message sends fields of the workflow's object, to a web address."""
    sobject = context.sobject(component.name)
    if sobject is None:
        return
    for message in children(component.element, "outboundMessages"):
        name, endpoint = text(message, "fullName"), text(message, "endpointUrl") or ""
        if not _is_web_address(endpoint):
            words = f"outbound message {name}: {endpoint!r} is no web address; give a full URL"
            yield component.problem(words, child(message, "endpointUrl"))
        for field, line in texts(message, "fields"):
            if not context.is_layout_field(sobject, field):
                words = f"outbound message {name}: {missing_field(sobject, field)}"
                yield Problem(str(component.path), line, words)


def check_flow(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A flow starts on an object and fields that exist, and calls messages that do."""
    start = child(component.element, "start")
    name = text(start, "object") if start is not None else None
    if start is not None and name is not None:
        sobject = context.sobject(name)
        if sobject is None:
            yield component.problem(f"flow {component.name}: object {name} does not exist", start)
        for element in children(start, "filters"):
            field = text(element, "field") or ""
            if sobject is not None and field not in sobject.fields:
                message = f"flow {component.name}: {missing_field(sobject, field)}"
                yield component.problem(message, element)
    known = _outbound_messages(context)
    for action in children(component.element, "actionCalls"):
        called = text(action, "actionName")
        if text(action, "actionType") == "outboundMessage" and called not in known:
            message = f"flow {component.name}: outbound message {called} does not exist"
            yield component.problem(f"{message}; add it to the workflow file", action)


def check_rules(context: CheckContext, component: Component) -> Iterator[Problem]:
    """The conditions of a workflow rule work, and the messages that it sends exist."""
    sobject = context.sobject(component.name)
    if sobject is None:
        return
    rules = {rule_name(r, sobject.name): r for r in children(component.element, "rules")}
    for trigger in read_workflow(component.element, sobject.name).triggers:
        yield from _check_trigger(context, component, trigger, rules[trigger.name], "formula")


def check_trigger_flow(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A flow that runs here names what exists, and its conditions work."""
    trigger = read_flow(component.element, component.name).trigger
    start = child(component.element, "start")
    if trigger is None or start is None or is_foreign(context.schema, trigger):
        return
    problems = list(check_flow(context, component))
    yield from problems or _check_trigger(context, component, trigger, start, "filterFormula")


def _check_trigger(
    context: CheckContext, component: Component, trigger: Trigger, at: etree._Element, tag: str
) -> Iterator[Problem]:
    """Compile the trigger; `at` holds it, `tag` is the child with its formula."""
    sobject = context.sobject(trigger.sobject)
    resolve = RecordScope(context.schema, sobject).field_type if sobject else lambda _path: None
    try:
        compile_trigger(context.schema, trigger, resolve)
    except TriggerError as error:
        line = line_of(at) if error.line is None else line_of(at, tag) + error.line - 1
        yield Problem(str(component.path), line, f"{trigger.place}: {error}")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _outbound_messages(context: CheckContext) -> set[str]:
    return {
        f"{component.name}.{text(message, 'fullName')}"
        for component in context.project.of("workflow")
        for message in children(component.element, "outboundMessages")
    }


def check_report_type(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A report type starts from an object that exists and offers fields of it."""
    base = text(component.element, "baseObject") or ""
    sobject = context.sobject(base)
    if sobject is None:
        yield component.problem(f"report type {component.name}: object {base} does not exist")
        return
    for section in children(component.element, "sections"):
        for column in children(section, "columns"):
            name, table = text(column, "field") or "", text(column, "table")
            start = name.partition(".")[0]
            if table == base and "." not in name and name not in sobject.fields:
                message = f"report type {component.name}: {missing_field(sobject, start)}"
                yield component.problem(message, column)
