"""One record on its way into the org.

Owns the view that all checks share: the record as it would be, as it was, who saves it and when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sandbox.org.actor import Actor
from sandbox.org.core import Core
from sandbox.org.errors import ErrorItem
from sandbox.org.formula_context import RecordContext
from sandbox.org.plans import SavePlan
from sandbox.org.related import RelatedRows
from sandbox.org.schema import SObject
from sandbox.org.tables import Record


@dataclass
class Save:
    """A record about to be inserted (`before` is None) or updated."""

    core: Core
    sobject: SObject
    actor: Actor
    now: datetime  #: whole seconds, aware UTC
    record: Record  #: as it would be stored; its Id is None until an insert is written
    before: Record | None
    rows: RelatedRows

    @property
    def is_new(self) -> bool:
        """True for an insert."""
        return self.before is None

    @property
    def record_id(self) -> str | None:
        """The Id, None while an insert has none."""
        record_id = self.record["Id"]
        return None if record_id is None else str(record_id)

    @property
    def plan(self) -> SavePlan:
        """Which fields play which part."""
        return self.core.plans[self.sobject.name]

    def has_changed(self, name: str) -> bool:
        """True when this save gives the field another value; on insert, when it has one."""
        value = self.record[name]
        return value is not None if self.before is None else value != self.before[name]

    @cached_property
    def context(self) -> RecordContext:
        """The record as formulas see it."""
        return RecordContext(
            self.core.formulas,
            self.sobject,
            self.record,
            actor=self.actor,
            now=self.now,
            rows=self.rows,
            before=self.before,
            is_new=self.is_new,
        )


#: One stage of the checks: everything that it finds wrong with a save.
Check = Callable[[Save], list[ErrorItem]]
