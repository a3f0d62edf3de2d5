"""Every value goes from the org into the database and back without losing anything.

Each example writes records over HTTP, reads them by pages and by an export, stores them, and
writes what the database holds as other records, which then must equal the first.
"""

from __future__ import annotations

import random
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select

from config.database import Base, transaction
from config.settings import Settings
from sandbox.metadata.standard import currency_field, owner_field, system_fields
from sandbox.org.schema import Field, FieldType, PicklistValue, Schema, SObject
from sandbox.server import LocalOrgServer
from sfsync import mapping as mappings
from sfsync import mirroring, replica
from sfsync.client import connect, sobject
from sfsync.exports import await_export, open_page, start_export
from sfsync.ids import normalise_id
from sfsync.mapping import SYSTEM_FIELDS, FieldMap, Kind, Mapping
from sfsync.outbox import enqueue
from sfsync.push import push
from sfsync.replica import TABLES, read_cells, store_page, store_rows
from sfsync.rest import Record, query_all
from sfsync.values import are_equal, read_field
from tests.sandbox_org.builders import a_lookup, a_schema, an_external_id
from tests.sfsync import fidelity_values as values

Draw = Callable[[random.Random], object]


@dataclass(frozen=True)
class Case:
    """One field of the sample: its type, its place in the replica, and what it may hold."""

    name: str
    kind: Kind
    draw: Draw
    field: Field | None = None


def choices(*given: str) -> tuple[PicklistValue, ...]:
    return tuple(PicklistValue(each, each) for each in given)


def a_case(name: str, kind: Kind, draw: Draw, type_: FieldType, **more: Any) -> Case:
    return Case(name, kind, draw, Field(name, type_, name, custom=True, **more))


SAMPLE = (
    a_case("Count__c", Kind.DECIMAL, values.number(18, 0), FieldType.NUMBER, precision=18),
    a_case(
        "Exact__c", Kind.DECIMAL, values.number(18, 17), FieldType.NUMBER, precision=18, scale=17
    ),
    a_case(
        "Amount__c", Kind.DECIMAL, values.number(18, 2), FieldType.CURRENCY, precision=18, scale=2
    ),
    a_case("Share__c", Kind.DECIMAL, values.number(5, 2), FieldType.PERCENT, precision=5, scale=2),
    a_case("Rate__c", Kind.DECIMAL, values.number(18, 4), FieldType.PERCENT, precision=18, scale=4),
    a_case("Day__c", Kind.DATE, values.day, FieldType.DATE),
    a_case("At__c", Kind.INSTANT, values.instant, FieldType.DATETIME),
    a_case("Clock__c", Kind.TIME, values.time_of_day, FieldType.TIME),
    a_case("Text__c", Kind.TEXT, values.text, FieldType.TEXT, length=255),
    a_case("Area__c", Kind.TEXT, values.text, FieldType.TEXT_AREA, length=255),
    a_case("Long__c", Kind.TEXT, values.long_text, FieldType.LONG_TEXT_AREA, length=131_072),
    a_case(
        "State__c",
        Kind.TEXT,
        values.state,
        FieldType.PICKLIST,
        length=255,
        values=choices(*values.STATES),
        restricted=True,
    ),
    a_case(
        "Topics__c",
        Kind.TEXT,
        values.topics,
        FieldType.MULTISELECT,
        length=4099,
        values=choices(*values.TOPICS),
        restricted=True,
    ),
    a_case("Mail__c", Kind.TEXT, values.email, FieldType.EMAIL, length=80),
    a_case("Phone__c", Kind.TEXT, values.phone, FieldType.PHONE, length=40),
    a_case("Link__c", Kind.TEXT, values.url, FieldType.URL, length=255),
    a_case("Is__c", Kind.FLAG, values.flag, FieldType.CHECKBOX, default="false"),
    Case("CurrencyIsoCode", Kind.TEXT, values.currency),
)
#: The parts of a compound; the compound itself is never read.
ADDRESS = tuple(
    Case(f"Billing{part}", Kind.TEXT, draw)
    for part, draw in {
        "Street": values.text,
        "City": lambda die: values.text(die)[:40],
        "State": lambda die: values.text(die)[:80],
        "PostalCode": lambda die: values.text(die)[:20],
        "Country": lambda die: values.text(die)[:80],
    }.items()
)


def a_sample_object() -> SObject:
    sample = SObject("Sample__c", "Sample", "Samples", "a0S", custom=True)
    fields = [
        *system_fields(recycle_bin=True, audited=True),
        owner_field(),
        currency_field(),
        Field("Name", FieldType.TEXT, "Name", length=80),
        replace(a_lookup("Account__c", "Account", "Account__r"), custom=True),
        replace(an_external_id(), custom=True),
        a_guard(),
        *(each.field for each in SAMPLE if each.field),
    ]
    for each in fields:
        sample.add_field(each)
    return sample


def a_guard() -> Field:
    return Field("Sync_Write__c", FieldType.TEXT, "Sync Write", custom=True, length=64)


def a_mapping(name: str, table: str, cases: tuple[Case, ...], *more: FieldMap) -> Mapping:
    known = {each.path for each in SYSTEM_FIELDS}
    own = (FieldMap(c.name.lower(), c.name, c.kind) for c in cases if c.name not in known)
    return Mapping(name, table, (*SYSTEM_FIELDS, *own, *more))


SAMPLES = a_mapping(
    "Sample__c",
    "sf_fidelity_sample",
    SAMPLE,
    FieldMap("account_id", "Account__c", Kind.ID),
    FieldMap("owner_type", "Owner.Type"),
)
ADDRESSES = a_mapping("Account", "sf_fidelity_address", ADDRESS, FieldMap("name", "Name"))
#: An example that is tried again, to be reported, writes other records.
MARKS = count(1)
IDS = frozenset({"OwnerId", "Account__c"})
#: What the org writes itself.
READ_ONLY = frozenset(
    {"Id", "IsDeleted", "External_Id__c", "Owner.Type", "SystemModstamp", "Sync_Write__c"}
) | {f"{act}{what}" for act in ("Created", "LastModified") for what in ("Date", "ById")}


@pytest.fixture(scope="module")
def schema() -> Schema:
    schema = a_schema(None, None, a_sample_object())
    schema.objects["Account"].add_field(currency_field())
    schema.objects["Account"].add_field(a_guard())
    return schema


@pytest.fixture(scope="module")
def server(schema: Schema) -> Iterator[LocalOrgServer]:
    with LocalOrgServer(schema=schema) as server:
        yield server


@pytest.fixture
def admin(server: LocalOrgServer) -> Salesforce:
    server.reset()
    settings = Settings(
        environment="test",
        salesforce_url=server.url,
        salesforce_access_token=server.access_token,
    )
    return connect(settings, sleep=lambda _: None)


@pytest.fixture
def tables(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The database with a replica of the samples and of addresses."""
    for mapping in (SAMPLES, ADDRESSES):
        table = replica._build_table(mapping)
        Base.metadata.remove(table)
        table.create(engine)
        monkeypatch.setitem(TABLES, mapping.sobject, table)
        monkeypatch.setitem(mappings.BY_SOBJECT, mapping.sobject, mapping)
        monkeypatch.setitem(mappings.PUSH_ORDER, mapping.sobject, "External_Id__c")
        fields = {each.path: each for each in mapping.fields}
        monkeypatch.setitem(mirroring._FIELDS, mapping.sobject, fields)
    return engine


@pytest.fixture(params=values.ZONES)
def any_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process's own zone, which must not matter."""
    monkeypatch.setenv("TZ", request.param)
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


@dataclass(frozen=True)
class Trip:
    """One world in which values travel."""

    sf: Salesforce
    engine: Engine
    mapping: Mapping
    cases: tuple[Case, ...]

    def travel(self, die: random.Random, size: int, links: dict[str, list[str]]) -> None:
        """Sends so many records there, back, and there again; fails where one lost anything."""
        mark = f"M{next(MARKS)}"
        sent = {f"{mark}-{n}": self._draw(die, links) for n in range(size)}
        self._write(sent)
        there = self._read(mark)
        assert {r["External_Id__c"] for r in there} == sent.keys()
        for record in there:
            assert_holds(record, sent[record["External_Id__c"]])
        rows = [self._row(record) for record in there]
        assert sorted_by_id(self._export(mark)) == rows
        assert self._store(there) == rows
        writable = [each for each in self.mapping.fields if each.path not in READ_ONLY]
        copies = {
            f"copy-{row['external_id']}": {each.path: row[each.column] for each in writable}
            for row in rows
        }
        self._write(copies)
        assert [tell(r, writable) for r in self._read(f"copy-{mark}")] == [
            tell(r, writable) for r in there
        ]

    def _draw(self, die: random.Random, links: dict[str, list[str]]) -> dict[str, object]:
        row = {each.name: each.draw(die) for each in self.cases if die.random() < 0.9}
        row = {name: None if die.random() < 0.1 else value for name, value in row.items()}
        for name in ("CurrencyIsoCode", "Is__c"):
            if row.get(name, 0) is None:
                del row[name]
        return row | {name: die.choice(ids) for name, ids in links.items()}

    def _write(self, records: dict[str, dict[str, object]]) -> None:
        with transaction(self.engine) as session:
            for key, record in records.items():
                enqueue(session, self.mapping.sobject, key, record, "a test")
        report = push(self.sf, self.engine)
        assert (report.created, report.problems) == (len(records), [])

    def _query(self, mark: str) -> str:
        paths = ", ".join(self.mapping.paths)
        return (
            f"SELECT {paths} FROM {self.mapping.sobject}"  # noqa: S608 - SOQL
            f" WHERE External_Id__c LIKE '{mark}-%' ORDER BY Id"
        )

    def _read(self, mark: str) -> list[Record]:
        return query_all(self.sf, self._query(mark))

    def _row(self, record: Record) -> dict[str, Any]:
        return {each.column: read_field(record, each) for each in self.mapping.fields}

    def _export(self, mark: str) -> list[dict[str, Any]]:
        job_id = start_export(self.sf, self._query(mark))
        await_export(self.sf, job_id, 0, lambda _s: clock.sleep(0.01))
        with open_page(self.sf, job_id, None) as page:
            found = page.read_in_order(self.mapping.paths)
            rows = [read_cells(self.mapping.fields, each) for each in found]
        assert page.next_locator is None
        with transaction(self.engine) as session:
            store_rows(session, self.mapping, rows, None)
        return rows

    def _store(self, records: list[Record]) -> list[dict[str, Any]]:
        table = TABLES[self.mapping.sobject]
        ids = [record["Id"] for record in records]
        columns = [table.c[each.column] for each in self.mapping.fields]
        query = select(*columns).where(table.c.salesforce_id.in_(ids))
        with transaction(self.engine) as session:
            # The export stored them already: pages find nothing to change.
            assert store_page(session, self.mapping, records).unchanged == len(records)
        with transaction(self.engine) as session:
            return sorted_by_id([dict(row) for row in session.execute(query).mappings()])


def sorted_by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["salesforce_id"]))


def tell(record: Record, fields: list[FieldMap]) -> dict[str, object]:
    return {each.path: record[each.path] for each in fields}


def assert_holds(record: Record, sent: dict[str, object]) -> None:
    """The org holds what was sent: a blank text as nothing, an instant to the second."""
    for name, value in sent.items():
        if name in IDS:
            assert record[name] == normalise_id(str(value))
        elif isinstance(value, str):
            assert record[name] == (None if not value or value.isspace() else value)
        elif isinstance(value, datetime):
            at = value.astimezone(UTC).replace(microsecond=0)
            assert read_field(record, FieldMap("x", name, Kind.INSTANT)) == at
        else:
            kind = next(each.kind for each in (*SAMPLE, *ADDRESS) if each.name == name)
            assert are_equal(value, read_field(record, FieldMap("x", name, kind)))


def a_trip(sf: Salesforce, engine: Engine) -> tuple[Trip, dict[str, list[str]]]:
    users = [row["Id"] for row in query_all(sf, "SELECT Id FROM User WHERE IsActive = true")]
    queue = sobject(sf, "Group").create({"Name": "Triage", "Type": "Queue"})["id"]
    name = {"Name": "An account"}
    accounts = [sobject(sf, "Account").create(name)["id"] for _ in range(3)]
    links = {
        "OwnerId": [users[0], queue],
        # People give the short form too.
        "Account__c": [*accounts, accounts[0][:15]],
    }
    return Trip(sf, engine, SAMPLES, SAMPLE), links


examples = st.randoms(use_true_random=True)


def a_few(examples: int) -> settings:
    """So many worlds; a seed is as small as another, so none is looked for when one fails."""
    return settings(
        max_examples=examples,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@given(examples)
@a_few(2)
def test_values_survive_the_way_there_and_back(
    admin: Salesforce, tables: Engine, die: random.Random
) -> None:
    trip, links = a_trip(admin, tables)

    trip.travel(die, 60, links)


@pytest.mark.usefixtures("any_zone")
def test_the_zone_of_the_process_does_not_matter(admin: Salesforce, tables: Engine) -> None:
    trip, links = a_trip(admin, tables)

    trip.travel(random.Random(1), 10, links)


@given(examples)
@a_few(2)
def test_addresses_survive_as_their_parts(
    admin: Salesforce, tables: Engine, die: random.Random
) -> None:
    Trip(admin, tables, ADDRESSES, ADDRESS).travel(die, 60, {"Name": ["NA", "null", "Acme"]})


@pytest.mark.slow
@given(examples)
@a_few(20)
def test_ten_thousand_values_of_each_type_survive(
    admin: Salesforce, tables: Engine, die: random.Random
) -> None:
    trip, links = a_trip(admin, tables)

    trip.travel(die, 600, links)


@pytest.mark.slow
@given(examples)
@a_few(20)
def test_ten_thousand_addresses_survive(
    admin: Salesforce, tables: Engine, die: random.Random
) -> None:
    Trip(admin, tables, ADDRESSES, ADDRESS).travel(die, 600, {"Name": ["NA", "null", "Acme"]})
