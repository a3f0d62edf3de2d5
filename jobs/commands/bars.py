"""Draws progress for a person at a terminal; a log gets lines instead.

Owns the look of the bars.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from jobs.commands import is_interactive
from jobs.progress import Pace, Progress, ProgressLog

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


@contextmanager
def shown_progress(console: Console | None = None) -> Iterator[Progress]:
    """Bars on stderr when a person watches (or on `console`); log lines now and then otherwise."""
    if console is None and not is_interactive():
        yield Progress(ProgressLog())
        return
    # Not needed by a log, and a tenth of the time that a command takes to start.
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as RichProgress

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    bars = RichProgress(*columns, console=console or Console(stderr=True), transient=True)
    with bars:
        yield Progress(_Bars(bars))


class _Bars:
    """One bar for each piece of work, made when it is first heard of."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, name: str, pace: Pace) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=pace.total, figures="")
        self._bars.update(
            self._tasks[name], total=pace.total, completed=pace.done, figures=tell_pace(pace)
        )


def tell_pace(pace: Pace) -> str:
    """Such as `12,000 of 100,000 rows, 9,500 rows/s, 0:00:09 left`, without what is not known."""
    total = "" if pace.total is None else f" of {pace.total:,}"
    words = [f"{pace.done:,}{total} rows"]
    if pace.rate_per_s is not None:
        words.append(f"{pace.rate_per_s:,.0f} rows/s")
    if pace.left_s is not None:
        words.append(f"{timedelta(seconds=round(pace.left_s))} left")
    return ", ".join(words)
