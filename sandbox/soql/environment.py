"""Who asks and when: what a query means beyond its text.

Owns the knobs that the rest of the org turns for a query. Queries themselves read no clock, no
user and no formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sandbox.org.schema import Field, SObject

#: Computes a formula field of the records with those Ids: the canonical values.
FormulaReader = Callable[[SObject, Field, Sequence[str]], Sequence[object]]
#: True when the running user may see the field.
FieldGate = Callable[[SObject, Field], bool]
#: True when the running user may see the sObject at all.
ObjectGate = Callable[[SObject], bool]


@dataclass(frozen=True)
class QueryEnv:
    """The running user's view of the org at one instant.

    `now` is aware; `time_zone` is the user's and decides what TODAY and all other date literals
    mean. `include_deleted` is queryAll. A formula field needs `formula`. `week_starts_on` is 0 for
    Monday to 6 for Sunday (the user's locale; en_US by default). Fields that `can_read` and
    sObjects that `can_see` denies do not exist for the query. `user_id` is needed by USING SCOPE
    mine only.
    """

    now: datetime
    time_zone: tzinfo
    include_deleted: bool = False
    formula: FormulaReader | None = None
    week_starts_on: int = 6
    can_read: FieldGate | None = None
    can_see: ObjectGate | None = None
    user_id: str | None = None

    def shows(self, sobject: SObject) -> bool:
        """True when the sObject exists for the running user and queries may read it."""
        return sobject.queryable and (self.can_see is None or self.can_see(sobject))

    @property
    def today(self) -> date:
        """The day it is for the user."""
        return self.now.astimezone(self.time_zone).date()
