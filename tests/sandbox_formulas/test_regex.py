"""REGEX: the whole text, Java's dialect, and a limit on its work."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.org.formulas import FormulaError
from sandbox.org.formulas.regex.machine import TooComplicated, matches
from sandbox.org.formulas.regex.program import compile_pattern
from sandbox.org.formulas.regex.source import BadPattern
from tests.sandbox_formulas.builders import evaluate


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("[0-9]{5}(-[0-9]{4})?", "12345", True),
        ("[0-9]{5}(-[0-9]{4})?", "12345-678", False),
        ("b", "abc", False),
        ("", "", True),
        ("a|bc", "bc", True),
        ("(a*)*", "aaa", True),
        ("(?i)straße [a-c]+", "STRAßE ABC", True),
        ("(?i)[^a]", "A", False),
        ("(?i:a)b", "Ab", True),
        ("(?i:a)b", "AB", False),
        (r"\d\D\w\W\s\S", "1a_- x", True),
        (r"\d", "٣", False),
        (r"\p{L}+", "żółw", True),
        (r"\p{Alpha}+", "żółw", False),
        (r"\P{Lu}+", "abc", True),
        ("[a-z&&[^aeiou]]+", "xyz", True),
        ("[a-z&&[^aeiou]]+", "xya", False),
        ("[]a]+", "]a", True),
        (r"[\]\-\d]+", "]-1", True),
        ("a{2,3}", "aaaa", False),
        ("a{2,}", "aaaa", True),
        ("a++a", "aaa", False),
        ("a+?a", "aaa", True),
        ("(?>a+)b", "aab", True),
        (r"(.)\1", "aa", True),
        (r"(?<x>.)\k<x>", "ab", False),
        ("(?=.*[0-9])(?=.*[a-z]).{3,}", "ab1", True),
        ("(?!a).*", "abc", False),
        ("a(?<=a)b", "ab", True),
        ("(?<!a)b", "b", True),
        (".", "\n", False),
        ("(?s).", "\n", True),
        (r"\Aa\Qb.c\E\z", "ab.c", True),
        ("^a$", "a", True),
        ("(?m)a$\n^b", "a\nb", True),
        (r"a\R?b", "a\r\nb", True),
        (r"\bab\b", "ab", True),
        (r"\x41\u0042\t", "AB\t", True),
    ],
)
def test_patterns_match_as_in_java(pattern: str, text: str, expected: bool) -> None:
    assert matches(compile_pattern(pattern), text) is expected


@pytest.mark.parametrize(
    "pattern",
    ["(", "a)", "[a", "*a", r"\y", "a{3", "a{3,2}", "(?x)a", r"\p{Foo}", "[b-a]", r"\1", "\\"],
)
def test_unknown_or_broken_patterns_are_refused_with_their_place(pattern: str) -> None:
    with pytest.raises(BadPattern, match=r"Invalid pattern .* at position"):
        compile_pattern(pattern)


def test_repetitions_that_multiply_are_refused() -> None:
    with pytest.raises(BadPattern, match="multiply"):
        compile_pattern("((a{1000}){1000})")


def test_a_catastrophic_pattern_gives_up_instead_of_hanging() -> None:
    with pytest.raises(FormulaError, match="too many steps for 50 characters"):
        evaluate('REGEX(Name, "(a+)+b")', Name="a" * 50)


def test_many_groups_cost_steps_so_that_their_copies_stay_few() -> None:
    pattern, text = compile_pattern("()" * 900 + "(?:a|b)*"), "a" * 30_000

    with pytest.raises(TooComplicated):
        matches(pattern, text)
    assert matches(compile_pattern("()()(?:a|b)*"), text)


def test_a_pattern_from_a_field_fails_only_when_it_runs() -> None:
    assert evaluate("REGEX('ab', Name)", Name="a.") is True
    with pytest.raises(FormulaError, match="Invalid pattern"):
        evaluate("REGEX('ab', Name)", Name="a[")


def test_blanks_are_empty_text() -> None:
    assert evaluate("REGEX(Name, '')") is True
    assert evaluate("REGEX(Name, '.+')") is False
    assert evaluate("REGEX('', Name)") is True


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", "(a|b)", "(?:ab)?", "^", "$"])
_MARKS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?"])


@given(st.lists(st.tuples(_ATOMS, _MARKS), max_size=5), st.text("ab1", max_size=6))
def test_it_agrees_with_pythons_engine_where_the_dialects_agree(
    parts: list[tuple[str, str]], text: str
) -> None:
    pattern = "".join(atom + (mark if atom not in "^$" else "") for atom, mark in parts)
    pattern = pattern.replace("(?:ab)?*", "(?:ab)*").replace("(?:ab)?+", "(?:ab)+")
    pattern = re.sub(r"\(\?:ab\)\?(\?|\{)", r"(?:ab)\1", pattern)

    expected = re.fullmatch(pattern, text, re.ASCII) is not None

    assert matches(compile_pattern(pattern), text) is expected
