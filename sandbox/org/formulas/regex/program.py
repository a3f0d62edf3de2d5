"""Translates a parsed pattern into instructions.

Owns how repetition becomes jumps: required rounds are written out, optional ones are splits, and an
endless loop checks that each round moved, so that `(a*)*` ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Any, TypeAlias

from sandbox.org.formulas.regex.nodes import (
    At,
    Atomic,
    BackReference,
    Capture,
    Choice,
    Greed,
    Look,
    One,
    Part,
    Repeat,
    Sequence,
)
from sandbox.org.formulas.regex.reader import read_pattern
from sandbox.org.formulas.regex.source import BadPattern

MAX_INSTRUCTIONS = 20_000


class Code(IntEnum):
    """What an instruction does with the place in the text."""

    ONE = auto()  #: take a character that fits
    SPLIT = auto()  #: go to the first target, keep the second for later
    JUMP = auto()  #: go on elsewhere
    SAVE = auto()  #: remember the place in a slot
    LOOP = auto()  #: go back if the place moved since the slot was written
    AT = auto()  #: pass only at such a place
    BACK = auto()  #: take the text of a group again
    LOOK = auto()  #: run a program that takes nothing
    ATOMIC = auto()  #: run a program and keep its first match
    MATCH = auto()  #: the program is through


#: A code with two operands, whose meaning depends on the code.
Instruction: TypeAlias = tuple[Code, Any, Any]


@dataclass(frozen=True)
class Program:
    """Instructions and the number of slots that they use."""

    code: tuple[Instruction, ...]
    slots: int


def compile_pattern(pattern: str) -> Program:
    """The program of a pattern. Raises BadPattern with the place of the mistake."""
    part, groups = read_pattern(pattern)
    writer = _Writer(2 * groups + 2)
    code = writer.write_program(part)
    return Program(code, writer.slots)


class _Writer:
    """One translation: the instructions so far and the slots handed out."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._code: list[Instruction] = []

    def write_program(self, part: Part) -> tuple[Instruction, ...]:
        outer, self._code = self._code, []
        self._write(part)
        self._add(Code.MATCH)
        code, self._code = tuple(self._code), outer
        return code

    def _add(self, code: Code, first: Any = None, second: Any = None) -> int:
        if len(self._code) >= MAX_INSTRUCTIONS:
            raise BadPattern("Invalid pattern: its repetitions multiply to too many parts")
        self._code.append((code, first, second))
        return len(self._code) - 1

    def _write(self, part: Part) -> None:
        match part:
            case One():
                self._add(Code.ONE, part.test)
            case Sequence():
                for each in part.parts:
                    self._write(each)
            case Choice():
                self._write_choice(part)
            case Repeat():
                self._write_repeat(part)
            case Capture():
                self._add(Code.SAVE, 2 * part.number)
                self._write(part.part)
                self._add(Code.SAVE, 2 * part.number + 1)
            case BackReference():
                self._add(Code.BACK, 2 * part.number)
            case At():
                self._add(Code.AT, part.place)
            case Look():
                self._add(Code.LOOK, self.write_program(part.part), part)
            case Atomic():
                self._add(Code.ATOMIC, self.write_program(part.part))

    def _write_choice(self, choice: Choice) -> None:
        ends = []
        for option in choice.options[:-1]:
            split = self._add(Code.SPLIT)
            self._write(option)
            ends.append(self._add(Code.JUMP))
            self._code[split] = (Code.SPLIT, split + 1, len(self._code))
        self._write(choice.options[-1])
        for end in ends:
            self._code[end] = (Code.JUMP, len(self._code), None)

    def _write_repeat(self, repeat: Repeat) -> None:
        for _ in range(repeat.least):
            self._write(repeat.part)
        if repeat.most is None:
            self._write_loop(repeat)
        else:
            self._write_optional(repeat, repeat.most - repeat.least)

    def _write_loop(self, repeat: Repeat) -> None:
        slot = self.slots
        self.slots += 1
        split = self._add(Code.SPLIT)
        self._add(Code.SAVE, slot)
        self._write(repeat.part)
        self._add(Code.LOOP, slot, split)
        self._code[split] = self._split(repeat, split + 1, len(self._code))

    def _write_optional(self, repeat: Repeat, rounds: int) -> None:
        splits = []
        for _ in range(rounds):
            splits.append(self._add(Code.SPLIT))
            self._write(repeat.part)
        for split in splits:
            self._code[split] = self._split(repeat, split + 1, len(self._code))

    def _split(self, repeat: Repeat, inside: int, after: int) -> Instruction:
        if repeat.greed is Greed.LAZY:
            return Code.SPLIT, after, inside
        return Code.SPLIT, inside, after
