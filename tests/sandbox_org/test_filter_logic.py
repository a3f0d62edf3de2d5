from __future__ import annotations

import pytest

from sandbox.org.filter_logic import FilterLogicError, parse_logic

CASES = [
    ("1", [True], True),
    ("1 AND 2", [True, False], False),
    ("1 or 2", [True, False], True),
    ("1 AND (2 OR 3)", [True, False, True], True),
    ("1 AND (2 OR 3)", [False, True, True], False),
    ("1 OR 2 AND 3", [True, False, False], True),
    ("(1 OR 2) AND 3", [True, False, False], False),
    ("NOT 1 AND 2", [False, True], True),
    ("NOT (1 AND 2)", [True, False], True),
    ("1 AND 2 AND 3", [True, True, True], True),
]


@pytest.mark.parametrize(("text", "held", "expected"), CASES)
def test_a_logic_line_means_what_it_says(text: str, held: list[bool], expected: bool) -> None:
    assert parse_logic(text, len(held))(held) is expected


@pytest.mark.parametrize(
    "text", ["", "1 AND", "(1", "1)", "4", "0", "1 2", "AND 1", "1 XOR 2", "1 AND 2 3", "one"]
)
def test_a_logic_line_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(FilterLogicError):
        parse_logic(text, 3)
