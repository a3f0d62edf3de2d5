"""Everything that was ever saved in the local org, in order: what an oracle judges by.

Owns the spelling by which values of the org, of the outbox and of its bases are compared: a lookup
is the key of the record that it means, a number has no idle zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.org import saving
from sandbox.org.save import Save
from sandbox.server import LocalOrgServer
from sfsync import leases
from sfsync.guard import GUARD_FIELD
from sfsync.mapping import REFERENCES, lookup_field
from sfsync.outbox import OutboxWrite
from sfsync.preparing import Prepared
from tests.acceptance.market import INTEGRATION

KEY = "External_Id__c"
#: What a save moves by itself.
STAMPS = frozenset(
    {"Id", "SystemModstamp", "LastModifiedDate", "LastModifiedById", "CreatedDate", "CreatedById"}
)


@dataclass(frozen=True)
class Saved:
    """One save of one record; `before` is None when it was new."""

    sobject: str
    is_ours: bool
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]
    visible_at: datetime  #: the org's time from which others see it

    @property
    def record_id(self) -> str:
        """The record."""
        return str(self.after["Id"])

    @property
    def key(self) -> str | None:
        """Its external ID."""
        return self.after[KEY]

    @property
    def mark(self) -> str | None:
        """What it carries in the guard's field."""
        return self.after[GUARD_FIELD]

    @property
    def changed(self) -> list[str]:
        """The fields that it gave another value, without stamps and the mark."""
        ignored = STAMPS | {GUARD_FIELD}
        before = self.before or {}
        return [
            name
            for name, value in self.after.items()
            if name not in ignored and value != before.get(name)
        ]


@dataclass(frozen=True)
class Attempt:
    """What a write said when it was sent."""

    write_id: int
    base: Mapping[str, Any]  #: by the org's field name, spelled


@dataclass
class SaveLog:
    """What was saved, and what each mark of ours stands for."""

    saves: list[Saved] = field(default_factory=list)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  #: by Id, of record types too
    masters: set[str] = field(default_factory=set)  #: Ids that people's merges moved children to

    def listen(self, server: LocalOrgServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on note what this org saves, and what each push of ours is about to send."""
        ours = server.org.find_user(INTEGRATION)
        write_history, mark_attempt = saving.write_history, leases._mark_attempt

        def note_save(save: Save) -> None:
            write_history(save)
            if GUARD_FIELD in save.record:
                self._note(save, is_ours=save.actor.user_id == ours)

        def note_attempt(row: OutboxWrite, prepared: Prepared) -> None:
            mark_attempt(row, prepared)
            if prepared.mark is not None:
                base = self.spell_all(row.base_values)
                self.attempts[prepared.mark] = Attempt(row.id, base)

        monkeypatch.setattr(saving, "write_history", note_save)
        monkeypatch.setattr(leases, "_mark_attempt", note_attempt)

    def begin(self, server: LocalOrgServer) -> None:
        """Forget everything: another life begins in this org."""
        self.saves.clear()
        self.attempts.clear()
        self.masters.clear()
        kinds = server.org.store.table(server.org.schema.objects["RecordType"]).all()
        self.keys = {str(kind["Id"]): str(kind["DeveloperName"]) for kind in kinds}

    def _note(self, save: Save, *, is_ours: bool) -> None:
        before = None if save.before is None else dict(save.before)
        visible_at = save.now + timedelta(seconds=save.core.store.late.delay_s)
        saved = Saved(save.sobject.name, is_ours, before, dict(save.record), visible_at)
        self.saves.append(saved)
        if saved.key is not None:
            self.keys[saved.record_id] = saved.key

    def spell_all(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the outbox, under the names that the org stores them by."""
        return {stored_name(name): self.spell(value) for name, value in values.items()}

    def spell(self, value: object) -> object:
        """A value as it is compared."""
        if isinstance(value, dict):
            return next(iter(value.values()))
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return f"{Decimal(value).normalize():f}"
        if isinstance(value, datetime | date):
            return value.isoformat()
        return self.keys.get(value, value) if isinstance(value, str) else value


def stored_name(name: str) -> str:
    """The field of the org behind a name of the outbox: Order__c behind Order__r."""
    return lookup_field(name) if name in REFERENCES or name == "RecordType" else name
