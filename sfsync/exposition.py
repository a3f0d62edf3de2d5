"""Figures with names and labels, and the text in which a monitor reads them.

Owns the spelling. Format: prometheus.io, "Exposition formats", text-based format 0.0.4 (read
2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PREFIX = "manufaktura_sync_"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Metric:
    """One figure for each set of labels."""

    name: str  #: without the prefix
    about: str  #: what it says, in one line
    samples: tuple[tuple[Labels, float], ...]
    kind: str = "gauge"


def render_prometheus(metrics: Iterable[Metric]) -> str:
    """The figures as a scraper reads them."""
    lines: list[str] = []
    for metric in metrics:
        name = f"{PREFIX}{metric.name}"
        lines += [f"# HELP {name} {metric.about}", f"# TYPE {name} {metric.kind}"]
        lines += [
            f"{name}{_spell_labels(labels)} {_spell_number(value)}"
            for labels, value in metric.samples
        ]
    return "\n".join(lines) + "\n"


def as_values(metrics: Iterable[Metric]) -> dict[str, float]:
    """The figures by their full name with labels."""
    return {
        f"{PREFIX}{metric.name}{_spell_labels(labels)}": value
        for metric in metrics
        for labels, value in metric.samples
    }


def _spell_labels(labels: Labels) -> str:
    told = ",".join(f'{name}="{_escape(value)}"' for name, value in labels)
    return f"{{{told}}}" if told else ""


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _spell_number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
