"""A small org built as values: a schema, rows in memory, and the same rows in SQLite."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sandbox.org.ddl import prepare_tables, quote, stored_fields
from sandbox.org.ids import make_id
from sandbox.org.schema import Field, FieldType, PicklistValue, Schema, SObject
from sandbox.org.values import to_sql
from sandbox.soql import QueryEnv, QueryResult, execute, parse

WARSAW = ZoneInfo("Europe/Warsaw")
#: A Friday, 08:00 in Warsaw.
NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
STAGES = ("New", "Shortlisted", "Closed", "Archived")
TAGS = ("Red", "Green", "Blue")
RATES = {"EUR": Decimal("1.0000"), "USD": Decimal("1.1600"), "PLN": Decimal("4.2500")}


def picklist(name: str, values: Sequence[str], **more: object) -> Field:
    entries = tuple(PicklistValue(value, f"{value} (label)") for value in values)
    return Field(name, FieldType.PICKLIST, custom=True, values=entries, **more)  # type: ignore[arg-type]


def lookup(name: str, targets: tuple[str, ...], up: str, down: str | None = None) -> Field:
    custom = name.endswith("__c")
    return Field(
        name,
        FieldType.LOOKUP,
        reference_to=targets,
        relationship_name=up,
        child_relationship_name=down,
        custom=custom,
    )


def an_sobject(name: str, prefix: str, *fields: Field) -> SObject:
    system = [
        Field("Id", FieldType.ID),
        Field("IsDeleted", FieldType.CHECKBOX),
        Field("Name", FieldType.TEXT, length=80),
        Field("CreatedDate", FieldType.DATETIME),
    ]
    everything = {field.name: field for field in (*system, *fields)}
    return SObject(name, name, name + "s", prefix, name.endswith("__c"), everything)


def currency(name: str) -> Field:
    return Field(name, FieldType.CURRENCY, precision=18, scale=2, custom=True)


def a_schema(*, multi_currency: bool = True) -> Schema:
    iso = Field("CurrencyIsoCode", FieldType.PICKLIST)
    account = an_sobject(
        "Account",
        "001",
        lookup("OwnerId", ("User", "Group"), "Owner"),
        lookup("ParentId", ("Account",), "Parent", "ChildAccounts"),
        Field("Rating__c", FieldType.NUMBER, precision=5, scale=2, custom=True),
        picklist("Kind__c", STAGES),
        Field("Description", FieldType.LONG_TEXT_AREA),
        Field("Vip__c", FieldType.CHECKBOX, custom=True),
        Field("Doubled__c", FieldType.NUMBER, scale=2, custom=True, formula="Rating__c * 2"),
        iso,
    )
    part = an_sobject(
        "Part__c",
        "a01",
        lookup("Account__c", ("Account",), "Account__r", "Parts__r"),
        lookup("Whole__c", ("Part__c",), "Whole__r", "Pieces__r"),
        currency("Price__c"),
        iso,
        Field("Quantity", FieldType.NUMBER, precision=9, scale=0),
        Field("Weight__c", FieldType.NUMBER, precision=9, scale=3, custom=True),
        Field("Active__c", FieldType.CHECKBOX, custom=True),
        Field("Due__c", FieldType.DATE, custom=True),
        Field("Seen_At__c", FieldType.DATETIME, custom=True),
        Field("Opens__c", FieldType.TIME, custom=True),
        picklist("Stage__c", STAGES),
        Field("Tags__c", FieldType.MULTISELECT, custom=True),
        Field("Code__c", FieldType.TEXT, custom=True, external_id=True, case_sensitive=True),
        Field("External_Id__c", FieldType.TEXT, custom=True, external_id=True, unique=True),
    )
    user = an_sobject("User", "005", Field("Email", FieldType.EMAIL))
    group = an_sobject("Group", "00G", Field("DeveloperName", FieldType.TEXT))
    rate = Field("ConversionRate", FieldType.NUMBER, precision=18, scale=4)
    money = an_sobject("CurrencyType", "01L", Field("IsoCode", FieldType.PICKLIST), rate)
    objects = {o.name: o for o in (account, part, user, group, money)}
    return Schema(objects, multi_currency=multi_currency)


class SmallOrg:
    """Rows by sObject, and the SQLite connection that holds the same rows."""

    def __init__(self, schema: Schema | None = None) -> None:
        self.schema = schema or a_schema()
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        # From Python 3.13 on, a connection that is only forgotten warns; any thread may collect it.
        weakref.finalize(self, self.connection.close)
        prepare_tables(self.connection, self.schema)
        self.rows: dict[str, dict[str, dict[str, object]]] = {n: {} for n in self.schema.objects}
        for code, rate in RATES.items():
            self.add("CurrencyType", IsoCode=code, ConversionRate=rate)

    def add(self, sobject_name: str, **values: object) -> str:
        """Store a row of canonical values; what is missing is None (checkboxes: False)."""
        sobject = self.schema.objects[sobject_name]
        rows = self.rows[sobject_name]
        fields = stored_fields(sobject)
        row: dict[str, object] = {
            field.name: False if field.type is FieldType.CHECKBOX else None for field in fields
        }
        record_id = make_id(sobject.key_prefix, len(rows) + 1)
        row |= {"Id": record_id, "CreatedDate": NOW, **values}
        unknown = set(row) - {field.name for field in fields}
        assert not unknown, f"{sobject_name} has no {unknown}"
        rows[record_id] = row
        marks = ", ".join("?" * len(fields))
        names = ", ".join(quote(field.name) for field in fields)
        self.connection.execute(
            f"INSERT INTO {quote(sobject_name)} ({names}) VALUES ({marks})",
            [to_sql(field, row[field.name]) for field in fields],
        )
        return record_id

    def query(self, soql: str, **changes: object) -> QueryResult:
        return execute(self.connection, self.schema, parse(soql), an_env(**changes))

    def values(self, soql: str, **changes: object) -> list[tuple[object, ...]]:
        """The rows without their attributes, nested ones as tuples too."""
        return [plain(row) for row in self.query(soql, **changes).records]

    def names(self, soql: str, **changes: object) -> list[object]:
        """The first selected value of every row."""
        return [row[0] for row in self.values(soql, **changes)]


def an_env(**changes: object) -> QueryEnv:
    given: dict[str, object] = {"now": NOW, "time_zone": WARSAW, **changes}
    return QueryEnv(**given)  # type: ignore[arg-type]


def plain(row: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(_plain(value) for name, value in row.items() if name != "attributes")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, QueryResult):
        return [plain(row) for row in value.records]
    return value
