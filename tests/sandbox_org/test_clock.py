from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.org.clock import OrgClock

MORNING = datetime(2025, 3, 11, 6, 0, tzinfo=UTC)


def test_a_fresh_clock_shows_the_real_time() -> None:
    before = datetime.now(UTC)

    assert before <= OrgClock().now() <= datetime.now(UTC)
    assert OrgClock().is_real


def test_a_frozen_clock_stands_still_and_can_be_advanced() -> None:
    clock = OrgClock(MORNING, frozen=True)

    clock.advance(86_400)

    assert clock.now() == MORNING + timedelta(days=1)
    assert clock.now() == MORNING + timedelta(days=1)
    assert clock.frozen


def test_a_set_clock_runs_on() -> None:
    clock = OrgClock()

    clock.set(MORNING)
    first = clock.now()

    assert MORNING <= first < MORNING + timedelta(minutes=1)
    assert clock.now() > first
    assert not clock.frozen


def test_a_running_clock_can_be_advanced() -> None:
    clock = OrgClock()
    clock.set(MORNING)

    clock.advance(3600)

    assert timedelta(hours=1) <= clock.now() - MORNING < timedelta(hours=1, minutes=1)


def test_real_returns_to_the_real_time() -> None:
    clock = OrgClock(MORNING, frozen=True)

    clock.real()

    assert clock.is_real
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_time_without_a_zone_is_refused_and_the_clock_keeps_its_time() -> None:
    clock = OrgClock(MORNING, frozen=True)

    with pytest.raises(ValueError, match="zone"):
        clock.set(MORNING.replace(tzinfo=None))

    assert clock.now() == MORNING


def test_a_frozen_clock_survives_in_its_folder(tmp_path: Path) -> None:
    OrgClock(folder=tmp_path).set(MORNING, frozen=True)
    OrgClock(folder=tmp_path).advance(60)

    again = OrgClock(folder=tmp_path)

    assert (again.now(), again.frozen) == (MORNING + timedelta(minutes=1), True)
    assert str(again) == "2025-03-11T06:01:00+00:00 and stands still"


def test_a_running_clock_has_run_on_meanwhile(tmp_path: Path) -> None:
    clock = OrgClock(folder=tmp_path)
    clock.set(MORNING)
    before = clock.now()

    again = OrgClock(folder=tmp_path)

    assert before <= again.now() < before + timedelta(minutes=5)
    assert not again.frozen
    assert not again.is_real


def test_a_clock_given_back_to_the_machine_leaves_nothing(tmp_path: Path) -> None:
    clock = OrgClock(folder=tmp_path)
    clock.advance(3600)
    assert [file.name for file in tmp_path.iterdir()] == ["clock.json"]

    clock.real()

    assert list(tmp_path.iterdir()) == []
    assert OrgClock(folder=tmp_path).is_real


@pytest.mark.parametrize("text", ["", "{}", '{"frozen_at": "noon", "offset_s": 0}', "[1]"])
def test_a_damaged_clock_is_refused_by_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock.json").write_text(text)

    with pytest.raises(ValueError, match=r"clock\.json holds no clock"):
        OrgClock(folder=tmp_path)
