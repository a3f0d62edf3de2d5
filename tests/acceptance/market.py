"""A local org on a set morning, as its people and its clients meet it: over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import requests

from sandbox.server import LocalOrgServer
from tests.acceptance.builders import Record, local

DATA = "/services/data/v63.0/"
OPS, ADMIN = "ops@manufaktura.example", "admin@manufaktura.example"
INTEGRATION = "integration@manufaktura.example"
#: What the org stamps by itself; left out where only the content of a record matters.
STAMPS = frozenset(
    {"LastModifiedDate", "LastModifiedById", "SystemModstamp", "LastViewedDate", "attributes"}
)


class Person:
    """Somebody at work in the org. Refused saves come back as the org's list of errors."""

    def __init__(self, server: LocalOrgServer, username: str) -> None:
        self._base = server.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {server.token_for(username)}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self._base + DATA + path, timeout=60, **options)

    def query(self, soql: str, *, resource: str = "query") -> list[Record]:
        answer = self.call("GET", resource, params={"q": soql}).json()
        rows = answer["records"]
        while not answer["done"]:
            answer = self.session.get(self._base + answer["nextRecordsUrl"], timeout=60).json()
            rows += answer["records"]
        return rows

    def change(self, sobject: str, record_id: str, **values: Any) -> None:
        answer = self.call("PATCH", f"sobjects/{sobject}/{record_id}", json=values)
        assert answer.status_code == 204, answer.text


class Market:
    """The org of one test: seeding, the clock, faults, people, and reading what came of it."""

    def __init__(self, server: LocalOrgServer) -> None:
        self.server = server
        self.url = server.url
        self.ids: dict[str, str] = {}
        self._people: dict[str, Person] = {}
        self._control = requests.Session()
        self._control.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.control("DELETE", "faults")
        self._control.close()
        for person in self._people.values():
            person.session.close()

    def person(self, username: str) -> Person:
        return self._people.setdefault(username, Person(self.server, username))

    @property
    def ops(self) -> Person:
        return self.person(OPS)

    @property
    def admin(self) -> Person:
        return self.person(ADMIN)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._control.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=70)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def at(self, moment: str) -> None:
        """Set the org's clock to a wall-clock time of the business zone; it stands still there."""
        self.control("POST", "clock", {"now": local(moment), "frozen": True})

    def wait(self, seconds: int) -> None:
        self.control("POST", "clock", {"advance_s": seconds})

    def seed(self, *records: Record, checks: bool = True) -> None:
        """Load records; `@ref` may name a record of an earlier seed too."""
        known = [self.resolve(record) for record in records]
        answer = self.control("POST", "seed", {"records": known, "checks": checks})
        self.ids |= answer["ids"]

    def resolve(self, values: Record) -> Record:
        """The values with each known `@ref` replaced by the record's Id."""
        return {name: self._resolve(value) for name, value in values.items()}

    def _resolve(self, value: Any) -> Any:
        is_known = isinstance(value, str) and value[:1] == "@" and value[1:] in self.ids
        return self.ids[value[1:]] if is_known else value

    def name_of(self, record_id: str | None) -> str | None:
        """The test's own name for a record."""
        return next((ref for ref, known in self.ids.items() if known == record_id), record_id)

    def edit(self, person: Person, sobject: str, ref: str, **values: Any) -> None:
        """A person's save, five seconds later than whatever happened before."""
        self.wait(5)
        person.change(sobject, self.ids[ref], **self.resolve(values))

    def order(self, ref: str = "o1") -> Record:
        """The order's stored fields; a formula would change with the day."""
        record = self.admin.call("GET", f"sobjects/Order/{self.ids[ref]}").json()
        del record["Days_To_Deadline__c"]
        return record

    def query(self, template: str, **values: str) -> list[Record]:
        """Rows as the administrator sees them; `{name}` is a record of the test, or a value."""
        return self.admin.query(template.format(**self.ids, **values))

    def proposals(self, ref: str = "o1") -> dict[str, Record]:
        """The stored fields of the order's proposals; formulas would change with their parents."""
        template = "SELECT FIELDS(ALL) FROM Order_Proposal__c WHERE Order__c = '{order}' LIMIT 200"
        rows = self.query(template, order=self.ids[ref])
        for row in rows:
            del row["Order_Status__c"], row["Manufacturer_Qualification__c"]
        return {self.name_of(row["Id"]): row for row in rows}

    def fates(self, ref: str = "o1") -> dict[str, str]:
        """Status of each proposal of the order."""
        return {name: row["Status__c"] for name, row in self.proposals(ref).items()}

    def exclusions(self, ref: str = "o1") -> dict[str, str]:
        """Exclusion code on each proposal that has one."""
        rows = self.proposals(ref).items()
        return {name: row["Exclusion_Code__c"] for name, row in rows if row["Exclusion_Code__c"]}

    def decisions(self, ref: str = "o1") -> list[Record]:
        """Stored decisions about the order, oldest first."""
        return self.query(
            "SELECT FIELDS(ALL) FROM Selection_Decision__c "
            "WHERE Order__c = '{order}' ORDER BY Name LIMIT 200",
            order=self.ids[ref],
        )

    def decision(self, ref: str = "o1") -> Record:
        """The only decision about the order."""
        (found,) = self.decisions(ref)
        return found

    def cases(self, ref: str = "o1") -> list[Record]:
        template = "SELECT FIELDS(ALL) FROM Case WHERE Order__c = '{order}' LIMIT 200"
        return self.query(template, order=self.ids[ref])

    def lose_history(self, proposal: str, new_price: str) -> None:
        """Remove the record of one change of price, as an org does in time."""
        store = self.server.org.core.store
        with store.transaction():
            gone = store.connection.execute(
                'DELETE FROM "Order_Proposal__History" WHERE ParentId = ? AND NewValue = ?',
                (self.ids[proposal], new_price),
            )
            assert gone.rowcount == 1

    def runs(self) -> list[Record]:
        return self.query("SELECT FIELDS(ALL) FROM Selection_Run__c ORDER BY Name LIMIT 200")

    def history(self, ref: str = "o1") -> list[tuple[str, Any, Any, str]]:
        """Field, old value, new value and author of each change of the order."""
        rows = self.query(
            "SELECT Field, OldValue, NewValue, CreatedBy.Username FROM OrderHistory "
            "WHERE OrderId = '{order}' ORDER BY CreatedDate, Id",
            order=self.ids[ref],
        )
        return [
            (r["Field"], r["OldValue"], r["NewValue"], r["CreatedBy"]["Username"]) for r in rows
        ]

    def snapshot(self, ref: str = "o1") -> tuple[Record, dict[str, Record]]:
        """The order and its proposals, stamps and all: equal snapshots mean nobody saved."""
        return self.order(ref), self.proposals(ref)

    def log(self, user: str | None = INTEGRATION) -> list[Record]:
        """Requests of one user since the test began."""
        entries = self.control("GET", "requests")["log"]
        return [entry for entry in entries if entry["user"] == user]

    def writes(self) -> list[str]:
        """Requests of the integration user that change data, as `METHOD path`."""
        reads = ("composite/batch",)  # carries describes only
        return [
            f"{entry['method']} {entry['path'].split('?')[0].removeprefix(DATA)}"
            for entry in self.log()
            if entry["method"] != "GET" and not entry["path"].endswith(reads)
        ]

    def fault(self, **spec: Any) -> None:
        self.control("POST", "faults", spec)

    def fired(self) -> list[str]:
        """Actions of the faults that hit a request, in order."""
        return [entry["action"] for entry in self.control("GET", "faults")["fired"]]

    @contextmanager
    def holding(self, path: str, **spec: Any) -> Iterator[None]:
        """The first request to `path` stands still from when the block begins to when it ends.

        Enter it before the other client starts; wait with `until_held`.
        """
        self.fault(action="hook", hold="gate", path=path, times=1, **spec)
        try:
            yield
        finally:
            self.release()

    def until_held(self, hold: str = "gate", requests: int = 1) -> None:
        """Wait until so many requests stand still under that name."""
        self.control("GET", f"faults?waiting_for={hold}&timeout_s=60")
        self.until(lambda: len(self.control("GET", "faults")["waiting"]) >= requests)

    def until(self, is_reached: Callable[[], bool]) -> None:
        """Wait until something is true; it gets a minute."""
        deadline = time.monotonic() + 60
        while not is_reached():
            assert time.monotonic() < deadline, "what was waited for never came"
            time.sleep(0.05)

    def release(self, hold: str = "gate") -> None:
        self.control("POST", "faults/release", {"hold": hold})


def content(record: Record) -> Record:
    """A record without what the org stamps by itself."""
    return {name: value for name, value in record.items() if name not in STAMPS}
