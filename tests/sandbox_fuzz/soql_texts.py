"""SOQL texts: derived from the grammar, sound ones damaged, soup of words, and giants.

Owns the derivation: the engine's own grammar file is expanded at random, so that every clause it
knows is tried, in orders and depths that no client writes.
"""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from lark import Lark
from lark.grammar import Rule

import sandbox.soql
from tests.sandbox_fuzz.junk import damage_text

_GRAMMAR = Path(sandbox.soql.__file__).with_name("grammar.lark")
_TEXT = (
    "SELECT FROM WHERE AND OR NOT IN LIKE ( ) , . = != < > ' '' 'x' 5 -1 null TRUE TODAY "
    "LAST_N_DAYS:3 2026-11-20 2026-11-20T07:00:00Z USD5 ORDER BY GROUP LIMIT OFFSET 0 99999999999 "
    "COUNT() COUNT(Id) SUM(Price__c) AVG(Price__c) MAX(Name) ROLLUP(Name,Stage__c) CUBE(Name) "
    "GROUPING(Name) HAVING TYPEOF Owner WHEN User THEN Name ELSE END toLabel(Stage__c) "
    "convertCurrency(Price__c) FORMAT(Price__c) CALENDAR_YEAR(Due__c) DAY_ONLY(Seen_At__c) "
    "FIELDS(ALL) Id Name Account__r.Name Whole__r.Whole__r.Id Owner.Name Part__c Account Parts__r "
    "Pieces__r ASC DESC NULLS FIRST USING SCOPE mine WITH SECURITY_ENFORCED FOR VIEW UPDATE "
    "INCLUDES EXCLUDES Tags__c \\ % :x # ; -- Ł \x00 \n 🙂 Description Opens__c 10:30:00Z "
    "CreatedDate Status EffectiveDate Account.Name Orders Order Case Task What.Name IsDeleted"
)
TOKENS = _TEXT.split(" ")
#: Sound queries of the project's own org; every clause that the engine serves is among them.
SOUND = (
    "SELECT Id, Name FROM Account WHERE Name LIKE 'A%' ORDER BY Name DESC NULLS LAST LIMIT 5",
    "SELECT FIELDS(STANDARD) FROM Order LIMIT 200 OFFSET 1",
    (
        "SELECT Id, Account.Owner.Name, (SELECT Id, Price__c FROM Order_Proposals__r "
        "WHERE Price__c > 5 ORDER BY Price__c LIMIT 2) FROM Order"
    ),
    "SELECT Status s, COUNT(Id) n FROM Order GROUP BY Status HAVING COUNT(Id) > 0",
    (
        "SELECT Status, Account.Name, SUM(Amount__c), GROUPING(Status) FROM Order "
        "GROUP BY ROLLUP(Status, Account.Name)"
    ),
    "SELECT COUNT() FROM Order WHERE AccountId IN (SELECT Id FROM Account WHERE Name != null)",
    "SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Order)",
    (
        "SELECT CALENDAR_YEAR(CreatedDate), MAX(EffectiveDate) FROM Order "
        "GROUP BY CALENDAR_YEAR(CreatedDate)"
    ),
    "SELECT Id FROM Order WHERE CreatedDate = LAST_N_DAYS:30 AND EffectiveDate > 2026-01-01",
    "SELECT Id FROM Order WHERE CreatedDate > 2026-11-20T07:00:00+01:00 OR (NOT Status = 'x')",
    "SELECT toLabel(Status), FORMAT(CreatedDate) FROM Order WHERE Status INCLUDES ('a;b', 'c')",
    (
        "SELECT TYPEOF What WHEN Account THEN Name, Phone WHEN Order THEN Status ELSE Name END "
        "FROM Task"
    ),
    "SELECT Id, Who.Name, What.Type, Owner.Name FROM Task WHERE What.Type = 'Account'",
    "SELECT Id FROM Account USING SCOPE mine WITH SECURITY_ENFORCED FOR VIEW",
    "SELECT Id FROM Account WHERE IsDeleted = false ALL ROWS",
    "SELECT Id, convertCurrency(Price__c) FROM Order_Proposal__c WHERE Price__c >= USD5.01",
    "SELECT o.Id, o.Account.Name FROM Order o WHERE o.Status IN ('PENDING VALIDATION', null)",
    "SELECT CUBE FROM Account",
    "SELECT DISTANCE(Location__c, GEOLOCATION(1,2), 'km') FROM Account",
)
_WORDS = {
    "PATH": (
        *("Id", "Name", "Account", "Order", "Account.Name", "Status", "EffectiveDate", "Owner"),
        *("CreatedDate", "Price__c", "Order__r.Account.Owner.Name", "Orders", "Part__c", "COUNT"),
        *("MAX", "ROLLUP", "FIELDS", "ALL", "toLabel", "mine", "Seen_At__c", "Tags__c", "Stage__c"),
        *("DAY_ONLY", "CALENDAR_MONTH", "convertTimezone", "Parts__r", "Account__r.Name", "o.Id"),
    ),
    "ALIAS": ("a", "o", "Id", "expr0", "x1"),
    "STRING": ("''", "'x'", "'a%_'", r"'\u0041\'\\'", "'001Lc0000000001IAA'", "'\U0001f642'"),
    "NUMBER": ("0", "-1", "1.5", ".5", "+3", "9" * 400),
    "INTEGER": ("0", "1", "2000", "9" * 30),
    "CURRENCY": ("USD5", "eur0.01", "XXX1"),
    "DATETIME": ("2026-11-20T07:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-12:00"),
    "DATE": ("2026-11-20", "0001-01-01", "9999-12-31", "2026-02-30"),
    "TIME": ("10:30:00Z", "23:59:59.999", "24:00:00Z"),
    "WORD": ("null", "TRUE", "TODAY", "LAST_N_DAYS:3", "NEXT_N_YEARS:" + "9" * 30, "LAST_YEAR"),
    "OPERATOR": ("=", "!=", "<>", "<", "<=", ">", ">="),
    "ACCESS": ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"),
    "SELECTOR": ("AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW"),
    "DIRECTION": ("ASC", "DESC"),
    "NULLS": ("NULLS FIRST", "NULLS LAST"),
    "FOR": ("FOR VIEW", "FOR REFERENCE", "FOR UPDATE"),
    "UPDATE": ("UPDATE TRACKING", "UPDATE VIEWSTAT"),
    "LPAR": ("(",),
    "RPAR": (")",),
    "COMMA": (",",),
}
#: Deeper derivations take the flattest rule.
_DEEPEST = 7
_NEVER = 1_000


def a_query(chance: random.Random, sound: Callable[[], str] | None = None) -> str:
    """A text for the query engine; `sound` makes the sound ones that are then damaged."""
    roll = chance.random()
    if roll < 0.5:
        text = sound() if sound else chance.choice(SOUND)
        return damage_words(text, chance) if chance.random() < 0.85 else text
    if roll < 0.78:
        return derive(chance)
    if roll < 0.88:
        return " ".join(chance.choices(TOKENS, k=chance.randint(1, 12)))
    if roll < 0.99:
        return damage_text(sound() if sound else chance.choice(SOUND), chance)
    return chance.choice(_GIANTS)(chance.choice([50, 300, 990, 1_100, 5_000]))


def damage_words(soql: str, chance: random.Random) -> str:
    """The query with words and marks dropped, added, replaced or copied."""
    parts = re.findall(r"\w+|\s+|.", soql)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(parts) + 1)
        what = chance.random()
        if what < 0.3:
            del parts[place : place + chance.randint(1, 3)]
        elif what < 0.6:
            parts[place:place] = [" ", chance.choice(TOKENS), " "]
        elif what < 0.8:
            parts[place : place + 1] = [chance.choice(TOKENS)]
        else:
            other = chance.randrange(len(parts) + 1)
            parts[place:place] = parts[other : other + chance.randint(1, 8)]
    return "".join(parts)


def derive(chance: random.Random) -> str:
    """A text that the grammar takes, whatever it may mean."""
    return " ".join(_derive(chance, "query", 0))


def _derive(chance: random.Random, name: str, depth: int) -> list[str]:
    rules = _rules()[name]
    if depth > _DEEPEST:
        rules = rules[:1]
    words: list[str] = []
    for symbol in chance.choice(rules).expansion:
        if name == "source" and symbol.name == "PATH":
            words.append(chance.choice(["Account", "Order", "Part__c", "Task"]))
        elif symbol.is_term:
            words.append(_word(chance, symbol.name))
        else:
            words += _derive(chance, symbol.name, depth + 1)
    return words


def _word(chance: random.Random, name: str) -> str:
    choices: Sequence[str] = _WORDS.get(name, (name.replace("_", " "),))
    return chance.choice(choices)


@lru_cache(maxsize=1)
def _rules() -> dict[str, list[Rule]]:
    parser = Lark(_GRAMMAR.read_text(encoding="utf-8"), parser="earley")
    rules: dict[str, list[Rule]] = defaultdict(list)
    for rule in parser.rules:
        rules[str(rule.origin.name)].append(rule)
    heights: dict[str, int] = {}
    while len(heights) < len(rules):
        known = {name: min(_heights(same, heights)) for name, same in rules.items()}
        heights = {name: height for name, height in known.items() if height < _NEVER}
    for same in rules.values():
        same.sort(key=lambda rule: _heights([rule], heights)[0])
    return rules


def _heights(rules: Sequence[Rule], known: Mapping[str, int]) -> list[int]:
    """Levels of the flattest text of each rule, as far as its parts are known yet."""
    return [
        1 + max((known.get(s.name, _NEVER) for s in rule.expansion if not s.is_term), default=0)
        for rule in rules
    ]


_GIANTS: tuple[Callable[[int], str], ...] = (
    lambda n: "SELECT Id FROM Account WHERE " + "(" * n + "Name = 'x'" + ")" * n,
    lambda n: "SELECT Id FROM Account WHERE " + "NOT " * n + "Name = 'x'",
    lambda n: "SELECT Id FROM Account WHERE " + "(NOT " * n + "Name = 'x'" + ")" * n,
    lambda n: "SELECT Id FROM Account WHERE " + " OR ".join(["Name = 'x'"] * n),
    lambda n: (
        "SELECT Id FROM Account WHERE "
        + "(Name = 'a' AND (Name = 'b' OR " * (n // 2)
        + "Name = 'x'"
        + "))" * (n // 2)
    ),
    lambda n: "SELECT Id FROM Account WHERE Name IN (" + ",".join(["'x'"] * n) + ")",
    lambda n: "SELECT " + ", ".join(["Name"] * n) + " FROM Account",
    lambda n: "SELECT Id" + ", Parent" + ".Parent" * n + ".Name FROM Account",
    lambda n: "SELECT " + "COUNT(" * n + "Id" + ")" * n + " FROM Account",
    lambda n: "SELECT Id FROM Account ORDER BY " + ", ".join(["Name"] * n),
    lambda n: "SELECT Name FROM Account GROUP BY " + ", ".join(["Name"] * n),
    lambda n: "SELECT Name FROM Account GROUP BY CUBE(" + ", ".join(["Name"] * min(n, 60)) + ")",
    lambda n: (
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Order WHERE AccountId "
        * min(n, 50)
        + "= null"
        + ")" * min(n, 50)
    ),
    lambda n: "SELECT Id, (" * n + "SELECT Id FROM Orders" + ")" * n + " FROM Account",
    lambda n: f"SELECT Id FROM Account WHERE Name = '{'x' * 8 * n}'",
    lambda n: f"SELECT Id FROM Account WHERE Name LIKE '{'%a' * n}'",
    lambda n: f"SELECT Id FROM Account WHERE Name LIKE '{'%_' * n}b'",
    lambda n: "SELECT Id FROM Account WHERE Name = 'x" + "\\" * n,
    lambda n: "SELECT Id FROM Account" + " " * 8 * n + "LIMIT 1",
    lambda n: "SELECT Id FROM Account WITH DATA CATEGORY A__c AT (" + "b," * n + "b)",
    lambda n: "SELECT TYPEOF What " + "WHEN Account THEN Name " * n + "END FROM Task",
    lambda n: "SELECT " + "x" * n + ".Id FROM Account " + "x" * n,
)
