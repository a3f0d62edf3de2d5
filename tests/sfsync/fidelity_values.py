"""Values of every type that an org keeps, the troublesome ones first."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

#: Zones whose clocks change at midnight, by half an hour, in either hemisphere, or by a whole day.
ZONES = (
    "Europe/Warsaw",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
)
WORDS = (
    "NA",
    "N/A",
    "#N/A",
    "null",
    "NULL",
    "None",
    "NaN",
    "nil",
    "undefined",
    "true",
    "0",
    "1e5",
    "-",
    "=1+1",
    '"',
    '""',
    "'",
    "\\",
    "\\n",
    ",",
    ";",
    "a,b",
    'say "no", twice',
    "line\nfeed",
    "carriage\r\nreturn",
    "old\rmac",
    "\ttab",
    " leading",
    "trailing ",
    "two  spaces",
    "\ufeffmark",
    "zero\u200bwidth",
    "joined\u200d",
    "soft\u00adhyphen",
    "e\u0301 and \u00e9",
    "\u0928\u093f",
    "line\u2028separator",
    "no\u00a0break",
    "\U0001f69a",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1f5\U0001f1f1",
    "Zażółć gęślą jaźń",
    "שלום",
    "%20&amp;<b>",
    "{0} ${x} :id",
)
#: Texts that an org keeps as no value.
BLANKS = ("", " ", "\n", " \t ")
STATES = ("NA", "None", "null", "In Work", "done")
TOPICS = ("alpha", "NA", "null", "With Space", "ü")
CURRENCIES = ("EUR", "PLN", "USD")
#: Code points that no text may hold: none, half characters, and those of no XML.
HOLES = frozenset({*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF})


def text(die: random.Random) -> str:
    """A word that is often mistaken for something else, or any characters."""
    if die.random() < 0.6:
        return die.choice(WORDS + BLANKS)
    planes = ((32, 127), (0xA0, 0x24F), (0x300, 0x36F), (0x4E00, 0x4FFF), (0x1F300, 0x1FAFF))
    points = [die.randint(*die.choice(planes)) for _ in range(die.randint(1, 40))]
    return "".join(chr(point) for point in points if point not in HOLES)


def long_text(die: random.Random) -> str:
    """Several such texts, on lines of their own."""
    return die.choice(("\n", "\r\n", "\r", " ")).join(text(die) for _ in range(die.randint(1, 12)))


def number(digits: int, places: int) -> Callable[[random.Random], Decimal]:
    """Numbers of so many digits, so many of them behind the point."""

    def draw(die: random.Random) -> Decimal:
        most = 10**digits - 1
        short = die.randint(0, 10 ** die.randint(1, digits) - 1)
        units = die.choice((0, 1, most, most - 1, short, short, short))
        return Decimal(die.choice((1, -1)) * units).scaleb(-places)

    return draw


@cache
def edges(zone: str) -> tuple[datetime, ...]:
    """The instants since 1990 at which a zone's clocks were changed, to the hour."""
    here, hour = ZoneInfo(zone), timedelta(hours=1)

    def is_edge(at: datetime, span: timedelta) -> bool:
        return at.astimezone(here).utcoffset() != (at + span).astimezone(here).utcoffset()

    start = datetime(1990, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=n) for n in range(37 * 365)]
    hours = [at + n * hour for at in days if is_edge(at, 24 * hour) for n in range(24)]
    return tuple(at + hour for at in hours if is_edge(at, hour))


def instant(die: random.Random) -> datetime:
    """An instant around a change of clocks, or any; not always a whole second."""
    if die.random() < 0.7:
        zone = die.choice(ZONES)
        at = die.choice(edges(zone)) + timedelta(seconds=die.randint(-3700, 3700))
        at = at.astimezone(ZoneInfo(zone))
    else:
        days = die.randint(0, 840_000)
        at = datetime(1700, 1, 2, tzinfo=UTC) + timedelta(days, die.randint(0, 86_399))
    return at.replace(microsecond=die.choice((0, 0, 1000, 500_000, 999_000)))


def day(die: random.Random) -> date:
    """A day on which some zone changes its clocks, or any that an org keeps."""
    if die.random() < 0.7:
        zone = die.choice(ZONES)
        there = die.choice(edges(zone)).astimezone(ZoneInfo(zone)).date()
        return there + timedelta(days=die.randint(-1, 1))
    return date(1700, 1, 1) + timedelta(days=die.randint(0, 840_000))


def time_of_day(die: random.Random) -> time:
    """A time to the millisecond."""
    most = 86_400_000 - 1
    milliseconds = die.choice((0, 1, most, die.randint(0, most)))
    moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.time()


def flag(die: random.Random) -> bool:
    return die.random() < 0.5


def state(die: random.Random) -> str:
    return die.choice(STATES)


def topics(die: random.Random) -> str:
    return ";".join(each for each in TOPICS if die.random() < 0.5)


def currency(die: random.Random) -> str:
    return die.choice(CURRENCIES)


def email(die: random.Random) -> str:
    return f"{die.choice(('na', 'null', 'o.brien', 'a+b'))}@{die.choice(('x.pl', 'a-b.example'))}"


def phone(die: random.Random) -> str:
    return die.choice(("+48 22 555 01 02", "(0)12-34", "112", "ext. 5", "+000"))


def url(die: random.Random) -> str:
    return die.choice(("https://x.example/?a=1&b=%20#c", "http://ü.example", "x", "a,b"))
