"""A seeded world of both sides: people and the back office at the same records, in all trouble.

Beside what `simulation.World` plays, our side asks for new records and for changes, and pushes
them by calls and by jobs; people meddle between the requests of a push; our machine's clock is
wrong; and the process dies at any statement and at any request.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import requests
from sqlalchemy import Engine, func, select

from config.database import transaction
from config.settings import Settings
from sandbox.org.errors import OrgError
from sandbox.server import LocalOrgServer
from sfsync import bulk_push
from sfsync.client import adapter_of, connect
from sfsync.errors import SalesforceError
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.pull import pull
from sfsync.push import PushReport, push
from sfsync.reconcile import reconcile
from tests.acceptance.market import INTEGRATION
from tests.control import add_fault, control
from tests.sfsync.both_oracle import Wish, waits_in_vain
from tests.sfsync.people import Admin
from tests.sfsync.save_log import SaveLog
from tests.sfsync.simulation import FAULTS, PATHS, Killed, World, killing
from tests.sfsync.simulation import REFUSALS as KNOWN_REFUSALS
from tests.sfsync.test_bulk_push_seeds import FAULTS as PUSH_FAULTS
from tests.sfsync.test_bulk_push_seeds import FAULTS_OF_RESULTS
from tests.sfsync.test_bulk_push_seeds import PATHS as PUSH_PATHS

#: What a person may be refused beside what `simulation` knows: the key is taken, a rule says no, a
#: merge has moved a proposal to an account that is no manufacturer.
REFUSALS = KNOWN_REFUSALS | {
    "DUPLICATE_VALUE",
    "DELETE_FAILED",
    "FIELD_FILTER_VALIDATION_EXCEPTION",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INVALID_CROSS_REFERENCE_KEY",
}
#: Our machine's clock is wrong by up to so much.
SKEW_S = 300
#: So long at most until every write is settled: each round is longer than any pause of a retry.
PEACEFUL_ROUNDS = 30
LONGEST_PAUSE_S = 4_000

DESIGNERS, MAKERS = ("H-0", "H-1", "H-2"), ("M-0", "M-1")
ORDERS, PROPOSALS = ("O-0", "O-1", "O-2"), ("P-0", "P-1", "P-2")
KEYS = {"Account": DESIGNERS + MAKERS, "Order": ORDERS, "Order_Proposal__c": PROPOSALS}
TEXTS = ("v0", "v1", "NA", 'a,"b"', "🙂 ż", None)
#: What both sides write, by name in the outbox, and the values that it may have.
VALUES: dict[str, dict[str, tuple[Any, ...]]] = {
    "Account": {
        "Name": ("v0", "v1", "null", "#N/A"),
        "Description": TEXTS,
        "BillingCity": TEXTS,
        "Payout_Account__c": ("PL61", "DE89", None),
    },
    "Order": {
        "Name": ("v0", "v1", "v2"),
        "Description": TEXTS,
        "Budget__c": (100, 250, Decimal("0.01"), None),
        "EffectiveDate": ("2027-01-01", "2027-02-28", "2028-02-29"),
        "Account": DESIGNERS,
    },
    "Order_Proposal__c": {
        "Price__c": (10, 20, Decimal("99.99")),
        "Lead_Time_Days__c": (1, 30, 90, None),
        "Description__c": TEXTS,
        "Manufacturer__r": MAKERS,
    },
}
LOOKUPS = frozenset({"Account", "Manufacturer__r"})


class SkewedClock:
    """Our machine's clock, which goes as the org's does and shows something else."""

    def __init__(self, admin: Admin, skew_s: float) -> None:
        self._admin, self.skew_s = admin, skew_s

    def now(self) -> datetime:
        """The instant that our machine takes for the present, aware UTC."""
        return self._admin.org.clock.now() + timedelta(seconds=self.skew_s)


class BothSides(World):
    """One seed's life of an org, its replica and its outbox."""

    def __init__(
        self, seed: int, org: LocalOrgServer, settings: Settings, engine: Engine, log: SaveLog
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.events: deque[str] = deque(maxlen=60)
        self.wishes: list[Wish] = []
        self.log, self._settings = log, settings
        random.seed(seed)  # the jitter of retries
        super().__init__(seed, org, connect(settings, sleep=lambda _: None), engine)
        control(org, "POST", "bulk", {"inline": True})
        self.clock = SkewedClock(self.admin, self.die.uniform(-SKEW_S, SKEW_S))
        self._begin()

    def _begin(self) -> None:
        """Some of the records that both sides will write are there, and mostly known here."""
        for sobject in ("Account", "Order"):
            for key in KEYS[sobject]:
                if self.die.random() < 0.6:
                    self._create(sobject, External_Id__c=key, **self._by_hand(sobject))
        if self.die.random() < 0.8:
            self.admin.wait(minutes=3)
            pull(self.sf, self.engine)

    def _by_hand(self, sobject: str) -> dict[str, Any]:
        if sobject == "Account":
            return {"Name": "by hand"}
        return {"Name": "by hand", "AccountId": self.owner, "EffectiveDate": "2027-01-01"}

    def live(self, steps: int) -> None:
        """Let that many things happen."""
        for _ in range(steps):
            self.counts["steps"] += 1
            self._do(self._doings)

    def settle(self) -> None:
        """Let everything become visible and arrive in peace, until nothing is left to do."""
        control(self.org, "DELETE", "faults")
        self.events.append("-- peace")
        self.admin.wait(hours=2)
        for _ in range(PEACEFUL_ROUNDS):
            pull(self.sf, self.engine)
            self._push_once()
            if not self._has_open():
                break
            self.admin.wait(seconds=LONGEST_PAUSE_S)
        super().settle()
        saves = len(self.log.saves)
        report = self._push_once()
        assert (report.created, report.updated, report.confirmed) == (0, 0, 0)
        assert len(self.log.saves) == saves, "a push in peace had something to save"

    def _do(self, doings: Sequence[Callable[[], None]]) -> None:
        doing = self.die.choice(doings)
        self._note(doing.__name__.strip("_").replace("_", " "))
        doing()

    @property
    def _doings(self) -> list[Callable[[], None]]:
        return [doing for doing, times in self._weights.items() for _ in range(times)]

    @property
    def _weights(self) -> dict[Callable[[], None], int]:
        """How often each of the things that happen is chosen."""
        people = {self._add: 2, self._edit: 10, self._delete: 2, self._undelete: 2}
        rarely = {self._erase: 1, self._merge: 1, self._reconcile: 1}
        ours = {self._wish: 9, self._push: 6, self._pull: 3}
        return people | rarely | ours | {self._pass_time: 6}

    def _add(self) -> None:
        """People make records, some of them under keys that our side uses too."""
        sobject = self.die.choice(("Account", "Account", "Order"))
        key = self.die.choice((None, self.die.choice(KEYS[sobject])))
        values = self._by_hand(sobject) | {"External_Id__c": key}
        self._note(f"  {sobject} {key}")
        self._refusable(lambda: self._create(sobject, late_s=self._lateness(), **values))

    def _edit(self) -> None:
        def act(sobject: str, record_id: str) -> None:
            name = self.die.choice([each for each in VALUES[sobject] if each not in LOOKUPS])
            value, late_s = self.die.choice(VALUES[sobject][name]), self._lateness()
            self._note(f"  {sobject} {name}={value!r}, {late_s:.0f} s late")
            given = str(value) if isinstance(value, Decimal) else value
            self.admin.change(sobject, record_id, late_s=late_s, **{name: given})

        self._try(act)

    def _merge(self) -> None:
        accounts = sorted(each for each, sobject in self.records.items() if sobject == "Account")
        loser = self.die.choice(accounts)
        self._note(f"  {loser} into the owner")
        if loser != self.owner:
            self.log.masters.add(self.owner)
            self._refusable(lambda: self.admin.merge("Account", self.owner, loser))

    def _try(self, act: Callable[[str, str], None]) -> None:
        for saved in self.log.saves:
            self.records.setdefault(saved.record_id, saved.sobject)
        record_id = self.die.choice(list(self.records))
        if record_id != self.owner:
            self._note(f"  people are at {record_id}")
            self._refusable(lambda: act(self.records[record_id], record_id))

    def _refusable(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OrgError as error:
            if not {item.code for item in error.items} <= REFUSALS:
                raise

    def _wish(self) -> None:
        """Our side asks for a record, or for some of its fields."""
        sobject = self.die.choice(list(KEYS))
        for key in self.die.sample(KEYS[sobject], self.die.randint(1, 3)):
            values = self._some_values(sobject)
            if self.die.random() < 0.6:
                values = self._whole(sobject, key) | values
            if self.die.random() < 0.03:
                values["CurrencyIsoCode"] = "XXX"
            self._ask(sobject, key, values)

    def _some_values(self, sobject: str) -> dict[str, Any]:
        names = self.die.sample(list(VALUES[sobject]), self.die.randint(1, 3))
        chosen = {name: self.die.choice(VALUES[sobject][name]) for name in names}
        return {name: _shape(name, value) for name, value in chosen.items()}

    def _whole(self, sobject: str, key: str) -> dict[str, Any]:
        """What a new record needs."""
        if sobject == "Account":
            kind = "Hardware_Designer" if key in DESIGNERS else "Manufacturer"
            return {"Name": "by us", "RecordType": {"DeveloperName": kind}}
        if sobject == "Order":
            owner = _shape("Account", self.die.choice(DESIGNERS))
            due = {"Status": "PENDING VALIDATION", "EffectiveDate": "2027-06-01"}
            return {"Name": "by us", "Account": owner, **due}
        order = ORDERS[PROPOSALS.index(key)]
        maker = _shape("Manufacturer__r", self.die.choice(MAKERS))
        return {"Order__r": {"External_Id__c": order}, "Manufacturer__r": maker, "Price__c": 10}

    def _ask(self, sobject: str, key: str, values: dict[str, Any]) -> None:
        with transaction(self.engine) as session:
            is_new = enqueue(session, sobject, key, values, "desk")
            taken_by = select(func.max(OutboxWrite.id)).where(
                OutboxWrite.sobject == sobject, OutboxWrite.external_id == key
            )
            write_id = session.scalar(taken_by) if is_new else None
        self._note(f"  we want {sobject} {key} {values}: {write_id}")
        now = self.admin.org.clock.now().replace(microsecond=0)
        self.wishes += [Wish(sobject, key, *each, now, write_id) for each in values.items()]

    def _pull(self) -> None:
        if self.die.random() < 0.3:
            self._add_fault(self.die.choice(FAULTS), path=self.die.choice(PATHS))
        self.counts["pulls"] += 1
        is_full = self.die.random() < 0.05
        self._in_trouble(lambda: pull(self.sf, self.engine, full=is_full))

    def _push(self) -> None:
        if self.die.random() < 0.1:
            self.clock.skew_s = self.die.uniform(-SKEW_S, SKEW_S)
        if self.die.random() < 0.5:
            self._add_fault(self.die.choice(PUSH_FAULTS), path=self.die.choice(PUSH_PATHS))
        if self.die.random() < 0.2:
            self._add_fault(self.die.choice(FAULTS_OF_RESULTS))
        self.counts["pushes"] += 1
        self._in_trouble(self._push_once)

    def _push_once(self) -> PushReport:
        """One push, by jobs or by calls."""
        calls = self.die.choice((0, bulk_push.INGEST_CALLS))
        with mock.patch.object(bulk_push, "INGEST_CALLS", calls):
            report = push(self.sf, self.engine, clock=self.clock, sleep=self._sleep)
        done = {name: count for name, count in vars(report).items() if name != "problems" and count}
        self._note(f"  pushed {'by jobs' if calls == 0 else 'by calls'}: {done}")
        return report

    def _reconcile(self) -> None:
        """A comparison with the org finds nothing that a pull should have brought."""

        def run() -> None:
            report = reconcile(self.sf, self.engine)
            assert report.differences == []

        self.counts["reconciliations"] += 1
        self._in_trouble(run, is_killed=False)

    def _sleep(self, seconds: float) -> None:
        self.admin.wait(seconds=seconds)

    def _moment_of_death(self) -> int | None:
        return self.die.randint(1, 60) if self.die.random() < 0.25 else None

    def _add_fault(self, fault: dict[str, Any], **more: str) -> None:
        self.counts["faults"] += 1
        self._note(f"  fault {fault} {more}")
        add_fault(self.org, **fault, **more, user=INTEGRATION, seed=self.die.randint(0, 999))

    def _in_trouble(self, act: Callable[[], object], *, is_killed: bool = True) -> None:
        """A run of the sync that may be refused, cut off, meddled with, or killed anywhere."""
        at_statement = self._moment_of_death() if is_killed else None
        at_request = self.die.randint(1, 8) if is_killed and self.die.random() < 0.1 else 0
        meddled_at = self.die.randint(1, 8) if self.die.random() < 0.4 else 0
        is_answered = self.die.random() < 0.5
        try:
            with (
                killing(self.engine, at_statement),
                self._at_request(meddled_at, self._meddle),
                self._at_request(at_request, _die, is_answered=is_answered),
            ):
                act()
        except SalesforceError as error:
            self._note(f"  stopped: {error.code} {error.message}")
        except Killed:
            self._note(f"  killed at statement {at_statement} or request {at_request}")
            self.counts["kills"] += 1
            control(self.org, "DELETE", "faults")
            self.sf = connect(self._settings, sleep=lambda _: None)
        control(self.org, "DELETE", "faults")

    @contextmanager
    def _at_request(
        self, number: int, act: Callable[[], None], *, is_answered: bool = False
    ) -> Iterator[None]:
        """Does something before that request of the sync, or when its answer is there."""
        adapter, count = adapter_of(self.sf), [0]
        honest = adapter._send_once

        def send(request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
            count[0] += 1
            if count[0] == number and not is_answered:
                act()
            answer = honest(request, options)
            if count[0] == number and is_answered:
                act()
            return answer

        adapter._send_once = send  # type: ignore[method-assign]
        try:
            yield
        finally:
            adapter._send_once = honest  # type: ignore[method-assign]

    def _meddle(self) -> None:
        """People are at work, and some time passes."""
        for _ in range(self.die.randint(1, 4)):
            self._do((self._edit, self._edit, self._delete, self._undelete, self._add))
        self.admin.wait(seconds=self.die.choice((0, 1, 60)))

    def _has_open(self) -> bool:
        open_states = (WriteState.PENDING, WriteState.SENDING)
        with transaction(self.engine) as session:
            found = select(OutboxWrite).where(OutboxWrite.state.in_(open_states))
            rows = session.scalars(found).all()
            return any(not waits_in_vain(row, rows) for row in rows)

    def _note(self, event: str) -> None:
        self.events.append(f"{self.admin.org.clock.now():%d %H:%M:%S} {event}")


def _shape(name: str, value: Any) -> Any:
    return {"External_Id__c": value} if name in LOOKUPS else value


def _die() -> None:
    raise Killed
