"""The arithmetic of the ceiling, and the table of what gives way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfsync.allowance import (
    DAY,
    HOUR,
    SKEW,
    Level,
    Shares,
    Standing,
    fade,
    hour_of,
    left_at,
)
from sfsync.degradation import (
    BACK_POINTS,
    PRIORITIES,
    STEPS,
    Priority,
    choose_step,
    priority_of,
    top_percent,
)

SHARES = Shares(own_percent=50, reserve_percent=20)
NOON = datetime(2025, 3, 11, 12, tzinfo=UTC)


def level(ours: int, others: int = 0, limit: int = 1000) -> Level:
    return Level(SHARES, limit, ours, ours + others)


def test_our_share_and_the_reserve_for_people_are_parts_of_the_orgs_allowance() -> None:
    found = level(ours=300, others=100)

    assert (found.own_ceiling, found.reserve, found.org_ceiling) == (500, 200, 800)
    assert found.percent == 60.0
    assert found.nearer == (300, 500, "our calls")


def test_what_others_use_brings_the_people_reserve_nearer_than_our_share() -> None:
    found = level(ours=100, others=620)

    assert found.percent == 90.0
    assert found.nearer == (720, 800, "the calls not kept for people")
    assert found.room(100) == 80
    assert found.room(90) == 0


def test_percentages_that_do_not_come_out_even_are_rounded_to_the_safe_side() -> None:
    found = Level(Shares(33, 33), 100 - 1, 0, 0)

    assert (found.own_ceiling, found.reserve, found.org_ceiling) == (32, 33, 66)


def test_no_allowance_leaves_no_room_at_all() -> None:
    assert (level(0, limit=0).percent, level(0, limit=0).room(100)) == (100.0, 0)


@given(
    ours=st.integers(0, 2000),
    others=st.integers(0, 2000),
    limit=st.integers(0, 2000),
    share=st.integers(0, 100),
    reserve=st.integers(0, 100),
    top=st.integers(0, 100),
)
def test_whatever_is_let_in_stays_below_both_ceilings(
    ours: int, others: int, limit: int, share: int, reserve: int, top: int
) -> None:
    before = Level(Shares(share, reserve), limit, ours, ours + others)
    room = before.room(top)
    after = Level(Shares(share, reserve), limit, ours + room, before.total + room)

    assert room >= 0
    if room:
        assert after.ours * 100 <= limit * share
        assert after.total * 100 <= limit * (100 - reserve)
        assert after.percent <= max(top, before.percent) or top == 0


def test_calls_count_until_the_org_has_surely_let_go_of_them() -> None:
    hour = NOON - DAY

    assert left_at(hour) == NOON + HOUR + SKEW
    standing = Standing(SHARES, 1000, {hour: 7})
    assert standing.level_at(left_at(hour) - timedelta(seconds=1)).ours == 7
    assert standing.level_at(left_at(hour)).ours == 0


def test_hours_are_those_of_utc() -> None:
    at = datetime.fromisoformat("2025-03-11T05:40:10+05:30")

    assert hour_of(at) == datetime(2025, 3, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "expected"), [(0, 2400), (1, 2400), (2, 2300), (13, 1200), (25, 0), (40, 0)]
)
def test_what_the_org_said_of_others_fades_over_a_day(hours: int, expected: int) -> None:
    assert fade(2400, timedelta(hours=hours)) == expected


def test_calls_that_may_have_left_before_the_org_spoke_are_not_counted_twice() -> None:
    """A burst a day ago: the org counts it, or not any more; either way its word has it."""
    burst, now = {NOON - DAY: 300}, NOON + SKEW
    standing = Standing(SHARES, 1000, burst, others=300, heard_at=now)

    assert (standing.level_at(now).ours, standing.level_at(now).total) == (300, 300)
    inside = Standing(SHARES, 1000, {NOON - DAY + HOUR: 300}, others=0, heard_at=now)
    assert (inside.level_at(now).ours, inside.level_at(now).total) == (300, 300)


def test_our_own_calls_tell_when_some_are_free_again() -> None:
    hours = {NOON - 20 * HOUR: 100, NOON - 10 * HOUR: 300, NOON - HOUR: 90}
    standing = Standing(SHARES, 1000, hours)

    assert standing.level_at(NOON).percent == 98.0
    assert standing.free_at(NOON, 95) == left_at(NOON - 20 * HOUR)
    assert standing.free_at(NOON, 60) == left_at(NOON - 10 * HOUR)
    assert standing.free_at(NOON, 10) == left_at(NOON - HOUR)


def test_a_flood_of_others_is_waited_for_as_its_word_fades() -> None:
    standing = Standing(SHARES, 1000, {}, others=960, heard_at=NOON)

    assert standing.free_at(NOON, 100) == NOON + 5 * HOUR + HOUR
    assert standing.level_at(NOON + 6 * HOUR).percent < 100
    assert standing.level_at(NOON + 5 * HOUR).percent == 100.0


@pytest.mark.parametrize(
    ("percent", "name"),
    [
        (0, "normal"),
        (59.9, "normal"),
        (60, "sparing"),
        (70, "bulk first"),
        (80, "essentials"),
        (90, "selection only"),
        (99.9, "selection only"),
        (100, "stopped"),
        (300, "stopped"),
    ],
)
def test_steps_come_in_order_as_calls_run_out(percent: float, name: str) -> None:
    assert choose_step(percent, STEPS[0]).name == name


def test_a_step_is_left_only_some_points_below_its_beginning() -> None:
    essentials = choose_step(80, STEPS[0])

    assert choose_step(80 - BACK_POINTS, essentials) is essentials
    assert choose_step(79.9 - BACK_POINTS, essentials).name == "bulk first"
    assert choose_step(10, essentials).name == "normal"
    assert choose_step(95, essentials).name == "selection only"


@given(st.lists(st.floats(0, 120), max_size=30))
def test_a_step_never_promises_more_than_its_percentage_allows(percents: list[float]) -> None:
    step = STEPS[0]
    for percent in percents:
        step = choose_step(percent, step)
        following = STEPS.index(step) + 1
        assert following == len(STEPS) or percent < STEPS[following].from_percent
        assert step is STEPS[0] or percent >= step.from_percent - BACK_POINTS


def test_purposes_give_way_in_the_order_of_their_importance() -> None:
    tops = {name: top_percent(name) for name in ("selection", "pull", "push", "reconcile", "x")}

    assert tops == {"selection": 100, "pull": 90, "push": 90, "reconcile": 80, "x": 80}
    assert priority_of("what nobody named") is Priority.LOW
    assert set(PRIORITIES.values()) == set(Priority)


def test_each_step_has_everything_of_the_steps_before_it() -> None:
    for lower, higher in pairwise(STEPS):
        assert lower.from_percent < higher.from_percent
        assert lower.paused <= higher.paused
        assert lower.stretch.items() <= higher.stretch.items()
        assert higher.prefers_bulk or not lower.prefers_bulk
