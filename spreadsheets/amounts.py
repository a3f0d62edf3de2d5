"""Reads money as people type it: decimal commas, thousands in dots or blanks, signs and codes.

Owns what an amount may look like. Money has at most two decimals here, so three digits after the
last separator are a group of thousands; more precise amounts are refused, not rounded.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from babel.numbers import list_currencies

from spreadsheets.columns import Column, read_text
from spreadsheets.problems import CellRejected

CURRENCY_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "zł": "PLN", "zl": "PLN", "kč": "CZK"}
AMOUNT_REMEDY = "Write a number, for example 12500.00."


def read_amount(value: object, column: Column) -> Decimal:
    """A money amount with at most two decimals, whichever separators it was typed with.

    Three digits after the last separator are a group of thousands: money has no third decimal.
    """
    if isinstance(value, bool | date):
        raise CellRejected(f"'{value}' is no amount.", AMOUNT_REMEDY)
    if isinstance(value, int | float):
        # Fifteen digits are what a spreadsheet shows; beyond them its binary sums are noise.
        return whole_cents(Decimal(format(value, ".15g")), str(value))
    text = read_text(value, column)
    digits = re.sub(r"[\s'’]", "", strip_currency(text))
    match = re.fullmatch(r"(-?)(\d+(?:[.,]\d+)*)", digits)
    if match is None:
        raise CellRejected(f"'{text}' is no amount.", AMOUNT_REMEDY)
    return whole_cents(join_digits(match[2], text) * (-1 if match[1] else 1), text)


def join_digits(digits: str, text: str) -> Decimal:
    """The number behind digits with dots and commas."""
    parts = re.split(r"[.,]", digits)
    separators = re.findall(r"[.,]", digits)
    is_alone = len(set(separators)) == 2 and separators[-1] not in separators[:-1]
    is_below_one = len(parts) == 2 and set(parts[0]) == {"0"}
    last_is_decimal = bool(separators) and (len(parts[-1]) != 3 or is_alone or is_below_one)
    groups = parts[:-1] if last_is_decimal else parts
    grouping = separators[:-1] if last_is_decimal else separators
    is_grouped = len(groups) > 1
    if (
        len(set(grouping)) > 1
        or any(len(group) != 3 for group in groups[1:])
        or (is_grouped and groups[0].startswith("0"))
    ):
        raise CellRejected(
            f"'{text}' mixes separators.", "Write the amount as digits, for example 12500.00."
        )
    return Decimal("".join(groups) + ("." + parts[-1] if last_is_decimal else ""))


def whole_cents(amount: Decimal, text: str) -> Decimal:
    """The amount with exactly two decimals; more precise ones are refused, not rounded."""
    try:
        cents = amount.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise CellRejected(f"'{text}' is too large.", "Check the number of digits.") from error
    if cents != amount:
        raise CellRejected(
            f"'{text}' has more than two decimals.", "Round the amount to cents in the sheet."
        )
    if cents <= 0:
        raise CellRejected(f"'{text}' is not above zero.", "Write an amount greater than zero.")
    if cents >= Decimal(10) ** 16:
        raise CellRejected(f"'{text}' is too large.", "Check the number of digits.")
    return cents


def strip_currency(text: str) -> str:
    """The text without a currency sign or code at either end."""
    stripped = re.sub(r"^([A-Z]{3}|[€$£])\s*|\s*([A-Z]{3}|[€$£]|zł|zl|Kč)$", "", text)
    return stripped.removesuffix(",-").removesuffix(".-")


def currency_in(text: str) -> str | None:
    """The currency that an amount cell names by sign or code, if any."""
    match = re.search(r"^([A-Z]{3}|[€$£])|([A-Z]{3}|[€$£]|zł|zl|Kč)$", text.strip())
    if match is None:
        return None
    found = match[0]
    return CURRENCY_SIGNS.get(found.lower(), found if found in list_currencies() else None)


def read_currency(value: object, column: Column) -> str:
    """An ISO 4217 code that the org trades in, from a code or a sign."""
    text = read_text(value, column)
    code = CURRENCY_SIGNS.get(text.lower(), text.upper())
    if code not in column.currencies:
        expected = ", ".join(sorted(column.currencies))
        raise CellRejected(f"'{text}' is no currency we trade in.", f"Use one of {expected}.")
    return code
