"""Random rows, with gaps everywhere and values that meet each other often."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.sandbox_soql.small_org import NOW, STAGES, TAGS, SmallOrg

NAMES = (
    "Alfa",
    "ALFA",
    "alfa",
    "beta",
    "Łódź",
    "łódź",
    "a%b",
    "a_b",
    "axb",
    "O'Hara",
    "c\\d",
    "Zz",
)
CODES = ("x1", "X1", "y2")
CURRENCIES = ("EUR", "USD", "PLN", "CHF")


def fill(org: SmallOrg, chance: random.Random, parts: int) -> None:
    """Accounts, users and parts, with gaps everywhere."""
    owners = [org.add("User", Name=name, Email=f"{name}@b.c") for name in ("Olga", "alfa")]
    owners.append(org.add("Group", Name="Alfa", DeveloperName="Alfas"))
    accounts: list[str] = []
    for _ in range(max(2, parts // 5)):
        accounts.append(
            org.add(
                "Account",
                Name=_maybe(chance, NAMES),
                ParentId=_maybe(chance, accounts or [None]),
                OwnerId=_maybe(chance, owners),
                Rating__c=_maybe(chance, [Decimal("1.25"), Decimal("3.00"), Decimal("-0.50")]),
                Kind__c=_maybe(chance, STAGES),
                Vip__c=chance.random() < 0.5,
                CreatedDate=a_moment(chance),
                IsDeleted=chance.random() < 0.1,
            )
        )
    made: list[str] = []
    for _ in range(parts):
        made.append(org.add("Part__c", **_a_part(chance, accounts, made)))


def _a_part(chance: random.Random, accounts: list[str], made: list[str]) -> dict[str, object]:
    cents = Decimal(chance.choice([-5, 0, 1, 99, 500, 501, 1160, 2000, 425_000])) / 100
    return {
        "Name": _maybe(chance, NAMES),
        "Account__c": _maybe(chance, accounts),
        "Whole__c": _maybe(chance, made or [None]),
        "Price__c": _maybe(chance, [cents.quantize(Decimal("0.01"))]),
        "CurrencyIsoCode": _maybe(chance, CURRENCIES),
        "Quantity": _maybe(chance, [Decimal(n) for n in (-1, 0, 1, 2, 10)]),
        "Weight__c": _maybe(chance, [Decimal("0.001"), Decimal("1.500"), Decimal("-2.250")]),
        "Active__c": chance.random() < 0.5,
        "Due__c": _maybe(chance, [a_day(chance)]),
        "Seen_At__c": _maybe(chance, [a_moment(chance)]),
        "Stage__c": _maybe(chance, (*STAGES, "Unlisted")),
        "Tags__c": _maybe(chance, [";".join(chance.sample(TAGS, chance.randint(1, 3)))]),
        "Code__c": _maybe(chance, CODES),
        "IsDeleted": chance.random() < 0.1,
    }


def _maybe(chance: random.Random, values: Sequence[object]) -> object:
    return None if chance.random() < 0.2 else chance.choice(values)


def a_day(chance: random.Random) -> date:
    return NOW.date() + timedelta(days=round(chance.gauss(0, chance.choice([1, 5, 40, 300]))))


def a_moment(chance: random.Random) -> datetime:
    shift = timedelta(hours=round(chance.gauss(0, chance.choice([8, 100, 4000]))))
    return (NOW + shift).replace(minute=chance.choice([0, 30, 59]), second=chance.choice([0, 59]))
