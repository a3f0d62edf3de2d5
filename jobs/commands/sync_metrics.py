"""`flask sync metrics`: the state of the sync as figures for a monitor."""

from __future__ import annotations

import click

from config.clock import SystemClock
from jobs.commands import business_time, command_runtime, explained, json_option, print_json
from jobs.commands.sync import group
from jobs.runtime import Runtime
from sfsync.exposition import as_values, render_prometheus
from sfsync.metrics import Now, read_metrics


@group.command("metrics")
@json_option
@explained
def metrics(as_json: bool) -> None:
    """Print lag, backlog, retries and drift in the text format of Prometheus.

    Costs no API call, and answers while Salesforce is down.
    """
    runtime = command_runtime()
    now = read_now(runtime)
    with runtime.transaction() as session:
        found = read_metrics(session, now)
    if as_json:
        print_json({name: round(value) for name, value in as_values(found).items()})
    else:
        click.echo(render_prometheus(found), nl=False)


def read_now(runtime: Runtime) -> Now:
    """The present by both clocks; the machine's stands in for an org that does not answer."""
    ours = SystemClock().now()
    return Now(org=business_time(runtime) or ours, ours=ours)
