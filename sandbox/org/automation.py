"""Outbound messages and what queues them, as plain data.

Owns the vocabulary: a message says what is sent where, a trigger says after which saves. Nothing
here reads XML or HTTP. Workflow rules and record-triggered flows both become triggers; they differ
in how they write conditions, which is what `Trigger.dialect` keeps.
Source: Metadata API guide, "Workflow" and "Flow".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Dialect(StrEnum):
    """Who writes the conditions of a trigger."""

    RULE = "workflow rule"
    FLOW = "flow"


@dataclass(frozen=True)
class OutboundMessage:
    """What one outbound message sends, and where to."""

    name: str  #: with its object: `Order.Order_Changed`
    sobject: str
    endpoint_url: str
    fields: tuple[str, ...]  #: canonical names, in the order of the metadata
    integration_user: str  #: username in whose eyes the data are read
    api_version: str = "62.0"
    includes_session: bool = False


@dataclass(frozen=True)
class TriggerItem:
    """One condition on the saved record.

    `field` is a path from the record. Exactly one of `value` (as written) and `reference` (a path,
    in a flow one that starts with `$Record`, `$Record__Prior` or a global) is compared; both are
    None for a comparison with blank.
    """

    field: str
    operation: str  #: as the dialect writes it: `equals`, `EqualTo`, `IsChanged`, …
    value: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Trigger:
    """Queues messages after saves of one sObject that meet its conditions."""

    name: str  #: `Order_Changed_Flow`, `Order.Send_Changes`
    dialect: Dialect
    sobject: str
    messages: tuple[str, ...]
    on_create: bool = True
    on_update: bool = True
    only_when_newly_met: bool = False  #: an update counts only if the record of before failed
    items: tuple[TriggerItem, ...] = ()
    logic: str | None = None  #: `and`, `or`, `1 AND (2 OR 3)`; all items when None
    formula: str | None = None  #: instead of items

    @property
    def place(self) -> str:
        """How refusals name it: `flow Order_Changed_Flow`."""
        return f"{self.dialect} {self.name}"
