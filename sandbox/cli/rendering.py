"""Answers as a person reads them in a terminal.

Owns how rows fit: as a table while every column has room, else one block per record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.api import jsonio
from sandbox.cli.statements import Plain, Rows

#: A column narrower than this is not readable.
_NARROWEST = 9


def show(console: Console, answer: Rows | Plain) -> None:
    """Print an answer."""
    if isinstance(answer, Plain):
        _show_plain(console, answer.raw)
        return
    if answer.cells and len(answer.columns) * _NARROWEST <= console.width:
        console.print(_table(answer))
    else:
        _show_blocks(console, answer)
    console.print(_count(answer), markup=False, highlight=False)


def as_json(answer: Rows | Plain) -> str:
    """An answer as one line of JSON, as the org gave it."""
    return jsonio.dumps(answer.raw).decode()


def _show_plain(console: Console, raw: Any) -> None:
    if raw is None:
        console.print("Done.", highlight=False)
    elif isinstance(raw, str):
        console.print(_clean(raw), markup=False, highlight=False, soft_wrap=True)
    else:
        text = json.dumps(json.loads(jsonio.dumps(raw)), indent=2, ensure_ascii=False)
        console.print(_clean(text), markup=False, highlight=False, soft_wrap=True)


def _table(rows: Rows) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows.columns:
        is_number = any(_is_number(row.get(name)) for row in rows.cells)
        table.add_column(name, overflow="fold", justify="right" if is_number else "left")
    for row in rows.cells:
        table.add_row(*(Text(_cell(row.get(name))) for name in rows.columns))
    return table


def _show_blocks(console: Console, rows: Rows) -> None:
    width = max(map(len, rows.columns), default=0)
    for row in rows.cells:
        lines = (f"{name.ljust(width)}  {_cell(value)}" for name, value in _filled(row))
        console.print("\n".join(lines) + "\n", markup=False, highlight=False, soft_wrap=True)


def _filled(row: dict[str, object]) -> Iterable[tuple[str, object]]:
    return ((name, value) for name, value in row.items() if value is not None)


def _count(rows: Rows) -> str:
    shown = len(rows.cells)
    noun = "row" if rows.total == 1 else "rows"
    if not rows.columns and rows.total:
        return f"{rows.total:,} {noun}."  # COUNT() answers a number only
    if shown < rows.total:
        left = rows.total - shown
        return f"{shown:,} of {rows.total:,} {noun}; {left:,} left, see --limit."
    return f"{shown:,} {noun}."


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _clean(str(value))


def _clean(text: str) -> str:
    """Text whose control characters cannot steer the terminal."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
