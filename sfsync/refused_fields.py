"""Tells whether a field that the org refuses is the record's fault, or a field that changed.

Owns the comparison in the middle of a push: one for each sObject, and only after a refusal that
names a field, so that an ordinary push pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from config.database import transaction
from sfsync.about_org import org_time
from sfsync.client import Salesforce
from sfsync.errors import SalesforceError
from sfsync.holding import find_held, find_standstill
from sfsync.mapping import BY_SOBJECT
from sfsync.outbox import OutboxWrite
from sfsync.schema_check import check_now

#: What the org says of a field that it does not have, or does not let us write.
FIELD_REFUSALS = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"})


@dataclass
class RefusedFields:
    """What one push has found out about the org's fields."""

    engine: Engine
    compared: set[str] = field(default_factory=set)

    def find_held(
        self, sf: Salesforce, rows: Sequence[OutboxWrite], error: SalesforceError
    ) -> list[OutboxWrite]:
        """Those of the refused `rows`, of one sObject, that give a field not writable any more.

        All of them, when it is one that no write can do without.
        """
        sobject = rows[0].sobject
        if error.code not in FIELD_REFUSALS or sobject not in BY_SOBJECT:
            return []
        if sobject not in self.compared:
            self.compared.add(sobject)
            check_now(sf, self.engine, [sobject], org_time(sf))
        with transaction(self.engine) as session:
            held = find_held(session, sobject)
        if find_standstill(sobject, held):
            return list(rows)
        return [row for row in rows if row.values.keys() & held.keys()]
