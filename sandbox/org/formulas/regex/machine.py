"""Runs a regular expression over a whole text, with a limit on its steps.

Owns the guard against patterns that never end: Python's own engine cannot be interrupted, so REGEX
runs on a small machine with an explicit stack of alternatives that gives up after a million steps.
Source: Salesforce's engine limits REGEX to 1,000,000 character reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sandbox.org.formulas.regex.characters import LINE_ENDS, WORD
from sandbox.org.formulas.regex.nodes import Look, Place
from sandbox.org.formulas.regex.program import Code, Instruction, Program

MAX_STEPS = 1_000_000
_SLOTS_PER_STEP = 16
#: Places remembered in slots, None when not reached.
Slots: TypeAlias = tuple[int | None, ...]


class TooComplicated(Exception):
    """The pattern needs more steps on this text than are allowed."""


def matches(program: Program, text: str) -> bool:
    """True when the program takes the whole text. Raises TooComplicated."""
    machine = _Machine(text)
    return machine.run(program.code, 0, (None,) * program.slots, len(text)) is not None


class _Machine:
    """One text being matched, and the steps that are left."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._steps = MAX_STEPS

    def run(
        self, code: tuple[Instruction, ...], at: int, slots: Slots, end: int | None
    ) -> tuple[int, Slots] | None:
        """Where a match that starts at `at` ends (exactly at `end`, if given), or None."""
        waiting = [(0, at, slots)]
        while waiting:
            position, at, slots = waiting.pop()
            found = self._follow(code, position, at, slots, end, waiting)
            if found is not None:
                return found
        return None

    def _follow(
        self,
        code: tuple[Instruction, ...],
        position: int,
        at: int,
        slots: Slots,
        end: int | None,
        waiting: list[tuple[int, int, Slots]],
    ) -> tuple[int, Slots] | None:
        text, length = self._text, len(self._text)
        while True:
            self._steps -= 1
            if self._steps < 0:
                raise TooComplicated
            operation, first, second = code[position]
            position += 1
            if operation is Code.ONE:
                if at >= length or not first(text[at]):
                    return None
                at += 1
            elif operation is Code.SPLIT:
                waiting.append((second, at, slots))
                position = first
            elif operation is Code.JUMP:
                position = first
            elif operation is Code.SAVE:
                # Slots are copied, and kept with every alternative: many of them cost steps too.
                self._steps -= len(slots) // _SLOTS_PER_STEP
                slots = (*slots[:first], at, *slots[first + 1 :])
            elif operation is Code.LOOP:
                position = second if slots[first] != at else position
            elif operation is Code.MATCH:
                return (at, slots) if end is None or at == end else None
            else:
                moved = self._special(operation, first, second, at, slots)
                if moved is None:
                    return None
                at, slots = moved

    def _special(
        self, operation: Code, first: object, second: object, at: int, slots: Slots
    ) -> tuple[int, Slots] | None:
        if operation is Code.AT and isinstance(first, Place):
            return (at, slots) if PLACES[first](self._text, at) else None
        if operation is Code.BACK and isinstance(first, int):
            return self._repeat_group(first, at, slots)
        if operation is Code.LOOK and isinstance(first, tuple) and isinstance(second, Look):
            return self._look(first, second, at, slots)
        if operation is Code.ATOMIC and isinstance(first, tuple):
            return self.run(first, at, slots, None)
        raise AssertionError(operation)

    def _repeat_group(self, slot: int, at: int, slots: Slots) -> tuple[int, Slots] | None:
        start, stop = slots[slot], slots[slot + 1]
        if start is None or stop is None:
            return None
        group = self._text[start:stop]
        return (at + len(group), slots) if self._text.startswith(group, at) else None

    def _look(
        self, code: tuple[Instruction, ...], look: Look, at: int, slots: Slots
    ) -> tuple[int, Slots] | None:
        starts = range(at, -1, -1) if look.behind else (at,)
        end = at if look.behind else None
        results = (self.run(code, start, slots, end) for start in starts)
        found = next((result for result in results if result is not None), None)
        if look.negative:
            return None if found else (at, slots)
        return (at, found[1]) if found else None


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at] in WORD


def _at_word_edge(text: str, at: int) -> bool:
    return _is_word(text, at - 1) != _is_word(text, at)


def _at_last_line_end(text: str, at: int) -> bool:
    rest = text[at : at + 3]
    return not rest or rest == "\r\n" or (rest in LINE_ENDS and text[at - 1 : at + 1] != "\r\n")


PLACES: dict[Place, Callable[[str, int], bool]] = {
    Place.START: lambda text, at: at == 0,
    Place.END: lambda text, at: at == len(text),
    Place.LAST_LINE_END: _at_last_line_end,
    Place.LINE_START: lambda text, at: at == 0 or (at < len(text) and text[at - 1] in LINE_ENDS),
    Place.LINE_END: lambda text, at: at == len(text) or text[at] in LINE_ENDS,
    Place.WORD_EDGE: _at_word_edge,
    Place.NO_WORD_EDGE: lambda text, at: not _at_word_edge(text, at),
}
