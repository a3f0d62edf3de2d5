"""Effects are queued once, however many come at a time and however often they come."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, func, select

from config.database import transaction
from jobs.effects import Effect, EffectKind, EffectRow, queue_effects

NOW = datetime(2025, 3, 11, 6, 0, tzinfo=UTC)


def a_notice(number: int, text: str = "Thank you.") -> Effect:
    return Effect(
        "decision:run:order",
        EffectKind.NOTICE,
        "award-regret",
        f"001{number:015d}",
        "801000000000000001",
        "Your proposal",
        text,
    )


def queue(engine: Engine, *effects: Effect) -> int:
    with transaction(engine) as session:
        return queue_effects(session, effects, NOW)


def count(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(EffectRow)) or 0


def test_every_new_effect_of_a_large_batch_is_counted_and_stored(engine: Engine) -> None:
    assert queue(engine, *(a_notice(number) for number in range(2500))) == 2500
    assert count(engine) == 2500


def test_effects_that_were_queued_before_stay_as_they_were(engine: Engine) -> None:
    queue(engine, a_notice(1), a_notice(2))

    assert queue(engine, a_notice(2, "Other words."), a_notice(3)) == 1
    with transaction(engine) as session:
        rows = session.scalars(select(EffectRow).order_by(EffectRow.key)).all()
    assert [row.text for row in rows] == ["Thank you."] * 3
    assert {row.created_at for row in rows} == {NOW}


def test_an_effect_twice_in_one_batch_is_queued_once(engine: Engine) -> None:
    assert queue(engine, a_notice(1), a_notice(1)) == 1
    assert count(engine) == 1


def test_nothing_to_queue_is_no_mistake(engine: Engine) -> None:
    assert queue(engine) == 0
    assert count(engine) == 0
