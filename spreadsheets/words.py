"""Reads countries, counts and yes/no from the words that people use for them.

Owns the vocabulary: country names come from Unicode's CLDR through Babel, in several languages.
"""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

from spreadsheets.columns import LANGUAGES, Column, read_text
from spreadsheets.problems import CellRejected


def read_country(value: object, column: Column) -> str:
    """A country's English name from its code or its name in one of the understood languages."""
    text = read_text(value, column)
    code = country_codes().get(text.casefold())
    if code is None:
        raise CellRejected(
            f"'{text}' is no country we know.",
            "Write the country's English name or its two-letter code, for example PL.",
        )
    return str(Locale("en").territories[code])


@cache
def country_codes() -> dict[str, str]:
    """ISO 3166 codes by code and by name, all case-folded."""
    codes = {"uk": "GB", "usa": "US", "u.s.a.": "US", "holland": "NL", "czech republic": "CZ"}
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in {"ZZ", "EU", "EZ", "UN"}:
                codes.setdefault(code.casefold(), code)
                codes.setdefault(name.casefold(), code)
    return codes


def read_whole_number(value: object, column: Column) -> int:
    """A count such as a quantity or a number of days."""
    text = read_text(value, column)
    digits = re.sub(r"[ .,'](?=\d{3}(\D|$))", "", text)
    if not re.fullmatch(r"\d{1,9}", digits) or int(digits) == 0:
        raise CellRejected(f"'{text}' is no whole number above zero.", "Write digits only.")
    return int(digits)


def read_yes_no(value: object, column: Column) -> bool:
    """A yes or no in the words that people use."""
    text = read_text(value, column).casefold()
    if text in {"yes", "y", "true", "1", "x", "tak", "ja"}:
        return True
    if text in {"no", "n", "false", "0", "-", "nie", "nein"}:
        return False
    raise CellRejected(f"'{value}' is neither yes nor no.", "Write yes or no.")
