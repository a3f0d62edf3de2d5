"""Random rows and random queries: structure for the oracle, text for the engine."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.sandbox_soql.asked import (
    Asked,
    Both,
    Child,
    Column,
    Group,
    Having,
    Join,
    Key,
    Not,
    Ranking,
    Test,
    Typeof,
    Value,
)
from tests.sandbox_soql.random_values import ValueMaker
from tests.sandbox_soql.small_org import STAGES, SmallOrg

PART, ACCOUNT, OWNER = "Part__c", "Account", "Owner"
LOOKUPS = {
    (PART, "Account__r"): ("Account__c", ACCOUNT),
    (PART, "Whole__r"): ("Whole__c", PART),
    (ACCOUNT, "Parent"): ("ParentId", ACCOUNT),
    (ACCOUNT, "Owner"): ("OwnerId", OWNER),
}
PART_FIELDS = {
    "Id": "id",
    "Name": "text",
    "Account__c": "id",
    "Whole__c": "id",
    "Price__c": "currency",
    "Quantity": "integer",
    "Weight__c": "number",
    "Active__c": "checkbox",
    "Due__c": "date",
    "Seen_At__c": "datetime",
    "Stage__c": "picklist",
    "Tags__c": "multiselect",
    "Code__c": "exact text",
    "CurrencyIsoCode": "text",
}
ACCOUNT_FIELDS = {
    "Id": "id",
    "Name": "text",
    "ParentId": "id",
    "Rating__c": "number",
    "Kind__c": "picklist",
    "Vip__c": "checkbox",
    "CreatedDate": "datetime",
}
#: What users and groups have in common, and the name of the type.
OWNER_FIELDS = {"Id": "id", "Name": "text", "Type": "text"}
FIELDS = {PART: PART_FIELDS, ACCOUNT: ACCOUNT_FIELDS, OWNER: OWNER_FIELDS}
PARTS = (
    "CALENDAR_YEAR",
    "CALENDAR_QUARTER",
    "CALENDAR_MONTH",
    "DAY_IN_MONTH",
    "DAY_IN_WEEK",
    "DAY_IN_YEAR",
    "WEEK_IN_MONTH",
    "WEEK_IN_YEAR",
    "FISCAL_YEAR",
    "FISCAL_QUARTER",
    "FISCAL_MONTH",
)
GROUPED = ("text", "picklist", "checkbox", "date", "datetime")
COMPARING = ("=", "!=", "<", "<=", ">", ">=")


class QueryMaker:
    """Makes random queries about parts and accounts."""

    def __init__(self, chance: random.Random, org: SmallOrg) -> None:
        self._chance = chance
        self._values = ValueMaker(chance, org)

    def make(self) -> Asked:
        chance = self._chance
        table = chance.choice([PART, PART, ACCOUNT])
        where = self._where(table, joins=2) if chance.random() < 0.8 else None
        kind = chance.random()
        if kind < 0.1:
            return Asked(table, (), where=where, counts_only=True)
        if kind < 0.35:
            return self._grouped(table, where)
        order = self._order(table)
        typeof = self._typeof() if table == ACCOUNT and chance.random() < 0.2 else None
        columns = [c for c in self._columns(table) if not typeof or c.path[0] != "Owner"]
        return Asked(
            table,
            (*columns, Column(("Id",), "id")),
            tuple(self._children(table)),
            where,
            order,
            chance.choice([None, None, 0, 1, 3, 10]),
            chance.choice([None, None, None, 1, 5]),
            typeof=typeof,
        )

    def _typeof(self) -> Typeof:
        chance = self._chance
        cases = {
            "User": tuple(chance.sample(["Email", "Name", "Id"], chance.randint(1, 3))),
            "Group": tuple(chance.sample(["DeveloperName", "Name"], chance.randint(1, 2))),
        }
        names = chance.sample(list(cases), chance.randint(1, 2))
        otherwise = chance.choice([(), ("Name",), ("Id", "Name")])
        return Typeof("Owner", tuple((name, cases[name]) for name in names), otherwise)

    def _grouped(self, table: str, where: object) -> Asked:
        chance = self._chance
        fields = _fields(table)
        names = [n for n, kind in fields.items() if kind in GROUPED]
        groups = tuple(
            self._group(table, name) for name in chance.sample(names, chance.randint(0, 3))
        )
        functions = []
        for _ in range(chance.randint(1, 3)):
            column = self._column(table, chance.choice(list(fields)))
            functions.append((chance.choice(_functions_for(column.kind)), column))
        return Asked(
            table,
            (),
            where=where,
            groups=groups,
            functions=tuple(functions),
            subtotals=chance.choice(["", "", "ROLLUP", "CUBE"]) if groups else "",
            having=self._having(table) if groups and chance.random() < 0.3 else None,
            ranking=self._ranking(functions) if groups and chance.random() < 0.3 else None,
        )

    def _group(self, table: str, name: str) -> Group:
        column = self._column(table, name)
        if column.kind == "datetime":
            part = self._chance.choice([*PARTS, "HOUR_IN_DAY", "DAY_ONLY"])
            return Group(column, part + self._chance.choice(["", "/local"]))
        return Group(column, self._chance.choice(["", *PARTS]) if column.kind == "date" else "")

    def _having(self, table: str) -> Having:
        chance = self._chance
        counted = self._column(table, chance.choice(list(_fields(table))))
        function = chance.choice(["COUNT", "COUNT_DISTINCT"])
        if table == PART and chance.random() < 0.4:
            counted = self._column(table, "Quantity")
            function = chance.choice(["SUM", "MIN", "MAX", "AVG"])
        return Having(function, counted, chance.choice(["=", "!=", "<", ">"]), chance.randint(0, 4))

    def _ranking(self, functions: Sequence[tuple[str, Column]]) -> Ranking:
        chance = self._chance
        place = chance.randrange(len(functions))
        return Ranking(place, chance.random() < 0.5, chance.random() < 0.5)

    def _columns(self, table: str) -> list[Column]:
        """Columns without the Id, each once; a parent's checkbox is null where the parent is."""
        chance = self._chance
        wanted: dict[tuple[str, ...], Column] = {}
        for _ in range(chance.randint(1, 5)):
            column = self._any_column(table, chance.choice([0, 0, 1, 2]))
            if column.path != ("Id",) and not (len(column.path) > 1 and column.kind == "checkbox"):
                wanted[column.path] = column
        return list(wanted.values())

    def _any_column(self, table: str, levels: int) -> Column:
        path: list[str] = []
        for _ in range(levels):
            steps = [step for owner, step in LOOKUPS if owner == table]
            if not steps:
                break
            step = self._chance.choice(steps)
            path.append(step)
            table = LOOKUPS[table, step][1]
        return self._column(table, self._chance.choice(list(_fields(table))), path)

    def _column(self, table: str, name: str, path: Sequence[str] = ()) -> Column:
        kind = _fields(table)[name]
        return Column((*path, name), kind, STAGES if kind == "picklist" else ())

    def _children(self, table: str, depth: int = 0) -> list[Child]:
        chance = self._chance
        if chance.random() < 0.6 or depth > 3:
            return []
        relationship, lookup = (
            ("Parts__r", "Account__c") if table == ACCOUNT else ("Pieces__r", "Whole__c")
        )
        where = self._where(PART, joins=0) if chance.random() < 0.5 else None
        columns = (*self._columns(PART), Column(("Id",), "id"))
        limit = chance.choice([None, 1, 2])
        inner = tuple(self._children(PART, depth + 1))
        order = self._order(PART)
        return [Child(relationship, PART, lookup, columns, where, order, limit, inner)]

    def _order(self, table: str) -> tuple[Key, ...]:
        chance = self._chance
        keys: dict[tuple[str, ...], Key] = {}
        for _ in range(chance.choice([0, 1, 1, 2])):
            column = self._any_column(table, chance.choice([0, 0, 1]))
            if column.kind != "multiselect":
                keys[column.path] = Key(column, chance.random() < 0.5, chance.random() < 0.5)
        return tuple(keys.values())

    # Conditions.

    def _where(self, table: str, joins: int, depth: int = 0) -> object:
        chance = self._chance
        roll = chance.random()
        if depth < 3 and roll < 0.35:
            operator = chance.choice(["AND", "OR"])
            # Salesforce takes a join only at the top, and there not beside OR.
            inner = joins if operator == "AND" and depth == 0 else 0
            tests = [self._where(table, int(n == 0 and inner > 0), depth + 1) for n in range(2)]
            return Both(operator, tuple(tests))
        if depth < 3 and roll < 0.45:
            return Not(self._where(table, 0, depth + 1))
        if joins and roll < 0.55:
            return self._join(table)
        return self._test(table)

    def _join(self, table: str) -> Join:
        chance = self._chance
        operator = chance.choice(["IN", "NOT IN"])
        if table == ACCOUNT:
            where = self._where(PART, 0, 2) if chance.random() < 0.5 else None
            return Join(Column(("Id",), "id"), operator, PART, "Account__c", where)
        where = self._where(ACCOUNT, 0, 2) if chance.random() < 0.5 else None
        inner = chance.choice(["Id", "ParentId"])
        return Join(Column(("Account__c",), "id"), operator, ACCOUNT, inner, where)

    def _test(self, table: str) -> Test:
        chance = self._chance
        column = self._any_column(table, chance.choice([0, 0, 0, 1, 2]))
        if column.kind in {"date", "datetime"} and chance.random() < 0.2:
            return self._part_test(column)
        operator = chance.choice(_operators_for(column.kind))
        if operator == "LIKE":
            return Test(column, operator, (self._values.pattern(),))
        if operator in {"IN", "NOT IN", "INCLUDES", "EXCLUDES"}:
            makers = chance.randint(1, 3) if chance.random() < 0.9 else 20
            can_be_null = operator in {"IN", "NOT IN"} and column.kind != "checkbox"
            values = [self._values.value(column, can_be_null) for _ in range(makers)]
            if any(isinstance(v.meaning, tuple) for v in values):
                values = [v for v in values if isinstance(v.meaning, tuple)]
            return Test(column, operator, tuple(values))
        can_be_null = operator in {"=", "!="} and column.kind != "checkbox"
        return Test(column, operator, (self._values.value(column, can_be_null),))

    def _part_test(self, column: Column) -> Test:
        chance = self._chance
        part = chance.choice([*PARTS, "HOUR_IN_DAY"] if column.kind == "datetime" else PARTS)
        if column.kind == "datetime" and chance.random() < 0.5:
            part += "/local"
        number = chance.choice([1, 2, 4, 7, 11, 20, 47, 324, 2026])
        return Test(column, chance.choice(COMPARING), (Value(str(number), number),), part)


def _fields(table: str) -> dict[str, str]:
    return FIELDS[table]


def _operators_for(kind: str) -> Sequence[str]:
    listing = ("IN", "NOT IN")
    if kind == "checkbox":
        return ("=", "!=")
    if kind == "multiselect":
        return ("=", "!=", "INCLUDES", "EXCLUDES", *listing)
    if kind == "exact text":
        return ("=", "!=", *listing)
    return (*COMPARING, *listing, *(("LIKE",) if kind in {"text", "picklist"} else ()))


def _functions_for(kind: str) -> Sequence[str]:
    counting = ("COUNT", "COUNT_DISTINCT")
    if kind in {"currency", "integer", "number"}:
        return (*counting, "SUM", "AVG", "MIN", "MAX")
    return (*counting, "MIN", "MAX") if kind in {"date", "datetime", "id"} else counting
