"""Whatever becomes of the org's fields: all others go on, and in the end the replica is the org."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select

from config.database import transaction
from config.settings import Settings
from sandbox.org.ddl import IncompatibleDataError
from sandbox.org.schema import Field, FieldType
from sandbox.server import LocalOrgServer
from sfsync import exports, keyset, loading
from sfsync.client import connect
from sfsync.extra import parse_extra, spell_extra
from sfsync.mapping import MAPPINGS, Mapping
from sfsync.pull import forget
from sfsync.queries import query_all
from sfsync.replica import TABLES
from sfsync.schema import find_troubles, read_active
from sfsync.values import read_field
from tests.sfsync.drifting import org, remodel, server
from tests.sfsync.remodelling import Remodeller
from tests.sfsync.simulation import World, differences

__all__ = ["org", "remodel", "server"]

STEPS = 60
#: Seeds of one slow run on each database; `SEEDS=` asks for more.
SEEDS = int(os.environ.get("SEEDS", "40"))
#: Mapped fields that are hidden, locked and narrowed, and values that always fit them.
MAPPED: dict[str, dict[str, list[Any]]] = {
    "Account": {"Payout_Account__c": ["PL61", "DE89", None], "Rating__c": ["1.25", "4.5", None]},
    "Order": {"Selection_Note__c": ["tak", "nie", None], "Budget__c": ["0.01", "1234567.89"]},
}
#: Types that a field of the org's own may have, and values of each.
OWN: list[tuple[Field, list[Any]]] = [
    (Field("", FieldType.NUMBER, precision=18, scale=2), ["1234567890123456.78", "0.5", None]),
    (Field("", FieldType.TEXT, length=80), ["NA", "null", "🚚", None]),
    (Field("", FieldType.LONG_TEXT_AREA, length=32_000), ["a\nb", None]),
    (Field("", FieldType.CHECKBOX, default="false"), [True, False]),
    (Field("", FieldType.DATE), ["2026-03-29", None]),
    (Field("", FieldType.DATETIME), ["2026-03-29T01:30:00Z", None]),
]


class DriftingWorld(World):
    """A seeded world in which people also change the fields, and processes begin anew."""

    def __init__(
        self,
        seed: int,
        org: LocalOrgServer,
        settings: Settings,
        engine: Engine,
        remodel: Remodeller,
    ) -> None:
        self.settings, self.remodel = settings, remodel
        self.own: dict[tuple[str, str], list[Any]] = {}
        super().__init__(seed, org, self._connect(), engine)

    @property
    def _doings(self) -> list[Callable[[], None]]:
        changes = [self._hide, self._hide, self._show, self._show, self._lock, self._resize]
        return [*super()._doings, *changes, self._add_field, self._drop_field, self._restart]

    def _connect(self) -> Salesforce:
        return connect(self.settings, sleep=lambda _: None)

    def _restart(self) -> None:
        self.sf = self._connect()

    def _edit(self) -> None:
        super()._edit()
        self._try(lambda s, i: self.admin.change(s, i, late_s=self._lateness(), **self._value(s)))

    def _value(self, sobject: str) -> dict[str, Any]:
        own = {name: values for (of, name), values in self.own.items() if of == sobject}
        name, values = self.die.choice([*MAPPED[sobject].items(), *own.items()])
        return {name: self.die.choice(values)}

    def _field(self) -> tuple[str, str]:
        sobject = self.die.choice(list(MAPPED))
        own = [name for of, name in self.own if of == sobject]
        return sobject, self.die.choice([*MAPPED[sobject], *own])

    def _hide(self) -> None:
        self.remodel.grant(*self._field())

    def _show(self) -> None:
        self.remodel.grant(*self._field(), "read", "edit")

    def _lock(self) -> None:
        self.remodel.grant(*self._field(), "read")

    def _resize(self) -> None:
        self.remodel.alter("Account", "Payout_Account__c", length=self.die.choice([20, 64, 255]))

    def _add_field(self) -> None:
        """A new field, or another one by the name of an old one."""
        shape, values = self.die.choice(OWN)
        sobject, name = self.die.choice(list(MAPPED)), f"Own_{self.die.randint(1, 4)}__c"
        if (sobject, name) in self.own:
            return
        try:
            self.remodel.add(sobject, replace(shape, name=name, label=name))
        except IncompatibleDataError:
            return  # rows still hold values of the field that had the name before
        self.own[sobject, name] = values

    def _drop_field(self) -> None:
        if self.own:
            sobject, name = self.die.choice(list(self.own))
            self.remodel.drop(sobject, name)
            del self.own[sobject, name]

    def undo(self) -> None:
        """Give every field back what it had at first, and what it had when it was added."""
        for sobject, fields in MAPPED.items():
            for name in [*fields, *(own for of, own in self.own if of == sobject)]:
                self.remodel.grant(sobject, name, "read", "edit")
        self.remodel.alter("Account", "Payout_Account__c", length=255)


def active_mappings(engine: Engine) -> list[Mapping]:
    with transaction(engine) as session:
        return [read_active(session, mapping) for mapping in MAPPINGS]


def compare(world: DriftingWorld, active: list[Mapping]) -> list[str]:
    """The differences between replica and org in all columns that are read."""
    ours: dict[str, dict[str, Any]] = {}
    theirs: dict[str, dict[str, Any]] = {}
    for mapping in active:
        ours[mapping.sobject] = _replica(world.engine, mapping)
        theirs[mapping.sobject] = _org(world.sf, mapping)
    return differences(ours, theirs)


def _replica(engine: Engine, mapping: Mapping) -> dict[str, dict[str, Any]]:
    table = TABLES[mapping.sobject]
    columns = [table.c[each.column] for each in mapping.fields]
    with transaction(engine) as session:
        rows = session.execute(select(*columns, table.c.extra)).mappings().all()
    names = {each.path for each in mapping.extra}
    return {row["salesforce_id"]: {**row, "extra": _only(row["extra"], names)} for row in rows}


def _only(text: str | None, names: set[str]) -> str | None:
    """The text without what is kept of fields that are gone."""
    return spell_extra({name: v for name, v in parse_extra(text).items() if name in names})


def _org(sf: Salesforce, mapping: Mapping) -> dict[str, dict[str, Any]]:
    rows = query_all(sf, f"SELECT {', '.join(mapping.paths)} FROM {mapping.sobject}")  # noqa: S608
    return {
        row["Id"]: {each.column: read_field(row, each) for each in mapping.fields}
        | {"extra": spell_extra({each.path: read_field(row, each) for each in mapping.extra})}
        for row in rows
    }


def play(world: DriftingWorld) -> list[str]:
    """The differences in what is read while fields are lost, and in everything afterwards."""
    world.live(STEPS)
    world.settle()
    found = compare(world, active_mappings(world.engine))
    world.undo()
    world.settle()
    active = active_mappings(world.engine)
    with transaction(world.engine) as session:
        mapped = {f"{m.sobject}.{each.path}" for m in MAPPINGS for each in m.fields}
        left = [each.message for each in find_troubles(session) if each.name in mapped]
    return [*found, *compare(world, active), *left]


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows make many pages, and every other load is an export."""
    monkeypatch.setattr(keyset, "PAGE_SIZE", 4)
    monkeypatch.setattr("sfsync.planning.FEW", 2)
    monkeypatch.setattr(exports, "PAGE_ROWS", 7)
    monkeypatch.setattr(exports, "ONE_PAGE_ROWS", 7)
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(loading, "is_export_cheaper", lambda rows, **_: rows % 2 == 0)


@pytest.mark.parametrize("seed", range(3))
def test_other_columns_go_on_and_in_the_end_the_replica_is_the_org(
    seed: int, org: LocalOrgServer, settings: Settings, engine: Engine, remodel: Remodeller
) -> None:
    assert play(DriftingWorld(seed, org, settings, engine, remodel)) == []


@pytest.mark.slow
def test_the_same_for_many_seeds(
    org: LocalOrgServer, settings: Settings, engine: Engine, remodel: Remodeller
) -> None:
    # Half of the time for each database; the other slow suites run beside this one.
    deadline_s = time.monotonic() + float(os.environ.get("BUDGET", "20")) * 60 / 2
    for seed in range(1000, 1000 + SEEDS):
        org.reset()
        remodel.undo()
        forget(engine)
        world = DriftingWorld(seed, org, settings, engine, remodel)
        assert play(world) == [], f"seed {seed}"
        if time.monotonic() >= deadline_s:
            pytest.skip(f"seeds up to {seed} fitted into BUDGET minutes")
