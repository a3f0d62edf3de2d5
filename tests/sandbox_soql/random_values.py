"""Random literals: what they mean, and one of the ways to write it."""

from __future__ import annotations

import random
import re
from datetime import UTC, timedelta
from decimal import Decimal

from tests.sandbox_soql.asked import Column, Period, Value
from tests.sandbox_soql.random_rows import CODES, CURRENCIES, NAMES, a_day, a_moment
from tests.sandbox_soql.small_org import STAGES, TAGS, SmallOrg

PERIODS = (
    "TODAY",
    "YESTERDAY",
    "TOMORROW",
    "LAST_WEEK",
    "THIS_WEEK",
    "NEXT_WEEK",
    "LAST_MONTH",
    "THIS_MONTH",
    "NEXT_MONTH",
    "THIS_QUARTER",
    "LAST_QUARTER",
    "NEXT_QUARTER",
    "THIS_YEAR",
    "LAST_YEAR",
    "NEXT_YEAR",
    "LAST_90_DAYS",
    "NEXT_90_DAYS",
    "THIS_FISCAL_QUARTER",
    "LAST_FISCAL_QUARTER",
    "NEXT_FISCAL_QUARTER",
    "THIS_FISCAL_YEAR",
    "LAST_FISCAL_YEAR",
    "NEXT_FISCAL_YEAR",
)
COUNTED = (
    "LAST_N_DAYS",
    "NEXT_N_DAYS",
    "N_DAYS_AGO",
    "LAST_N_WEEKS",
    "NEXT_N_WEEKS",
    "N_WEEKS_AGO",
    "LAST_N_MONTHS",
    "NEXT_N_MONTHS",
    "N_MONTHS_AGO",
    "LAST_N_QUARTERS",
    "NEXT_N_QUARTERS",
    "N_QUARTERS_AGO",
    "LAST_N_YEARS",
    "NEXT_N_YEARS",
    "N_YEARS_AGO",
    "LAST_N_FISCAL_QUARTERS",
    "NEXT_N_FISCAL_QUARTERS",
    "N_FISCAL_QUARTERS_AGO",
    "LAST_N_FISCAL_YEARS",
    "NEXT_N_FISCAL_YEARS",
    "N_FISCAL_YEARS_AGO",
)


class ValueMaker:
    """Makes literals that fit a column."""

    def __init__(self, chance: random.Random, org: SmallOrg) -> None:
        self._chance = chance
        self._org = org

    def pattern(self) -> Value:
        """Parts of a pattern: its SOQL text, and the regular expression that it means."""
        parts = self._chance.choices(
            [("%", ".*"), ("_", "."), ("a", "a"), ("Ł", "ł"), ("\\%", "%"), ("\\_", "_"),
             ("\\\\", "\\\\"), ("b", "b"), ("\\'", "'")],
            k=self._chance.randint(1, 4),
        )  # fmt: skip
        text = "".join(part for part, _ in parts)
        pattern = "".join(meaning for _, meaning in parts)
        return Value(f"'{text}'", pattern)

    def value(self, column: Column, can_be_null: bool) -> Value:
        chance = self._chance
        if can_be_null and chance.random() < 0.1:
            return Value(chance.choice(["null", "NULL"]), None)
        return getattr(self, f"_{column.kind.replace(' ', '_')}")(column)

    def _id(self, column: Column) -> Value:
        to_account = {"Account__c", "ParentId"}
        known = "Account" if column.path[-1] in to_account else "Part__c"
        if column.path[-1] == "Id" and "Account__r" in column.path[-2:-1]:
            known = "Account"
        if "Owner" in column.path:
            known = self._chance.choice(["User", "Group"])
        record_id = self._chance.choice(list(self._org.rows[known]))
        return Value(f"'{record_id[: self._chance.choice([15, 18])]}'", record_id)

    def _text(self, column: Column) -> Value:
        name = self._chance.choice((*NAMES, "nobody"))
        if column.path[-1] == "CurrencyIsoCode":
            name = self._chance.choice(CURRENCIES)
        if column.path[-2:] == ("Owner", "Type"):
            name = self._chance.choice(["User", "Group"])
        name = self._chance.choice([name, name.upper(), name.lower()])
        return Value(_quote(name), name)

    def _exact_text(self, column: Column) -> Value:
        code = self._chance.choice(CODES)
        return Value(_quote(code), code)

    def _picklist(self, column: Column) -> Value:
        stage = self._chance.choice((*STAGES, "unlisted"))
        return Value(_quote(stage), stage)

    def _multiselect(self, column: Column) -> Value:
        tags = ";".join(self._chance.sample(TAGS, self._chance.randint(1, 2)))
        return Value(_quote(tags), tags)

    def _currency(self, column: Column) -> Value:
        text = self._chance.choice(["0", "5", "5.01", "5.005", "-0.05", "11.6", "4250", ".01"])
        if self._chance.random() < 0.3 and not text.startswith(("-", ".")):
            iso = self._chance.choice(CURRENCIES)
            return Value(f"{iso}{text}", (iso, Decimal(text)))
        return Value(text, Decimal(text))

    def _integer(self, column: Column) -> Value:
        text = self._chance.choice(["0", "1", "-1", "2", "1.5", "10", "99999999999999999999999"])
        return Value(text, Decimal(text))

    def _number(self, column: Column) -> Value:
        text = self._chance.choice(["0", "1.25", "0.001", "0.0005", "-2.25", "3", "1.5", "-0.5"])
        return Value(text, Decimal(text))

    def _checkbox(self, column: Column) -> Value:
        truth = self._chance.random() < 0.5
        return Value(self._chance.choice([str(truth), str(truth).upper()]), truth)

    def _date(self, column: Column) -> Value:
        if self._chance.random() < 0.6:
            return self._period()
        day = a_day(self._chance)
        return Value(day.isoformat(), day)

    def _datetime(self, column: Column) -> Value:
        if self._chance.random() < 0.6:
            return self._period()
        moment = a_moment(self._chance)
        text = self._chance.choice(
            [
                moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                moment.strftime("%Y-%m-%dT%H:%M:%S.000+00:00"),
                (moment + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+0200"),
                (moment - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S-05:00"),
            ]
        )
        return Value(text, moment.astimezone(UTC))

    def _period(self) -> Value:
        name = self._chance.choice(PERIODS)
        if self._chance.random() < 0.5:
            limit = 3 if "YEAR" in (counted := self._chance.choice(COUNTED)) else 8
            name = f"{counted}:{self._chance.randint(1, limit)}"
        return Value(name, Period(name))


def _quote(text: str) -> str:
    return "'" + re.sub(r"(['\\])", r"\\\1", text) + "'"
