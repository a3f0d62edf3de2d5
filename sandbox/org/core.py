"""What every part of the save pipeline needs: schema, data, time, formulas, filters and users.

Owns the moment of a statement: all rows saved in one chunk carry one SystemModstamp, as in a real
org, which is why readers must expect ties.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.org.canonical import whole_second
from sandbox.org.clock import OrgClock
from sandbox.org.errors import refuse
from sandbox.org.formula_library import FormulaLibrary
from sandbox.org.outbound_queue import OutboundQueue
from sandbox.org.plans import SavePlan
from sandbox.org.schema import Schema, SObject
from sandbox.org.store import Store
from sandbox.org.users import IDENTITY_SOBJECTS, Users

if TYPE_CHECKING:
    from sandbox.org.lookup_filters import LookupFilters
    from sandbox.org.triggers import Triggers


@dataclass
class Core:
    """The parts of one running org."""

    schema: Schema
    store: Store
    clock: OrgClock
    formulas: FormulaLibrary
    filters: LookupFilters
    plans: dict[str, SavePlan]
    users: Users
    triggers: Triggers
    outbound: OutboundQueue
    pinned: datetime | None = None  #: the moment of the chunk being saved
    purged_at: datetime | None = None  #: when the recycle bin was last looked through

    def moment(self) -> datetime:
        """Now, in the whole seconds that rows are stamped with."""
        return self.pinned or whole_second(self.clock.now())

    @contextmanager
    def chunk(self) -> Iterator[None]:
        """One transaction whose rows all carry one stamp."""
        with self.store.transaction():
            outer = self.pinned
            self.pinned = self.moment()
            try:
                yield
            finally:
                self.pinned = outer

    def sobject(self, name: str) -> SObject:
        """The sObject of that name, whatever its case. Raises OrgError INVALID_TYPE."""
        found = self.schema.sobject(name)
        if found is None:
            raise refuse("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        return found

    def written(self, sobject: SObject) -> None:
        """Told after each write, so that what was derived from the rows is read anew."""
        if sobject.name in IDENTITY_SOBJECTS:
            self.users.forget()
