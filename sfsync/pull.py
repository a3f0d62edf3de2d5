"""Brings the replica up to date with the org, page by page, losing nothing on the way.

Owns the watermark. A pull reads from the last watermark minus an overlap (commits become visible
after their stamp) up to an upper bound fixed at the start by the org's own clock, in the total
order of (SystemModstamp, Id), deleted rows included. Each page and the place to continue from are
stored in one transaction, so a pull that is killed continues where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from config.database import transaction
from sfsync.client import Salesforce, usage
from sfsync.mapping import MAPPINGS, Mapping
from sfsync.replica import SyncState, Tally, store_page
from sfsync.rest import count_all, org_time, query_all, soql
from sfsync.usage import purpose
from sfsync.values import read_instant

logger = logging.getLogger(__name__)

#: Rows per query: one page of the REST API, so that a page costs one call.
PAGE_SIZE = 2000
#: How far the org's clock may lie behind a watermark before we believe that it was set back.
CLOCK_TOLERANCE = timedelta(minutes=5)

OnPage = Callable[[str, Tally], None]


@dataclass(frozen=True)
class Window:
    """The changes that one pass reads: after (`after_at`, `after_id`), up to `end_at`."""

    after_at: datetime | None
    after_id: str
    end_at: datetime


@dataclass
class PullReport:
    """What one pull did."""

    tallies: dict[str, Tally] = field(default_factory=dict)  #: by sObject
    watermarks: dict[str, datetime] = field(default_factory=dict)  #: complete up to, by sObject
    api_calls: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The report for a program."""
        objects = {
            name: {**tally.as_dict(), "complete_up_to": self.watermarks.get(name)}
            for name, tally in self.tallies.items()
        }
        return {"objects": objects, "api_calls": self.api_calls}


def pull(
    sf: Salesforce,
    engine: Engine,
    *,
    overlap_s: float,
    full: bool = False,
    mappings: Sequence[Mapping] = MAPPINGS,
    on_page: OnPage | None = None,
) -> PullReport:
    """Reads every change of the mapped sObjects into the replica.

    `full` reads everything again instead of the changes. Idempotent; may be interrupted anywhere.
    Raises SalesforceRetryable (run it again later: what was stored stays) or SalesforceRejected
    (the org lacks a field or a right; `flask doctor` names it).
    """
    report = PullReport()
    overlap = timedelta(seconds=overlap_s)
    calls_before = usage(sf).calls
    with purpose("pull"):
        bound = org_time(sf)
        for mapping in mappings:
            tally = report.tallies[mapping.sobject] = Tally()
            for window in _plan(engine, mapping, bound, overlap, full=full):
                _read_window(sf, engine, mapping, window, tally, on_page)
                report.watermarks[mapping.sobject] = window.end_at
    report.api_calls = usage(sf).calls - calls_before
    return report


def preview(
    sf: Salesforce,
    engine: Engine,
    *,
    overlap_s: float,
    full: bool = False,
    mappings: Sequence[Mapping] = MAPPINGS,
) -> dict[str, int]:
    """How many rows of each sObject a pull would read now. Changes nothing."""
    overlap = timedelta(seconds=overlap_s)
    with purpose("pull"):
        bound = org_time(sf)
        return {
            mapping.sobject: sum(
                count_all(sf, _count_query(mapping, window))
                for window in _plan(engine, mapping, bound, overlap, full=full)
            )
            for mapping in mappings
        }


def _plan(
    engine: Engine, mapping: Mapping, bound: datetime, overlap: timedelta, *, full: bool
) -> list[Window]:
    """What to read: the rest of an interrupted pull, then the changes since."""
    with transaction(engine) as session:
        state = session.get(SyncState, mapping.sobject) or SyncState(sobject=mapping.sobject)
    if full or _was_set_back(state, bound):
        return [Window(None, "", bound)]
    windows = []
    watermark = state.watermark_at
    if state.window_end_at is not None and state.cursor_at is not None:
        watermark = state.window_end_at
        windows.append(Window(state.cursor_at, state.cursor_id or "", watermark))
    start = None if watermark is None else watermark - overlap
    return [*windows, Window(start, "", bound)]


def _was_set_back(state: SyncState, bound: datetime) -> bool:
    """Whether the org's clock lies behind what we have read: another org, or a local one reset."""
    if state.watermark_at is None or state.watermark_at <= bound + CLOCK_TOLERANCE:
        return False
    logger.warning(
        "the org's clock is behind the watermark; reading everything again",
        extra={"sobject": state.sobject, "watermark_at": state.watermark_at, "org_time": bound},
    )
    return True


def _read_window(
    sf: Salesforce,
    engine: Engine,
    mapping: Mapping,
    window: Window,
    tally: Tally,
    on_page: OnPage | None,
) -> None:
    """Reads one window to its end; the rows and the place reached are one transaction."""
    is_done = False
    while not is_done:
        rows = query_all(sf, _page_query(mapping, window))
        is_done = len(rows) < PAGE_SIZE
        if rows:
            window = _advance(window, rows[-1])
        with transaction(engine) as session:
            tally.add(store_page(session, mapping, rows))
            _note_progress(session.merge(SyncState(sobject=mapping.sobject)), window, is_done)
        if on_page is not None:
            on_page(mapping.sobject, tally)


def _advance(window: Window, last: dict[str, Any]) -> Window:
    return Window(read_instant(last["SystemModstamp"]), last["Id"], window.end_at)


def _note_progress(state: SyncState, window: Window, is_done: bool) -> None:
    if not is_done:
        state.window_end_at = window.end_at
        state.cursor_at, state.cursor_id = window.after_at, window.after_id
        return
    state.watermark_at = state.last_pull_at = window.end_at
    state.window_end_at = state.cursor_at = state.cursor_id = None


def _page_query(mapping: Mapping, window: Window) -> str:
    return (
        f"SELECT {', '.join(mapping.paths)} FROM {mapping.sobject}"  # noqa: S608 - SOQL, names of ours
        f" WHERE {_condition(window)} ORDER BY SystemModstamp, Id LIMIT {PAGE_SIZE}"
    )


def _count_query(mapping: Mapping, window: Window) -> str:
    return f"SELECT COUNT() FROM {mapping.sobject} WHERE {_condition(window)}"  # noqa: S608 - SOQL


def _condition(window: Window) -> str:
    up_to = soql("SystemModstamp <= {end}", end=window.end_at)
    if window.after_at is None:
        return up_to
    if not window.after_id:
        return soql("SystemModstamp >= {at}", at=window.after_at) + f" AND {up_to}"
    after = soql(
        "(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {id}))",
        at=window.after_at,
        id=window.after_id,
    )
    return f"{after} AND {up_to}"
