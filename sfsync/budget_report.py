"""Says how the API budget stands and where it is heading, from our database alone.

Owns the figures of `flask sync budget`. Nothing here costs an API call, so it can be looked at when
there are none left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from config.database import transaction
from sfsync.allowance import DAY, HOUR, Level, Shares, hour_of
from sfsync.call_ledger import KEPT, Allowance, read_calls, read_standing
from sfsync.degradation import STEPS, Priority, Step, choose_step, priority_of, top_percent
from sfsync.forecast import Forecast, Planned, first_hour, foresee

#: From this step on somebody should know.
WORRYING = next(step for step in STEPS if Priority.LOW in step.paused)


@dataclass(frozen=True)
class PurposeUse:
    """The calls of one purpose."""

    purpose: str
    calls: int  #: in the last 24 hours
    expected_calls: int  #: in the next 24 hours
    by_hour: tuple[int, ...]  #: of the last 24 UTC hours, the oldest first
    pauses_at_percent: int  #: of the ceiling


@dataclass(frozen=True)
class StepSaving:
    """What one step would save if it held for the next 24 hours."""

    step: str
    from_percent: int
    tells: str
    saved_calls: int  #: an export instead of pages is not foreseen, so it does not count here


@dataclass(frozen=True)
class BudgetReport:
    """Everything that `flask sync budget` shows."""

    at: datetime
    step: Step
    stepped_at: datetime | None
    level: Level
    org_used: int | None  #: calls of everybody, by the org's latest word; None: it said nothing yet
    heard_at: datetime | None
    ends_at: datetime  #: 24 hours from now
    ends_at_percent: int  #: of the nearer ceiling, then
    peaks_at: datetime
    peaks_at_percent: int
    purposes: tuple[PurposeUse, ...]
    savings: tuple[StepSaving, ...]

    @property
    def is_worrying(self) -> bool:
        """Whether work pauses, or will within the day at this rate."""
        return STEPS.index(self.step) >= STEPS.index(WORRYING) or self.peaks_at_percent >= 100

    @property
    def summary(self) -> str:
        """One line for people."""
        level = self.level
        said = f"{self.org_used} of {level.limit}" if self.org_used is not None else "not known yet"
        return (
            f"{level.ours} of our {level.own_ceiling} calls used in 24 h (all of the org: {said},"
            f" {level.reserve} kept for people); at this rate {self.ends_at_percent} % by"
            f" {self.ends_at:%Y-%m-%d %H:%M} UTC; step '{self.step.name}': {self.step.tells}"
        )

    def as_dict(self) -> dict[str, Any]:
        """The report for a program."""
        level = self.level
        return {
            "at": self.at,
            "step": self.step.name,
            "tells": self.step.tells,
            "since": self.stepped_at,
            "used_percent": int(level.percent),
            "ours": {"used": level.ours, "ceiling": level.own_ceiling},
            "org": {
                "used": self.org_used,
                "limit": level.limit,
                "heard_at": self.heard_at,
                "ceiling": level.org_ceiling,
                "reserve": level.reserve,
            },
            "forecast": {
                "at": self.ends_at,
                "percent": self.ends_at_percent,
                "peak_at": self.peaks_at,
                "peak_percent": self.peaks_at_percent,
            },
            "purposes": [vars(each) for each in self.purposes],
            "savings": [vars(each) for each in self.savings],
        }


def read_report(
    engine: Engine, org: str, shares: Shares, now: datetime, planned: Sequence[Planned] = ()
) -> BudgetReport:
    """How the budget of `org` stands at `now`. Writes nothing.

    `planned` are jobs at fixed times within the next 24 hours.
    """
    with transaction(engine) as session:
        row = session.get(Allowance, org) or Allowance(org=org, step=STEPS[0].name, others=0)
        standing = read_standing(session, row, shares, now)
        calls = read_calls(session, org, now - KEPT)
    level = standing.level_at(now)
    forecast = foresee(calls, first_hour(calls) or now, now, planned)
    ends_at = now + DAY
    hours = [hour_of(now) + n * HOUR for n in range(1, 25)] + [ends_at]
    percents = {at: _percent_at(level, forecast, at) for at in hours}
    peaks_at = max(percents, key=lambda at: percents[at])
    return BudgetReport(
        at=now,
        step=choose_step(level.percent, row.present_step),
        stepped_at=row.stepped_at,
        level=level,
        org_used=row.used,
        heard_at=row.heard_at,
        ends_at=ends_at,
        ends_at_percent=percents[ends_at],
        peaks_at=peaks_at,
        peaks_at_percent=percents[peaks_at],
        purposes=tuple(_use(name, calls, forecast, now) for name in _by_importance(calls)),
        savings=tuple(_saving(step, forecast) for step in STEPS[1:]),
    )


def _percent_at(level: Level, forecast: Forecast, at: datetime) -> int:
    """How much of the nearer ceiling will be used. Others go on as in the last 24 hours."""
    ours = round(forecast.used_at(at))
    others = max(0, level.total - level.ours)
    return round(Level(level.shares, level.limit, ours, ours + others).percent)


def _by_importance(calls: Mapping[str, Any]) -> list[str]:
    order = list(Priority)[::-1]
    return sorted(calls, key=lambda name: (order.index(priority_of(name)), name))


def _use(
    purpose: str, calls: Mapping[str, Mapping[datetime, int]], forecast: Forecast, now: datetime
) -> PurposeUse:
    hours = [hour_of(now) - n * HOUR for n in range(23, -1, -1)]
    by_hour = tuple(calls[purpose].get(hour, 0) for hour in hours)
    expected = round(forecast.expected_for(purpose))
    return PurposeUse(purpose, sum(by_hour), expected, by_hour, top_percent(purpose))


def _saving(step: Step, forecast: Forecast) -> StepSaving:
    saved = 0.0
    for purpose in forecast.expected:
        kept = 1 / step.stretch.get(purpose, 1)
        is_paused = priority_of(purpose) in step.paused
        saved += forecast.expected_for(purpose) * (1.0 if is_paused else 1 - kept)
    return StepSaving(step.name, step.from_percent, step.tells, round(saved))
