"""The parts of a workflow file: each has a name and a metadata type of its own.

Owns what that means for deploys. A manifest may ask for `WorkflowOutboundMessage` `Order.Sent`
instead of the whole file, and deploying a file adds or replaces its parts; those that it does not
hold stay in the org. Source: Metadata API guide, "Workflow".
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from sandbox.metadata.documents import tag_of, text
from sandbox.metadata.project import Component

#: Manifest type of each element of a workflow file.
PART_TYPES = {
    "alerts": "WorkflowAlert",
    "fieldUpdates": "WorkflowFieldUpdate",
    "flowActions": "WorkflowFlowAction",
    "knowledgePublishes": "WorkflowKnowledgePublish",
    "outboundMessages": "WorkflowOutboundMessage",
    "rules": "WorkflowRule",
    "send": "WorkflowSend",
    "tasks": "WorkflowTask",
}


def part_entries(component: Component) -> Iterator[tuple[str, str]]:
    """Type and member under which a manifest may list each part; none but for workflow files."""
    if component.kind.suffix == "workflow":
        for element in component.element:
            if tag_of(element) in PART_TYPES:
                member = f"{component.name}.{text(element, 'fullName') or ''}"
                yield PART_TYPES[tag_of(element)], member


def combine(old: Component | None, new: Component) -> Component:
    """What the org has after `new` was deployed over `old`: for other files, just `new`."""
    if old is None or new.kind.suffix != "workflow":
        return new
    root = copy.deepcopy(new.element)
    given = {_part(element) for element in root}
    root.extend(copy.deepcopy(element) for element in old.element if _part(element) not in given)
    # Elements of one kind must stand together; the alphabet is the order of the schema here.
    root[:] = sorted(root, key=lambda element: (tag_of(element) != "fullName", tag_of(element)))
    return replace(new, element=root)


def _part(element: etree._Element) -> tuple[str, str | None]:
    return tag_of(element), text(element, "fullName")
