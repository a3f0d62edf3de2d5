"""Rows of the reference files that this org knowingly answers otherwise, with the reason each.

Owns the reading of `reviewed.json`, which names rows and functions and copies no reference data.
Whatever is not listed there counts as a failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("reviewed.json")


@dataclass(frozen=True)
class Reviewed:
    """What somebody has looked at and accepted."""

    rows: Mapping[tuple[str, int], str]  #: reason by case and row, counted from 1
    functions: Mapping[str, str]  #: reason by upper-case name: functions that a real org refuses

    def explain_skip(self, unknown: Iterable[str]) -> str | None:
        """Why a formula with these unknown functions is skipped; None when any is not listed."""
        names = sorted(unknown)
        if not all(name in self.functions for name in names):
            return None
        return "; ".join(f"{name}: {self.functions[name]}" for name in names)


@cache
def load_reviewed() -> Reviewed:
    """The reviewed rows and functions of this repository."""
    raw = json.loads(_FILE.read_text(encoding="utf-8"))
    rows = {(entry["case"], entry["row"]): entry["reason"] for entry in raw["rows"]}
    return Reviewed(rows, raw["functions"])
