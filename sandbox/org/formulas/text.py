"""Text functions: parts, search, padding, case.

Owns positions and blanks of text: positions count from 1, and an empty result is a blank.
"""

from __future__ import annotations

import re
from decimal import Decimal

from sandbox.org.formulas.arithmetic import EXACT, ZERO, whole
from sandbox.org.formulas.errors import FormulaError
from sandbox.org.formulas.interface import Value
from sandbox.org.formulas.signature import BOOLEAN, NUMBER, TEXT, Function

#: Longest text that padding and substitution may build (a long text area holds 131,072).
MAX_LENGTH = 1_000_000
NUMBER_TEXT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
#: Languages whose small i has no dot when it stands alone.
DOTTED_I = ("tr", "az")


def _guard_length(length: int) -> None:
    if length > MAX_LENGTH:
        raise FormulaError(f"The text would have {length} characters; {MAX_LENGTH} are possible")


def _begins(text: Value, start: Value) -> Value:
    if not start:
        return True
    return text.startswith(start) if text else None


def _ends(text: Value, end: Value) -> Value:
    if not end:
        return True
    return text.endswith(end) if text else None


def _contains(text: Value, part: Value) -> Value:
    if not part:
        return True
    return part in text if text else None


def _find(part: Value, text: Value, start: Value = None) -> Decimal:
    if part is None or text is None:
        return ZERO
    first = max(whole(start), 1) if start is not None else 1
    return Decimal(text.find(part, first - 1) + 1)


def _left(text: Value, count: Value) -> Value:
    if not text or count is None or count <= 0:
        return None
    return text[: whole(count)] or None


def _right(text: Value, count: Value) -> Value:
    if not text or count is None or count <= 0:
        return None
    return text[max(len(text) - whole(count), 0) :] or None


def _mid(text: Value, start: Value, count: Value) -> Value:
    if not text or start is None or count is None or count <= 0:
        return None
    first = max(whole(start), 1) - 1
    return text[first : first + whole(count)] or None


def _part(text: Value, start: Value, *count: Value) -> Value:
    if not text or start is None or None in count or abs(whole(start)) > len(text):
        return None
    first = whole(start)
    first = len(text) + first if first < 0 else max(first, 1) - 1
    length = max(whole(count[0]), 0) if count else len(text)
    return text[first : first + length] or None


def _padding(missing: int, pad: str) -> str:
    _guard_length(missing)
    return (pad * (missing // len(pad) + 1))[:missing]


def _pad_left(text: Value, count: Value, pad: Value = " ") -> Value:
    if not text or count is None or not pad or count < 1:
        return None
    length = whole(count)
    return text[:length] if length <= len(text) else _padding(length - len(text), pad) + text


def _pad_right(text: Value, count: Value, pad: Value = " ") -> Value:
    if not text or count is None or not pad or count < 1:
        return None
    length = whole(count)
    return text[:length] if length <= len(text) else text + _padding(length - len(text), pad)


def _substitute(text: Value, old: Value, new: Value) -> Value:
    if text is None or old is None:
        return None
    if not old:
        return text
    _guard_length(len(text) + text.count(old) * len(new or ""))
    return text.replace(old, new or "")


def _upper(text: Value, language: Value = None) -> Value:
    if text and (language or "")[:2].lower() in DOTTED_I:
        text = text.replace("i", "İ")
    return text.upper() if text else None


def _lower(text: Value, language: Value = None) -> Value:
    if text and (language or "")[:2].lower() in DOTTED_I:
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower() if text else None


def _initial_capitals(text: str) -> str:
    letters: list[str] = []
    starts_word = True
    for letter in text:
        letters.append(_one_letter(letter, upper=starts_word))
        starts_word = not (letter.isupper() or letter.islower() or letter.isdigit())
    return "".join(letters)


def _one_letter(letter: str, *, upper: bool) -> str:
    changed = letter.upper() if upper else letter.lower()
    return changed if len(changed) == 1 else letter


def _character(code: Decimal) -> Value:
    number = whole(code)
    is_character = 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if is_character else None


def _value(text: str) -> Decimal:
    if NUMBER_TEXT.fullmatch(text) is None:
        raise FormulaError(f"VALUE() cannot read '{text}' as a number")
    return EXACT.create_decimal(text)


def _is_number(text: Value) -> bool:
    return bool(text) and NUMBER_TEXT.fullmatch(text) is not None


_TEXT, _NUMBER = (TEXT,), (NUMBER,)
FUNCTIONS = (
    Function("ASCII", (_TEXT,), NUMBER, lambda text: Decimal(ord(text[0])) if text else None),
    Function("BEGINS", (_TEXT, _TEXT), BOOLEAN, _begins, takes_blank=True),
    Function("BR", (), TEXT, lambda: "\n"),
    Function("CHR", (_NUMBER,), TEXT, _character),
    Function("CONTAINS", (_TEXT, _TEXT), BOOLEAN, _contains, takes_blank=True),
    Function("ENDS", (_TEXT, _TEXT), BOOLEAN, _ends, takes_blank=True, deployable=False),
    Function("FIND", (_TEXT, _TEXT, _NUMBER), NUMBER, _find, required=2, takes_blank=True),
    Function("INITCAP", (_TEXT,), TEXT, _initial_capitals),
    Function("ISNUMBER", (_TEXT,), BOOLEAN, _is_number, takes_blank=True),
    Function("LEFT", (_TEXT, _NUMBER), TEXT, _left, takes_blank=True),
    Function("LEN", (_TEXT,), NUMBER, lambda text: Decimal(len(text or "")), takes_blank=True),
    Function("LOWER", (_TEXT, _TEXT), TEXT, _lower, required=1, takes_blank=True),
    Function("LPAD", (_TEXT, _NUMBER, _TEXT), TEXT, _pad_left, required=2, takes_blank=True),
    Function("MID", (_TEXT, _NUMBER, _NUMBER), TEXT, _mid, takes_blank=True),
    Function("REVERSE", (_TEXT,), TEXT, lambda text: text[::-1]),
    Function("RIGHT", (_TEXT, _NUMBER), TEXT, _right, takes_blank=True),
    Function("RPAD", (_TEXT, _NUMBER, _TEXT), TEXT, _pad_right, required=2, takes_blank=True),
    Function("SUBSTITUTE", (_TEXT, _TEXT, _TEXT), TEXT, _substitute, takes_blank=True),
    Function(
        "SUBSTR",
        (_TEXT, _NUMBER, _NUMBER),
        TEXT,
        _part,
        required=2,
        takes_blank=True,
        deployable=False,
    ),
    Function("TRIM", (_TEXT,), TEXT, lambda text: text.strip(" ")),
    Function("UPPER", (_TEXT, _TEXT), TEXT, _upper, required=1, takes_blank=True),
    Function("VALUE", (_TEXT,), NUMBER, _value),
)
