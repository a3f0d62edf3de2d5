"""`python -m bench`: runs the benchmarks, prints a table each, exits 1 when a bar is missed.

python -m bench                     everything, at the size that the bars are set for
python -m bench select --orders 50  one benchmark, smaller
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from bench import pulling, pushing, selection
from bench.figures import Figure, Result
from bench.measuring import ProgramFailed
from bench.scale import Say, Scale, speaker

BENCHMARKS: dict[str, Callable[[Scale, Say], Result]] = {
    "select": selection.run,
    "pull": pulling.run,
    "push": pushing.run,
}
EXIT_MISSED = 1
EXIT_BROKEN = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 when a bar is missed, 2 when a program failed."""
    options = read_arguments(arguments)
    scale = Scale(options.orders, options.proposals, min(options.rival_orders, options.orders))
    results = []
    for name in options.names or BENCHMARKS:
        try:
            result = BENCHMARKS[name](scale, speaker(name))
        except ProgramFailed as error:
            print(f"Error: {error}", file=sys.stderr)
            return EXIT_BROKEN
        results.append(result)
        if not options.json:
            show(result)
    if options.json:
        print(json.dumps([result.as_dict() for result in results], indent=2))
    return EXIT_MISSED if any(result.is_missed for result in results) else 0


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    usual = Scale()
    parser = argparse.ArgumentParser("python -m bench", description="Measure, beside a rival.")
    parser.add_argument("names", nargs="*", metavar="BENCHMARK", help=", ".join(BENCHMARKS))
    parser.add_argument("--orders", type=positive, default=usual.orders)
    parser.add_argument("--proposals", type=positive, default=usual.proposals, help="of each order")
    parser.add_argument("--rival-orders", type=positive, default=usual.rival_orders)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return options


def positive(text: str) -> int:
    """A whole number above zero."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def show(result: Result) -> None:
    """One table; notes below."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    table = Table(title=result.title, title_justify="left", header_style="bold")
    table.add_column("Figure")
    for heading in ("Ours", "Rival", "Ratio", "Bar"):
        table.add_column(heading, justify="right")
    for heading in ("", "Note"):
        table.add_column(heading)
    for figure in result.figures:
        colour = {"PASS": "green", "MISS": "bold red"}.get(figure.verdict, "")
        verdict = f"[{colour}]{figure.verdict}[/]" if colour else ""
        table.add_row(*cells(figure), verdict, figure.note)
    console.print()
    console.print(table)
    console.print(f"Rival: {result.rival}.")
    for note in result.notes:
        console.print(note)


def cells(figure: Figure) -> list[str]:
    """Numbers of one line."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.1f}×"
    bar = "" if figure.bar is None else f"≤ {tell(figure.bar)}"
    rival = "" if figure.rival is None else f"{tell(figure.rival)} {figure.unit}"
    return [figure.name, f"{tell(figure.ours)} {figure.unit}", rival, ratio, bar]


def tell(value: float) -> str:
    """A number with as many decimals as help."""
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:,.1f}"


if __name__ == "__main__":
    sys.exit(main())
