"""Functions one by one: numbers, text, dates, links."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from sandbox.org.formulas import FormulaError
from tests.sandbox_formulas.builders import MemoryRecord, evaluate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CEILING(2.1)", 3),
        ("CEILING(-2.1)", -3),
        ("FLOOR(2.9)", 2),
        ("FLOOR(-2.9)", -2),
        ("MCEILING(-2.1)", -2),
        ("MFLOOR(-2.1)", -3),
        ("FLOOR(1/3*3)", 1),
        ("CEILING(1/3*3)", 1),
        ("ROUND(2.5, 0)", 3),
        ("ROUND(-2.5, 0)", -3),
        ("ROUND(1.005, 2)", Decimal("1.01")),
        ("ROUND(1234, -2)", 1200),
        ("ROUND(60, -2)", 0),
        ("ROUND(0.004, 2)", 0),
        ("ROUND(12345678901234567890.5, 0)", Decimal("12345678901234567891")),
        ("TRUNC(-1.29, 1)", Decimal("-1.2")),
        ("TRUNC(1.9)", 1),
        ("MOD(7, 3)", 1),
        ("MOD(-7, 3)", -1),
        ("MAX(1, 3, 2)", 3),
        ("MIN(1, 3, 2)", 1),
        ("ABS(-1.5)", Decimal("1.5")),
        ("SQRT(16)", 4),
        ("LOG(10000)", 4),
        ("FLOOR(LOG(1000))", 2),
        ("EXP(0)", 1),
        ("2 ^ -2", Decimal("0.25")),
        ("10 ^ 64", Decimal("1E64")),
        ("ROUND(PI(), 5)", Decimal("3.14159")),
        ("ROUND(ATAN2(1, 1) * 4, 5)", Decimal("3.14159")),
        ("0.1 + 0.2", Decimal("0.3")),
        ("1 / 3", Decimal("0." + "3" * 39)),
    ],
)
def test_number_functions(text: str, expected: Decimal) -> None:
    result = evaluate(text)

    assert isinstance(result, Decimal)
    assert result == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 / 0", "Division by zero"),
        ("MOD(1, 0)", "Division by zero in MOD"),
        ("LN(0)", r"LN\(0\) has no result"),
        ("SQRT(-1)", r"SQRT\(-1\) has no result"),
        ("EXP(1000)", r"EXP\(1000\) has no result"),
        ("ACOS(2)", "ACOS"),
        ("10 ^ 65", "too large"),
        ("2 ^ 0.5", "whole number"),
        ("0 ^ -1", "negative power"),
        ("ATAN2(NULL, 1)", "blank"),
        ('VALUE("12 EUR")', "cannot read '12 EUR'"),
        ("DATE(2026, 2, 29)", r"DATE\(2026, 2, 29\) is no day"),
        ("DATE(10000, 1, 1)", "no day"),
        ('DATEVALUE("2026-13-01")', "no date of the calendar"),
        ('DATEVALUE("20.11.2026")', "write it as 2026-11-20"),
        ('DATETIMEVALUE("2026-11-20")', "no date/time"),
        ('TIMEVALUE("25:00:00.000")', "no time of a day"),
        ("TIMEVALUE('01:00:00.000') - 7200000", "before midnight"),
        ("DATE(9999, 12, 31) + 1", "outside the calendar"),
        ("ADDMONTHS(DATE(9999, 12, 31), 1)", "leaves the calendar"),
        ("GEOLOCATION(91, 0)", "Latitude"),
        ("LPAD('x', 9999999)", "1000000 are possible"),
    ],
)
def test_values_without_a_result_are_errors_in_words(text: str, words: str) -> None:
    with pytest.raises(FormulaError, match=words):
        evaluate(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('LEFT("abc", 2)', "ab"),
        ('LEFT("abc", 0)', None),
        ('RIGHT("abc", 2)', "bc"),
        ('RIGHT("abc", 9)', "abc"),
        ('MID("abcdef", 2, 3)', "bcd"),
        ('MID("abc", 0, 2)', "ab"),
        ('MID("abc", 4, 2)', None),
        ('FIND("b", "abcb")', 2),
        ('FIND("b", "abcb", 3)', 4),
        ('FIND("x", "abc")', 0),
        ('LEN("abc")', 3),
        ("LEN(Name)", 0),
        ('TRIM("  a b ")', "a b"),
        ('UPPER("straße")', "STRASSE"),
        ('UPPER("istanbul", "tr_TR")', "İSTANBUL"),
        ('LOWER("ABC")', "abc"),
        ('INITCAP("o\'neil mary-ANN 3rd")', "O'Neil Mary-Ann 3rd"),
        ('LPAD("7", 3, "0")', "007"),
        ('LPAD("abc", 2)', "ab"),
        ('RPAD("7", 4, "ab")', "7aba"),
        ('SUBSTITUTE("a-b-c", "-", "+")', "a+b+c"),
        ('SUBSTITUTE("a-b-c", "-", NULL)', "abc"),
        ('SUBSTITUTE("abc", NULL, "x")', None),
        ('REVERSE("abc")', "cba"),
        ('CONTAINS("abc", "b")', True),
        ('CONTAINS("abc", "B")', False),
        ('BEGINS("abc", "ab")', True),
        ('VALUE("-1.5e2")', Decimal(-150)),
        ('ISNUMBER("1.")', True),
        ('ISNUMBER("1,5")', False),
        ("ISNUMBER(Name)", False),
        ("CHR(8364)", "€"),
        ('ASCII("€uro")', 8364),
        ("TEXT(1.50)", "1.5"),
        ("TEXT(1000000000000000000000)", "1000000000000000000000"),
        ("TEXT(-0.0)", "0"),
        ('"a" & BR() & "b"', "a\nb"),
        ("HTMLENCODE(\"<a & 'b'>\")", "&lt;a &amp; &#39;b&#39;&gt;"),
        ('URLENCODE("a b&c")', "a+b%26c"),
        ('HYPERLINK("/x", "X")', '<a href="/x" target="_blank">X</a>'),
        (
            'IMAGE("/i.png", "Flag", 10, 20)',
            '<img src="/i.png" alt="Flag" style="height:10px; width:20px;" border="0"/>',
        ),
        ('"B" < "a"', True),
    ],
)
def test_text_functions(text: str, expected: object) -> None:
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DATE(2026, 11, 20) + 3.9", date(2026, 11, 23)),
        ("DATE(2026, 11, 20) - 1", date(2026, 11, 19)),
        ("DATE(2026, 11, 20) - DATE(2026, 11, 1)", 19),
        ("ADDMONTHS(DATE(2026, 1, 31), 1)", date(2026, 2, 28)),
        ("ADDMONTHS(DATE(2026, 2, 28), 1)", date(2026, 3, 31)),
        ("ADDMONTHS(DATE(2026, 3, 15), -13)", date(2025, 2, 15)),
        ('DATEVALUE("2026-1-9")', date(2026, 1, 9)),
        (
            'DATETIMEVALUE("2026-11-20 7:5:3")',
            datetime(2026, 11, 20, 7, 5, 3, tzinfo=UTC),
        ),
        (
            "DATETIMEVALUE(DATE(2026, 11, 20)) + 0.5",
            datetime(2026, 11, 20, 12, tzinfo=UTC),
        ),
        ("NOW() - DATETIMEVALUE('2026-11-20 11:30:15')", Decimal("0.5")),
        ("TIMEVALUE('23:30:00.500') + 3600000", time(0, 30, 0, 500_000)),
        ("TIMEVALUE(NOW())", time(23, 30, 15)),
        ("TIMEVALUE('10:00:00.0') - TIMEVALUE('09:59:59.0')", 1000),
        ("HOUR(TIMENOW()) * 100 + MINUTE(TIMENOW())", 2330),
        ("SECOND(TIMEVALUE('1:2:3.4')) * 1000 + MILLISECOND(TIMEVALUE('1:2:3.4'))", 3004),
        ("TODAY()", date(2026, 11, 21)),
        ("YEAR(TODAY()) * 10000 + MONTH(TODAY()) * 100 + DAY(TODAY())", 20261121),
        ("WEEKDAY(DATE(2026, 11, 22))", 1),
        ("WEEKDAY(DATE(2026, 11, 21))", 7),
        ("DAYOFYEAR(DATE(2024, 12, 31))", 366),
        ("ISOWEEK(DATE(2027, 1, 1))", 53),
        ("ISOYEAR(DATE(2027, 1, 1))", 2026),
        ("UNIXTIMESTAMP(DATE(1970, 1, 2))", 86_400),
        ("FROMUNIXTIME(1.5)", datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)),
        ("TEXT(DATE(2026, 1, 2))", "2026-01-02"),
        ("TEXT(NOW())", "2026-11-20 23:30:15Z"),
        ("TEXT(TIMEVALUE('7:00:00.0'))", "07:00:00.000"),
        ("FORMATDURATION(93784)", "26:03:04"),
        ("FORMATDURATION(93784, TRUE)", "1:02:03:04"),
        ("$System.OriginDateTime", datetime(1900, 1, 1, tzinfo=UTC)),
    ],
)
def test_date_functions(text: str, expected: object) -> None:
    assert evaluate(text) == expected


def test_the_date_of_a_moment_follows_the_users_zone() -> None:
    warsaw = MemoryRecord(time_zone=ZoneInfo("Europe/Warsaw"))

    assert evaluate("DATEVALUE(NOW())", warsaw) == date(2026, 11, 21)
    assert evaluate("DATEVALUE(NOW())") == date(2026, 11, 20)


def test_distance_follows_a_great_circle() -> None:
    start, quarter = "GEOLOCATION(0, 0)", "GEOLOCATION(0, 90)"

    # A quarter of the equator: 6,371.009 km or 3,958.761 miles times pi / 2.
    assert evaluate(f'ROUND(DISTANCE({start}, {quarter}, "km"), 3)') == Decimal("10007.558")
    assert evaluate(f'ROUND(DISTANCE({start}, {quarter}, "mi"), 3)') == Decimal("6218.407")
    assert evaluate(f'DISTANCE({start}, {start}, "mi")') == 0
    assert evaluate(f'DISTANCE({start}, GEOLOCATION(NULL, NULL), "km")') is None
