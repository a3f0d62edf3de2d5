"""`flask sync budget`: who uses the org's API calls, what is left, and where it is heading.

Owns how the budget reads on a terminal. It answers without an org, and costs no API call.
"""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from jobs.budgeting import budget_report
from jobs.commands import command_runtime, explained, json_option, print_json
from jobs.commands.sync import group
from jobs.commands.terminal import open_console
from sfsync.budget_report import BudgetReport

__all__ = ["budget", "group"]

BARS = " ▁▂▃▄▅▆▇█"


@group.command("budget")
@json_option
@explained
def budget(as_json: bool) -> None:
    """Say who uses the org's API calls, what is left, and where it is heading."""
    report = budget_report(command_runtime())
    if as_json:
        print_json(report.as_dict())
    else:
        show_report(report)


def show_report(report: BudgetReport) -> None:
    """The figures, the calls by purpose and hour, and what each step would save."""
    level = report.level
    heard = f"{report.heard_at:%Y-%m-%d %H:%M:%S} UTC" if report.heard_at else "never"
    said = "not known yet" if report.org_used is None else f"{report.org_used}"
    since = f" since {report.stepped_at:%Y-%m-%d %H:%M} UTC" if report.stepped_at else ""
    click.echo(
        f"Ours:     {level.ours} of {level.own_ceiling} calls in 24 h\n"
        f"The org:  {said} of {level.limit} calls in 24 h, heard {heard};"
        f" {level.reserve} kept for people\n"
        f"Used:     {int(level.percent)} % of the nearer ceiling\n"
        f"Forecast: at this rate {report.ends_at_percent} % by {report.ends_at:%Y-%m-%d %H:%M} UTC,"
        f" at most {report.peaks_at_percent} % at {report.peaks_at:%Y-%m-%d %H:%M} UTC\n"
        f"Step:     '{report.step.name}'{since}: {report.step.tells}"
    )
    console = open_console()
    if report.purposes:
        console.print(purpose_table(report))
    console.print(saving_table(report))


def purpose_table(report: BudgetReport) -> Table:
    """Calls by purpose, the hours of the last day as bars."""
    table = Table(header_style="bold")
    table.add_column("Purpose")
    for heading in ("Last 24 h", "Next 24 h"):
        table.add_column(heading, justify="right")
    table.add_column(f"By hour until {report.at:%H:%M} UTC", no_wrap=True)
    table.add_column("Pauses at", justify="right")
    most = max((max(each.by_hour) for each in report.purposes), default=0)
    for each in report.purposes:
        cells = (each.purpose, str(each.calls), str(each.expected_calls))
        bars = Text(draw_bars(each.by_hour, most), "cyan")
        table.add_row(*(Text(cell) for cell in cells), bars, f"{each.pauses_at_percent} %")
    return table


def saving_table(report: BudgetReport) -> Table:
    """The steps, and what each would save in the next 24 hours."""
    table = Table(header_style="bold")
    table.add_column("Step")
    table.add_column("From", justify="right")
    table.add_column("Would save", justify="right")
    table.add_column("What is different")
    for each in report.savings:
        style = "bold yellow" if each.step == report.step.name else ""
        name = Text(each.step, style)
        table.add_row(name, f"{each.from_percent} %", f"{each.saved_calls} calls", each.tells)
    return table


def draw_bars(values: tuple[int, ...], most: int) -> str:
    """One character for each value; anything above zero can be seen."""
    last = len(BARS) - 1
    return "".join(BARS[-(-value * last // most) if most else 0] for value in values)
