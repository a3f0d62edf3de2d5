"""A seeded world: people who edit, commits that show late, a sync that fails and is killed.

Everything that happens follows from the seed, so a failure is repeated by its number.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, event

from sandbox.org.errors import OrgError
from sandbox.server import LocalOrgServer
from sfsync.errors import SalesforceRetryable
from sfsync.formulas import sweep
from sfsync.mapping import MAPPINGS
from sfsync.pull import pull
from tests.acceptance.market import INTEGRATION
from tests.control import add_fault, control
from tests.sfsync.people import Admin

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
#: What a person may be refused for good reasons: somebody else is at the record, or it is gone.
REFUSALS = frozenset(
    {"UNABLE_TO_LOCK_ROW", "ENTITY_IS_DELETED", "NOT_FOUND", "UNDELETE_FAILED", "INVALID_ID_FIELD"}
)
#: What can happen to the sync's requests.
FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "status", "status": 503, "times": 4},
    {"action": "status", "status": 500, "times": 1},
    {"action": "drop_before", "times": 4},
    {"action": "drop_after", "times": 4},
    {"action": "expire_session", "times": 1},
    {"action": "truncated_pages", "times": 1},
    {"action": "shuffled_bulk_results", "times": 1},
)
PATHS = ("queryAll", "composite/batch", "/services/data", "jobs/query", "results")


class Killed(BaseException):
    """The process died at this statement."""


class World:
    """One seed's life of an org and its replica."""

    def __init__(self, seed: int, org: LocalOrgServer, sf: Salesforce, engine: Engine) -> None:
        self.die = random.Random(seed)
        self.admin, self.org, self.sf, self.engine = Admin(org), org, sf, engine
        self.admin.at(START)
        self.records: dict[str, str] = {}
        self.owner = self._create("Account", Name="Owner")

    def live(self, steps: int) -> None:
        """Let that many things happen."""
        for _ in range(steps):
            self.die.choice(self._doings)()

    def settle(self) -> None:
        """Let every commit become visible, pull in peace, and let formulas follow the time."""
        control(self.org, "DELETE", "faults")
        self.admin.wait(hours=2)
        for _ in range(2):
            pull(self.sf, self.engine)
            self.admin.wait(minutes=2)
        sweep(self.sf, self.engine)

    @property
    def _doings(self) -> list[Callable[[], None]]:
        edits = [self._add, self._edit, self._edit, self._delete, self._undelete, self._erase]
        return [*edits, *edits, self._pass_time, self._pass_time, self._pull, self._pull]

    def _add(self) -> None:
        for _ in range(self.die.randint(1, 6)):
            name = f"N{self.die.random()}"
            if self.die.random() < 0.5:
                self._create("Account", Name=name, late_s=self._lateness())
            else:
                values = {"AccountId": self.owner, "EffectiveDate": "2027-01-01", "Name": name}
                self._create("Order", late_s=self._lateness(), **values)

    def _create(self, sobject: str, **values: Any) -> str:
        record_id = self.admin.create(sobject, **values)
        self.records[record_id] = sobject
        return record_id

    def _edit(self) -> None:
        name = f"N{self.die.random()}"
        self._try(lambda s, i: self.admin.change(s, i, Name=name, late_s=self._lateness()))

    def _delete(self) -> None:
        self._try(lambda s, i: self.admin.delete(s, i, late_s=self._lateness()))

    def _undelete(self) -> None:
        self._try(self.admin.undelete)

    def _erase(self) -> None:
        self._try(self.admin.erase)

    def _try(self, act: Callable[[str, str], None]) -> None:
        record_id = self.die.choice(list(self.records))
        if record_id == self.owner:
            return
        try:
            act(self.records[record_id], record_id)
        except OrgError as error:
            if not {item.code for item in error.items} <= REFUSALS:
                raise

    def _lateness(self) -> float:
        return self.die.uniform(1, 3600) if self.die.random() < 0.2 else 0

    def _pass_time(self) -> None:
        is_long = self.die.random() < 0.03
        self.admin.wait(seconds=self.die.randint(1, 900), days=16 if is_long else 0)

    def _pull(self) -> None:
        self._arm()
        with killing(self.engine, self._moment_of_death()):
            try:
                pull(self.sf, self.engine, full=self.die.random() < 0.05)
            except (SalesforceRetryable, Killed):
                pass
        control(self.org, "DELETE", "faults")

    def _arm(self) -> None:
        if self.die.random() < 0.5:
            fault = self.die.choice(FAULTS)
            add_fault(self.org, **fault, path=self.die.choice(PATHS), user=INTEGRATION)

    def _moment_of_death(self) -> int | None:
        return self.die.randint(1, 30) if self.die.random() < 0.4 else None


@contextmanager
def killing(engine: Engine, statement: int | None) -> Iterator[None]:
    """Ends what runs inside at that SQL statement, as a killed process would: undone, no word."""
    left = [statement or 0]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    if statement is None:
        yield
        return
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", count)


def differences(
    replica: dict[str, dict[str, dict[str, Any]]], org: dict[str, dict[str, dict[str, Any]]]
) -> list[str]:
    """What the replica has otherwise than the org, by sObject and Id."""
    found = []
    for mapping in MAPPINGS:
        ours, theirs = replica[mapping.sobject], org[mapping.sobject]
        for record_id in sorted(ours.keys() | theirs.keys()):
            mine, other = ours.get(record_id), theirs.get(record_id)
            is_gone = other is None and mine is not None and mine["is_deleted"]
            if mine != other and not is_gone:
                found.append(f"{mapping.sobject} {record_id}: {_tell(mine, other)}")
    return found


def _tell(mine: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    if mine is None or other is None:
        return "missing here" if mine is None else "alive here, gone from the org"
    return ", ".join(
        f"{name} {mine[name]} is {other[name]} in the org"
        for name in mine
        if mine[name] != other[name]
    )
