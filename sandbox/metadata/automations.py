"""Workflow and flow files added to a schema: messages, triggers, and by name what has no effect.

Owns how files add up: a message or trigger of the same name replaces the earlier one, as deploying
folder after folder would, and the rest of an earlier file stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sandbox.metadata.flows import read_flow
from sandbox.metadata.project import Component, Project
from sandbox.metadata.standard import absent_fields
from sandbox.metadata.workflows import read_workflow
from sandbox.org.automation import OutboundMessage, Trigger
from sandbox.org.schema import Schema, SObject


def add_automations(project: Project, schema: Schema) -> Iterator[str]:
    """Put the project's messages and triggers into the schema, which has all its fields by now.

    Yields what has no effect here: `Flow Order_Checked: decisions Is_It_Big`.
    """
    for component in project.of("workflow"):
        for what in _add_workflow(schema, component):
            yield f"Workflow {component.name}{what}"
    for component in project.of("flow"):
        found = read_flow(component.element, component.name)
        if found.trigger is not None and is_foreign(schema, found.trigger):
            yield f"Flow {component.name}: start object {found.trigger.sobject}"
        elif found.trigger is not None:
            _add_triggers(schema, [found.trigger])
        yield from (f"Flow {component.name}: {what}" for what in found.unsupported)


def is_foreign(schema: Schema, trigger: Trigger) -> bool:
    """True for a trigger on an object of Salesforce's that the local org has not."""
    return trigger.sobject not in schema.objects and not trigger.sobject.endswith("__c")


def _add_workflow(schema: Schema, component: Component) -> Iterator[str]:
    sobject = schema.objects.get(component.name)
    if sobject is None:
        yield ""  # the whole file: its object is not among those of the local org
        return
    found = read_workflow(component.element, sobject.name)
    for message in found.messages:
        yield from _add_message(schema, sobject, message)
    _add_triggers(schema, found.triggers)
    yield from (f": {what}" for what in found.unsupported)


def _add_message(schema: Schema, sobject: SObject, message: OutboundMessage) -> Iterator[str]:
    here = tuple(name for name in message.fields if name in sobject.fields)
    schema.outbound_messages[message.name] = replace(message, fields=here)
    for name in sorted(set(message.fields) & absent_fields(sobject.name)):
        yield f": field {name} of {message.name}"


def _add_triggers(schema: Schema, triggers: Iterable[Trigger]) -> None:
    for trigger in triggers:
        kept = [known for known in schema.triggers if known.place != trigger.place]
        schema.triggers = [*kept, trigger]
