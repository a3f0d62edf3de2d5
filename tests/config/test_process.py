"""Names of processes, and what they tell about processes that ended."""

from __future__ import annotations

import subprocess
import sys

from config.process import is_gone, name_process


def test_every_name_is_another_one_and_fits_its_field() -> None:
    names = {name_process() for _ in range(50)}

    assert len(names) == 50
    assert max(map(len, names)) <= 128


def test_a_living_process_is_not_gone() -> None:
    assert is_gone(name_process()) is False


def test_a_process_that_ended_on_this_machine_is_gone() -> None:
    code = "from config.process import name_process; print(name_process())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert is_gone(ended.stdout.strip()) is True


def test_a_process_of_another_machine_and_a_name_of_another_kind_are_left_to_their_lease() -> None:
    assert is_gone("elsewhere/4026531836:1:aa") is False
    assert is_gone("w1") is False
    assert is_gone("") is False
    assert is_gone(None) is False
