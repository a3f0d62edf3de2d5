"""`flask doctor`: checks everything that can be wrong before work begins, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from config.clock import ClockUnavailable
from config.schema import SchemaOutdated, ensure_schema
from config.settings import Settings
from jobs.budgeting import budget_report
from jobs.commands import command_runtime, json_option, print_json
from jobs.runtime import Runtime
from sfsync.about_org import api_versions, org_time, running_user
from sfsync.client import Salesforce, usage
from sfsync.errors import SalesforceError
from sfsync.guard_check import find_holes, find_trial_records
from sfsync.mapping import BY_SOBJECT
from sfsync.needs import REPLICA_NEEDS, Describes, find_gaps, read_describes
from sfsync.preflight import SELECTION_NEEDS
from sfsync.schema_check import find_all_troubles
from sfsync.usage import purpose

NEEDS = (REPLICA_NEEDS, SELECTION_NEEDS)
#: Above this share of the daily allowance somebody should know.
USAGE_WARNING = 0.8
#: How far our clock and the org's may differ: guarded writes compare to the second.
MOST_SKEW_S = 60.0
DEPLOY = (
    "Deploy salesforce/ to the org, whose settings also switch on several currencies, and assign"
    " permission set Manufaktura_Integration to the integration user."
)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    subject: str
    is_ok: bool
    detail: str
    remedy: str = ""


@click.command("doctor")
@json_option
@with_appcontext
def group(as_json: bool) -> None:
    """Check settings, database, login, API budget, fields, statuses and the user's time zone."""
    findings = list(examine(command_runtime(with_tables=False)))
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        click.echo("\n".join(_line(finding) for finding in findings))
    raise SystemExit(0 if all(finding.is_ok for finding in findings) else 1)


def examine(runtime: Runtime) -> Iterator[Finding]:
    """Everything the doctor looks at; stops asking the org once it does not answer."""
    yield _describe_settings(runtime.settings)
    database = _check_database(runtime)
    yield database
    try:
        with purpose("doctor"):
            sf = runtime.connect() if database.is_ok else runtime.connect_freely()
            yield from _examine_org(sf, runtime)
    except SalesforceError as error:
        yield Finding("org", False, error.message, error.remedy)
    except ClockUnavailable as error:
        yield Finding("clock", False, str(error))
    if database.is_ok:
        yield _check_budget(runtime)


def _examine_org(sf: Salesforce, runtime: Runtime) -> Iterator[Finding]:
    settings = runtime.settings
    yield _check_version(sf, settings)
    user = running_user(sf)
    yield Finding("login", True, f"logged in to {settings.salesforce_url} as {user['Username']}")
    yield _check_time_zone(str(user["TimeZoneSidKey"]), settings)
    yield _check_clock(sf, runtime)
    describes = read_describes(sf, *NEEDS)
    yield from _check_configuration(describes)
    yield from _check_columns(runtime, describes)
    yield _check_guard(sf, runtime)
    yield _check_usage(sf)


def _describe_settings(settings: Settings) -> Finding:
    kind = type(settings.credentials).__name__
    database = "SQLite" if settings.is_sqlite else "PostgreSQL"
    detail = f"{settings.environment}, org {settings.salesforce_url} by {kind}, {database}"
    return Finding("settings", True, detail)


def _check_database(runtime: Runtime) -> Finding:
    try:
        ensure_schema(runtime.engine)
    except SchemaOutdated as error:
        return Finding("database", False, str(error))
    except SQLAlchemyError as error:
        detail = f"it does not answer ({type(error).__name__})"
        return Finding("database", False, detail, "Check DATABASE_URL and that the server runs.")
    return Finding("database", True, "its tables fit this code")


def _check_version(sf: Salesforce, settings: Settings) -> Finding:
    offered = api_versions(sf)
    wanted = settings.salesforce_api_version
    if wanted in offered:
        return Finding("API version", True, f"{wanted}; the org offers up to {offered[-1]}")
    remedy = f"Set SALESFORCE_API_VERSION to one of {offered[0]} to {offered[-1]}."
    return Finding("API version", False, f"the org does not offer {wanted}", remedy)


def _check_time_zone(user_zone: str, settings: Settings) -> Finding:
    if user_zone == settings.business_timezone.key:
        return Finding("user's time zone", True, user_zone)
    # TODAY() in validation rules and date literals in queries follow the user's zone.
    return Finding(
        "user's time zone",
        False,
        f"the integration user lives in {user_zone}, business in {settings.business_timezone.key}",
        "Set the user's time zone in Setup > Users to the business time zone.",
    )


def _check_clock(sf: Salesforce, runtime: Runtime) -> Finding:
    skew_s = abs((org_time(sf) - runtime.clock.now()).total_seconds())
    if skew_s <= MOST_SKEW_S:
        return Finding("clock", True, f"{skew_s:.0f} s from the org's")
    return Finding(
        "clock",
        False,
        f"{skew_s:.0f} s from the org's",
        "Correct this machine's clock (NTP): guarded writes compare times to the second.",
    )


def _check_configuration(describes: Describes) -> Iterator[Finding]:
    gaps = find_gaps(describes, *NEEDS)
    for gap in gaps:
        yield Finding("configuration", False, gap, DEPLOY)
    if not gaps:
        yield Finding("configuration", True, "every object, field and status needed is there")


def _check_columns(runtime: Runtime, describes: Describes) -> Iterator[Finding]:
    """What pulls have paused, and what the next one would: the org is compared here and now."""
    mapped = {name: describes.get(name) for name in BY_SOBJECT}
    try:
        with runtime.transaction() as session:
            troubles = find_all_troubles(session, mapped)
    except SQLAlchemyError:
        return  # the finding about the database says why
    for each in troubles:
        yield Finding("columns", False, each.message, each.remedy)
    if not troubles:
        yield Finding("columns", True, "the replica reads and writes all of its fields")


def _check_guard(sf: Salesforce, runtime: Runtime) -> Finding:
    """Whether the org refuses a stale write: nothing else tells that people's edits are safe."""
    try:
        with runtime.transaction() as session:
            records = find_trial_records(session)
    except SQLAlchemyError:
        records = {}  # the finding about the database says why
    holes = find_holes(sf, records)
    if not holes:
        return Finding("sync guard", True, "the org refuses writes that missed an edit by hand")
    remedy = f"{DEPLOY} Its rules Sync_… must be active. Do not push before: edits may be lost."
    return Finding("sync guard", False, "; ".join(holes), remedy)


def _check_usage(sf: Salesforce) -> Finding:
    spent = usage(sf)
    if spent.used is None or not spent.limit:
        return Finding("API calls", True, "the org did not say how many are used")
    detail = f"{spent.used} of {spent.limit} used in 24 h"
    if spent.used <= spent.limit * USAGE_WARNING:
        return Finding("API calls", True, detail)
    remedy = "See Setup > System Overview for who uses them; widen the pull interval."
    return Finding("API calls", False, detail, remedy)


def _check_budget(runtime: Runtime) -> Finding:
    report = budget_report(runtime)
    remedy = (
        "`flask sync budget` shows who uses the calls. Raise API_SHARE_PERCENT, buy calls, or wait:"
        " it comes back by itself."
    )
    is_ok = not report.is_worrying
    return Finding("API budget", is_ok, report.summary, "" if is_ok else remedy)


def _line(finding: Finding) -> str:
    mark = "ok     " if finding.is_ok else "PROBLEM"
    remedy = f" — {finding.remedy}" if finding.remedy else ""
    return f"{mark} {finding.subject}: {finding.detail}{remedy}"
