"""Formulas: well-typed ones from the function table, ill-typed ones, damaged ones, and giants."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sandbox.org.formulas.interface import ResultType
from sandbox.org.formulas.registry import FUNCTIONS
from tests.sandbox_formulas.builders import MemoryRecord
from tests.sandbox_fuzz.junk import TEXTS, damage_text

_KIND = ResultType
_SAMPLES: Mapping[ResultType, tuple[str, ...]] = {
    _KIND.NUMBER: (
        *("0", "1", "-1", "2.5", "99999999", "0.0000001", "Amount__c", "Budget__c", "Share__c"),
        *("9" * 60, "-" + "9" * 300, "Order__r.Amount__c", "1" + "0" * 40, "0." + "0" * 60 + "1"),
    ),
    _KIND.TEXT: (
        *('""', '"a"', '"12"', '"(a+)+$"', '"[a-z"', '"2026-02-30"', '"1e9"', "Name", "$User.Id"),
        *('"2026-11-20 07:00:00"', '"\\\\"', "'🙂Ł'", '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"'),
        *('"(a|aa)+b"', '"(?=(a*)*b)"', '"(.*)*x"', "Order__c", '"HH:mm"'),
    ),
    _KIND.BOOLEAN: ("TRUE", "FALSE", "Paid__c", "$Permission.Bypass"),
    _KIND.DATE: ("Due__c", "DATE(9999,12,31)", "DATE(1,1,1)", "TODAY()", "DATE(2024,2,29)"),
    _KIND.DATETIME: ("Sent__c", "NOW()", 'DATETIMEVALUE("0001-01-01 00:00:00")'),
    _KIND.TIME: ("Opens__c", "TIMENOW()", 'TIMEVALUE("23:59:59.999")'),
    _KIND.PICKLIST: ("Status", "Order__r.Status"),
    _KIND.MULTIPICKLIST: ("Colours__c",),
    _KIND.LOCATION: ("GEOLOCATION(50, 20)", "GEOLOCATION(91, -181)"),
    _KIND.NULL: ("NULL",),
}
_NAMES = tuple(name for name in FUNCTIONS if name[0].isalpha())
_INFIX = tuple(name for name in FUNCTIONS if not name[0].isalpha())
#: Functions that look at their arguments instead of naming types: what usually fits.
_FITTING: Mapping[str, tuple[ResultType, ...]] = {
    "IF": (_KIND.BOOLEAN, _KIND.NUMBER, _KIND.NUMBER),
    "CASE": (_KIND.NUMBER, _KIND.NUMBER, _KIND.TEXT, _KIND.TEXT),
    "AND": (_KIND.BOOLEAN, _KIND.BOOLEAN),
    "OR": (_KIND.BOOLEAN, _KIND.BOOLEAN),
    "BLANKVALUE": (_KIND.TEXT, _KIND.TEXT),
    "NULLVALUE": (_KIND.DATE, _KIND.DATE),
    "IFERROR": (_KIND.NUMBER, _KIND.NUMBER),
    "ISBLANK": (_KIND.TEXT,),
    "ISCHANGED": (_KIND.NUMBER,),
    "PRIORVALUE": (_KIND.NUMBER,),
    "ISPICKVAL": (_KIND.PICKLIST, _KIND.TEXT),
    "INCLUDES": (_KIND.MULTIPICKLIST, _KIND.TEXT),
    "TEXT": (_KIND.NUMBER,),
    "REGEX": (_KIND.TEXT, _KIND.TEXT),
    "ADDMONTHS": (_KIND.DATE, _KIND.NUMBER),
    "FORMATDURATION": (_KIND.NUMBER,),
    "DISTANCE": (_KIND.LOCATION, _KIND.LOCATION, _KIND.TEXT),
}
_MARKS: Mapping[ResultType, tuple[str, ...]] = {
    _KIND.NUMBER: ("+", "-", "*", "/", "^"),
    _KIND.TEXT: ("&", "+"),
    _KIND.BOOLEAN: ("&&", "||", "=", "<>"),
    _KIND.DATE: ("+", "-"),
    _KIND.DATETIME: ("+", "-"),
    _KIND.TIME: ("+", "-"),
}


def a_formula(chance: random.Random) -> str:
    """A formula's text, well-typed more often than not."""
    roll = chance.random()
    if roll < 0.01:
        return chance.choice(_GIANTS)(chance.choice([30, 150, 400, 900, 2_000]))
    text = expression(chance, chance.choice(list(_MARKS)), chance.choice([1, 2, 3, 4]))
    return damage_text(text, chance) if roll < 0.25 else text


def expression(chance: random.Random, kind: ResultType, depth: int) -> str:
    """An expression of that type, unless chance slips another one in."""
    if chance.random() < 0.015:
        kind = chance.choice(list(_SAMPLES))
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(_SAMPLES[kind])
    if kind in _MARKS and chance.random() < 0.35:
        right = kind if chance.random() < 0.8 else _KIND.NUMBER
        inner = [expression(chance, each, depth - 1) for each in (kind, right)]
        mark = chance.choice(_MARKS[kind] if chance.random() < 0.9 else _INFIX)
        return f"({inner[0]} {mark} {inner[1]})"
    names = [n for n in _NAMES if FUNCTIONS[n].returns in {kind, _KIND.ANY}]
    return _call(chance, chance.choice(names), depth)


def _call(chance: random.Random, name: str, depth: int) -> str:
    function = FUNCTIONS[name]
    kinds = list(_FITTING.get(name, ())) or [chance.choice(p) for p in function.parameters]
    if function.repeats and kinds:
        kinds += [kinds[-1]] * chance.choice([0, 1, 3])
    if chance.random() < 0.05:
        kinds = kinds[: chance.randint(0, len(kinds))]
    inner = ", ".join(expression(chance, kind, depth - 1) for kind in kinds)
    return f"{name}({inner})"


def a_record(chance: random.Random) -> MemoryRecord:
    """Values that a record may hold, extremes among them."""
    values: dict[str, Callable[[], Any]] = {
        "Name": lambda: chance.choice([t for t in TEXTS if t.strip() and t.isprintable()])[:255],
        "Amount__c": lambda: Decimal(chance.choice(["0", "-1", "0.01", "9" * 18, "12.5"])),
        "Budget__c": lambda: Decimal(chance.choice(["0.00", "-99.99", "9" * 16 + ".99"])),
        "Share__c": lambda: Decimal(chance.choice(["0", "24", "-1000"])),
        "Status": lambda: chance.choice(["Draft", "CANCELLED"]),
        "Colours__c": lambda: chance.choice(["Red", "Red;Green", "Red Dark"]),
        "Paid__c": lambda: chance.random() < 0.5,
        "Due__c": lambda: chance.choice([date.min, date.max, date(2024, 2, 29)]),
        "Sent__c": lambda: chance.choice(
            [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
        ),
        "Opens__c": lambda: chance.choice([time.min, time(23, 59, 59, 999_000)]),
        "Order__c": lambda: "801Lc0000000001IAA",
        "Order__r.Amount__c": lambda: Decimal("1E+17"),
        "$User.Id": lambda: "005Lc0000000001IAA",
    }
    given = {name: make() for name, make in values.items() if chance.random() < 0.7}
    return MemoryRecord(given, given, blanks_as_zero=chance.random() < 0.5)


_GIANTS: tuple[Callable[[int], str], ...] = (
    lambda n: "(" * n + "1" + ")" * n,
    lambda n: "NOT(" * n + "TRUE" + ")" * n,
    lambda n: "-" * n + "1",
    lambda n: "1" + " + 1" * n,
    lambda n: "2" + " ^ 9" * n,
    lambda n: "9 ^ (" * n + "9" + ")" * n,
    lambda n: '"x"' + ' & "x"' * n,
    lambda n: "IF(TRUE, " * n + "1" + ", 0)" * n,
    lambda n: "MAX(" + ", ".join(["1"] * n) + ")",
    lambda n: "CASE(Amount__c, " + "1, 2, " * n + "3)",
    lambda n: 'LPAD("a", ' + "9" * min(n, 60) + ', "b")',
    lambda n: "SUBSTITUTE(" * min(n, 90) + '"aa"' + ', "a", "aaaa")' * min(n, 90),
    lambda n: 'REGEX(LPAD("b", ' + str(n) + ', "a"), "(a+)+c")',
    lambda n: 'REGEX(LPAD("b", ' + str(n) + ', "a"), "' + "a*" * min(n, 900) + 'c")',
    lambda n: 'REGEX(LPAD("b", ' + str(n) + ', "a"), "' + "()" * min(n, 900) + '(a|a)*c")',
    lambda n: 'REGEX("a", "' + "(" * n + "a" + ")" * n + '")',
    lambda n: 'REGEX("a", "' + "(a{0,9}" * min(n, 50) + "){0,9}" * min(n, 50) + '")',
    lambda n: 'REGEX(LPAD("b", 30000, "a"), "(a$|a)*c")',
    lambda n: "A" * n + ".B" * n,
    lambda n: "/*" * n + "1",
    lambda n: '"' + "\\" * n,
    lambda n: "ADDMONTHS(TODAY(), " + "9" * min(n, 400) + ")",
    lambda n: "TODAY() + " + "9" * min(n, 400),
    lambda n: "ROUND(1.5, " + "9" * min(n, 400) + ")",
    lambda n: "MOD(" + "9" * min(n, 1_500) + ", 0." + "0" * min(n, 1_500) + "1)",
    lambda n: "EXP(" + "9" * min(n, 400) + ")",
    lambda n: "TEXT(" + "9" * n + ")",
)
