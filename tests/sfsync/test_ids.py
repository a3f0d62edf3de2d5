"""Ids that people give become the one form that the replica knows."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfsync.ids import normalise_id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0018d00000xYz3A", "0018d00000xYz3AAAS"),
        ("a0B1x000000AbCd", "a0B1x000000AbCdEAK"),
        ("001000000000000", "001000000000000AAA"),
        ("ABCDEABCDEABCDE", "ABCDEABCDEABCDE555"),
        ("0018d00000xYz3AAAS", "0018d00000xYz3AAAS"),
        ("0018D00000XYZ3AAAS", "0018d00000xYz3AAAS"),
        ("0018d00000xyz3aaas", "0018d00000xYz3AAAS"),
        ("  0018d00000xYz3A\n", "0018d00000xYz3AAAS"),
    ],
)
def test_an_id_of_either_length_becomes_eighteen_characters(given: str, expected: str) -> None:
    assert normalise_id(given) == expected


@pytest.mark.parametrize(
    "given",
    ["", "0018d00000xYz3", "0018d00000xYz3AA", "0018d00000xYz3-", "0018d00000xYz3A000", "é" * 15],
)
def test_text_that_is_no_id_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is no record Id"):
        normalise_id(given)


@given(st.text(string.ascii_letters + string.digits, min_size=15, max_size=15))
def test_an_id_survives_the_loss_of_its_case(id15: str) -> None:
    long = normalise_id(id15)

    assert long[:15] == id15
    assert {normalise_id(spelt) for spelt in (long, long.upper(), long.lower())} == {long}
