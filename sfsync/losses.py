"""Judges what became of a field since it was read last: taken in, or too little left of it.

Owns the line between an addition and a loss. Whatever holds all that the field held is taken in;
what could hold less, or holds something else, is a loss, and a person says what shall become of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sfsync.descriptions import Description, name_values
from sfsync.mapping import Kind


class Fate(StrEnum):
    """What happened to a field that is not what it was."""

    VANISHED = "vanished"  #: deleted, renamed, or no longer shown to us
    RETYPED = "retyped"  #: its values are of another kind
    NARROWED = "narrowed"  #: it can hold less than before


@dataclass(frozen=True)
class Loss:
    """Why a field cannot simply be read on."""

    fate: Fate
    what: str  #: a clause about the field: `was text (80) and is now text (20)`

    @property
    def is_acceptable(self) -> bool:
        """Whether a person may say that it shall stay so."""
        return self.fate is Fate.NARROWED


#: The values of the field that live rows hold, each once; asked for only where it matters.
Held = Callable[[], frozenset[str]]


def find_loss(
    kind: Kind, before: Description | None, now: Description | None, held: Held, *, is_path: bool
) -> Loss | None:
    """What is lost between two descriptions of a field that is kept as `kind`; None: nothing.

    `before` is None when the field was never seen, `now` when it is not there. `is_path` says that
    the field is a lookup on the way to the value, which is of another kind than the lookup itself.
    """
    if now is None:
        was = f" (it was {before.words})" if before else ""
        return Loss(Fate.VANISHED, f"is missing or not visible{was}")
    if now.kind is not (Kind.ID if is_path else kind):
        was = f"was {before.words}" if before else f"is kept as {kind}"
        return Loss(Fate.RETYPED, f"{was} and is now {now.words}")
    if before is None:
        return None
    lacks = next(_find_lacks(before, now, held), None)
    return None if lacks is None else Loss(Fate.NARROWED, lacks)


def needs_reading(before: Description, now: Description) -> bool:
    """Whether values may have changed without their rows: a formula came, or went."""
    return before.is_formula != now.is_formula


def _find_lacks(before: Description, now: Description, held: Held) -> Iterator[str]:
    was_is = f"was {before.words} and is now {now.words}"
    if now.is_picklist:
        lost = _lost_values(before, now, held)
        if lost:
            yield f"has no value {name_values(lost)} any more, which rows hold"
    elif now.kind is Kind.TEXT and now.length < before.length:
        yield was_is
    if now.scale < before.scale or now.whole_digits < before.whole_digits:
        yield was_is
    if set(before.targets) - set(now.targets):
        yield was_is


def _lost_values(before: Description, now: Description, held: Held) -> frozenset[str]:
    """Values that rows hold and the list has lost, or never had when the field was free text."""
    if before.is_picklist:
        removed = frozenset(before.values) - frozenset(now.values)
        return removed & held() if removed else removed
    return held() - frozenset(now.values)
