"""Runs the selection: claim the morning, read, have it worked through, report.

Owns what a run is: all due orders of a business date, or one order by name, and when it may begin.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.clock import business_date
from jobs.runtime import Runtime
from jobs.selection.changes import RunStamp
from jobs.selection.closing import check_cancellations, finish, mark_failed
from jobs.selection.deciding import rehearse
from jobs.selection.facts import read_morning, read_some
from jobs.selection.manual import record_manual_awards
from jobs.selection.report import RunOutcome, RunReport
from jobs.selection.run_record import ClaimOutcome, RunClaim, claim_run, run_external_id
from jobs.selection.sweep import finish_dead_runs, queue_missing_effects
from jobs.selection.work import look_again, work_through
from sfsync.client import Salesforce, usage
from sfsync.preflight import check_org
from sfsync.selection_reads import find_order_id
from sfsync.usage import purpose

logger = logging.getLogger(__name__)
#: What the run's record can hold; a date typed with a wrong century is not worth more.
MOST_MINUTES = 999_999_999


class FutureDate(Exception):
    """The business date asked for has not begun; nothing was touched."""


class OrderNotFound(Exception):
    """The order named on the command line does not exist, or more than one answers to the name."""


@dataclass(frozen=True)
class Options:
    """What a run is asked for. `day` is the business date; today's when left out."""

    day: date | None = None
    order: str | None = None
    is_dry_run: bool = False


def select_proposals(runtime: Runtime, options: Options = Options()) -> RunReport:
    """Decide every order that is due and write the decisions to the org.

    Safe to repeat: a morning is claimed once, decided orders are no longer open, decisions and
    effects have unique keys. With `is_dry_run` nothing is written anywhere. Raises PreflightFailed
    or OrderNotFound before anything is touched, SalesforceUnavailable or SalesforceAuthFailed at
    any point: what is written stays, the rest is found by the next run.
    """
    started = time.monotonic()
    with purpose("selection"):
        sf = runtime.connect()
        calls_before = count_calls(sf)
        check_options(runtime, options)
        check_org(sf)
        select = select_morning if options.order is None else select_single
        report = select(runtime, sf, options, calls_before)
        report.api_calls = count_calls(sf) - calls_before
    report.seconds = round(time.monotonic() - started, 2)
    logger.info(
        "selection finished",
        extra={
            "run": report.run,
            "outcome": report.outcome,
            "orders": len(report.lines),
            "counts": report.counts(),
            "api_calls": report.api_calls,
            "seconds": report.seconds,
        },
    )
    return report


def select_morning(
    runtime: Runtime, sf: Salesforce, options: Options, calls_before: int
) -> RunReport:
    """All due orders of one business date."""
    now = runtime.clock.now()
    day = options.day or business_date(now, runtime.settings.business_timezone)
    report = RunReport(day, RunOutcome.DRY_RUN, lateness_minutes=lateness(runtime, day, now))
    if options.is_dry_run:
        facts = read_morning(sf, day)
        report.lines = list(rehearse(runtime, facts, day))
        return report
    key = run_external_id(runtime.settings.business_timezone.key, day)
    claim = claim_run(sf, key, claim_values(runtime, report), now)
    report.run, report.run_id = key, claim.run_id
    if not claim.may_work:
        report.outcome = RunOutcome(f"already {claim.outcome.value}")
        return report
    stamp = RunStamp(claim.run_id, day, runtime.settings.code_version)
    with failing_openly(runtime, sf, claim):
        if claim.outcome is ClaimOutcome.TAKEN_OVER:
            queue_missing_effects(runtime, sf, claim.run_id)
        finish_dead_runs(runtime, sf, now)
        report.manual = record_manual_awards(sf, now - timedelta(days=7), stamp, now)
        work_through(runtime, sf, read_morning(sf, day), stamp, report)
        report.api_calls = count_calls(sf) - calls_before + 1
        finish(runtime, sf, claim, report)
    return report


def select_single(
    runtime: Runtime, sf: Salesforce, options: Options, calls_before: int
) -> RunReport:
    """One order by hand, guarded by `If-Unmodified-Since`, under a run record of its own."""
    name = (options.order or "").strip()
    order_id = find_order_id(sf, name) if name else None
    if order_id is None:
        raise OrderNotFound(
            f"No single order is called '{options.order}'. "
            "Give its order number, its external ID or its record Id."
        )
    now = runtime.clock.now()
    day = options.day or business_date(now, runtime.settings.business_timezone)
    report = RunReport(day, RunOutcome.DRY_RUN, lateness_minutes=lateness(runtime, day, now))
    if options.is_dry_run:
        facts = read_some(sf, [order_id])
        report.lines = list(rehearse(runtime, facts, day))
        return report
    single = f"{order_id[-9:]}:{secrets.token_hex(3)}"
    key = run_external_id(runtime.settings.business_timezone.key, day, single)
    claim = claim_run(sf, key, claim_values(runtime, report), now)
    report.run, report.run_id = key, claim.run_id
    stamp = RunStamp(claim.run_id, day, runtime.settings.code_version)
    with failing_openly(runtime, sf, claim):
        # Nothing was tried in bulk, so the first refusal is not the last: a person who saves the
        # description in that second costs a second look, not the award.
        look_again(runtime, sf, [order_id], stamp, report, looks=2)
        check_cancellations(runtime, sf, report, {})
        report.api_calls = count_calls(sf) - calls_before + 1
        finish(runtime, sf, claim, report)
    return report


def check_options(runtime: Runtime, options: Options) -> None:
    """Refuse a business date that has not begun: its calls are still open.

    A dry run may look ahead. Raises FutureDate.
    """
    today = business_date(runtime.clock.now(), runtime.settings.business_timezone)
    if options.day is not None and options.day > today and not options.is_dry_run:
        raise FutureDate(
            f"{options.day} is in the future; today is {today}. Calls that end until then are "
            "still open. Add --dry-run to see what would be decided."
        )


@contextmanager
def failing_openly(runtime: Runtime, sf: Salesforce, claim: RunClaim) -> Iterator[None]:
    """Whatever ends the run early is also said on its record, so that the next may begin."""
    try:
        yield
    except Exception as error:
        mark_failed(runtime, sf, claim, error)
        raise


def count_calls(sf: Salesforce) -> int:
    """API calls that selections of this process have made so far."""
    return usage(sf).by_purpose.get("selection", 0)


def lateness(runtime: Runtime, day: date, now: datetime) -> int:
    """Whole minutes after the usual time of that business date; 0 when not late."""
    zone = runtime.settings.business_timezone
    due_at = datetime.combine(day, runtime.settings.selection_time, zone)
    minutes = int((now - due_at).total_seconds() // 60)
    return min(max(0, minutes), MOST_MINUTES)


def claim_values(runtime: Runtime, report: RunReport) -> dict[str, object]:
    """What a new run's record says from the start."""
    return {
        "business_date": report.business_date,
        "zone": runtime.settings.business_timezone.key,
        "lateness_minutes": report.lateness_minutes,
        "code_version": runtime.settings.code_version,
    }
