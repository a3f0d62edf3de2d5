"""Figures of a benchmark: ours, the rival's, the ratio, and the bar that ours must stay under.

Owns what PASS and MISS mean. A figure without a bar informs; it never fails a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One thing measured. The rival's value is None where it has no counterpart."""

    name: str
    unit: str
    ours: float
    rival: float | None = None
    bar: float | None = None  #: the most that ours may be
    note: str = ""
    is_more_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better ours is than the rival's; below 1 the rival is better."""
        if self.rival is None:
            return None
        better, worse = (self.ours, self.rival) if self.is_more_better else (self.rival, self.ours)
        return better / worse if worse else None

    @property
    def verdict(self) -> str:
        """PASS or MISS against the bar; empty without one."""
        if self.bar is None:
            return ""
        return "PASS" if self.ours <= self.bar else "MISS"

    def as_dict(self) -> dict[str, Any]:
        """The figure for a program."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "rival": self.rival,
            "ratio": self.ratio,
            "bar": self.bar,
            "verdict": self.verdict or None,
            "note": self.note or None,
        }


@dataclass(frozen=True)
class Result:
    """One benchmark that is over."""

    name: str
    title: str
    rival: str  #: what the rival does, in words
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_missed(self) -> bool:
        """Whether any bar was missed."""
        return any(figure.verdict == "MISS" for figure in self.figures)

    def as_dict(self) -> dict[str, Any]:
        """The result for a program."""
        return {
            "name": self.name,
            "title": self.title,
            "rival": self.rival,
            "figures": [figure.as_dict() for figure in self.figures],
            "notes": list(self.notes),
        }
