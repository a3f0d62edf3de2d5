"""The function table: every operator and function by its upper-case name.

Owns nothing but the sum of the families; each family describes its own functions.
"""

from __future__ import annotations

from difflib import get_close_matches

from sandbox.org.formulas import (
    dates,
    links,
    logic,
    numbers,
    operators,
    patterns,
    places,
    records,
    refusals,
    text,
)
from sandbox.org.formulas.signature import Function

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for family in (
        operators.OPERATORS,
        logic.FUNCTIONS,
        numbers.FUNCTIONS,
        text.FUNCTIONS,
        dates.FUNCTIONS,
        records.FUNCTIONS,
        patterns.FUNCTIONS,
        places.FUNCTIONS,
        links.FUNCTIONS,
        refusals.FUNCTIONS,
    )
    for function in family
}


def suggest_name(name: str) -> str:
    """A hint with the closest known function, empty when nothing is close."""
    words = [known for known in FUNCTIONS if known[0].isalpha()]
    close = get_close_matches(name, words, n=1)
    return f"; did you mean {close[0]}?" if close else ""
