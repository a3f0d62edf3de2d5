"""Workflow and flow files added to a schema: messages, triggers, and by name what has no effect.

Owns how files add up: a message or trigger of the same name replaces the earlier one, as deploying
folder after folder would, and the rest of an earlier file stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sandbox.metadata.flows import read_flow
from sandbox.metadata.listing import unsupported
from sandbox.metadata.project import Component, Project
from sandbox.metadata.standard import absent_fields
from sandbox.metadata.workflows import read_workflow
from sandbox.org.automation import OutboundMessage, Trigger
from sandbox.org.schema import Schema, SObject, Unsupported


def add_automations(project: Project, schema: Schema) -> Iterator[Unsupported]:
    """Put the project's messages and triggers into the schema, which has all its fields by now.

    Yields what has no effect here, such as `Flow Order_Checked: decisions Is_It_Big is not run`.
    """
    for component in project.of("workflow"):
        for reason in _add_workflow(schema, component):
            yield unsupported(component, reason)
    for component in project.of("flow"):
        found = read_flow(component.element, component.name)
        if found.trigger is not None and is_foreign(schema, found.trigger):
            yield unsupported(component, _absent_object(found.trigger.sobject))
        elif found.trigger is not None:
            _add_triggers(schema, [found.trigger])
        for what in found.unsupported:
            yield unsupported(component, f"{what} is not run")


def is_foreign(schema: Schema, trigger: Trigger) -> bool:
    """True for a trigger on an object of Salesforce's that the local org has not."""
    return trigger.sobject not in schema.objects and not trigger.sobject.endswith("__c")


def _add_workflow(schema: Schema, component: Component) -> Iterator[str]:
    sobject = schema.objects.get(component.name)
    if sobject is None:
        yield _absent_object(component.name)
        return
    found = read_workflow(component.element, sobject.name)
    for message in found.messages:
        yield from _add_message(schema, sobject, message)
    _add_triggers(schema, found.triggers)
    yield from (f"{what} is not run" for what in found.unsupported)


def _add_message(schema: Schema, sobject: SObject, message: OutboundMessage) -> Iterator[str]:
    here = tuple(name for name in message.fields if name in sobject.fields)
    schema.outbound_messages[message.name] = replace(message, fields=here)
    for name in sorted(set(message.fields) & absent_fields(sobject.name)):
        yield f"{message.name} is sent without {name}, which the local org has not got"


def _absent_object(name: str) -> str:
    return f"{name} is not among the objects of the local org"


def _add_triggers(schema: Schema, triggers: Iterable[Trigger]) -> None:
    for trigger in triggers:
        kept = [known for known in schema.triggers if known.place != trigger.place]
        schema.triggers = [*kept, trigger]
