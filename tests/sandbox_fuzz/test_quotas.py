"""What one run of the slow suite adds up to."""

from __future__ import annotations

import random

import pytest

from tests.sandbox_fuzz.campaign import QUOTAS, run_round


def test_the_campaigns_add_up_to_two_hundred_thousand_inputs() -> None:
    assert sum(QUOTAS.values()) >= 200_000


class _Breaking:
    """Breaks its promise on the third input, or at the end."""

    def __init__(self, chance: random.Random) -> None:
        self.numbers = iter(range(10))

    def make_input(self) -> int:
        return next(self.numbers)

    def try_input(self, given: int) -> str:
        assert given != 2, "two"
        return "taken"

    def finish(self) -> None:
        raise ValueError("unsound")


def test_a_failure_names_its_seed_round_and_input() -> None:
    with pytest.raises(AssertionError, match=r"SEED=7 ROUND=4, input 2: 2: two"):
        run_round(_Breaking, seed=7, number=4, inputs=5)
    with pytest.raises(AssertionError, match=r"SEED=7 ROUND=4, after its 2 inputs: unsound"):
        run_round(_Breaking, seed=7, number=4, inputs=2)
