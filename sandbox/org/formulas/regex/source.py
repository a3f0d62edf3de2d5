"""The text of a pattern and the place in it.

Owns the wording of refusals: every one names the pattern and the position.
"""

from __future__ import annotations


class BadPattern(Exception):
    """The pattern cannot be read; the message says where and why."""


class Source:
    """A pattern being read from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def at_end(self) -> bool:
        """True when nothing is left."""
        return self._at >= len(self._text)

    @property
    def peek(self) -> str:
        """The next character without taking it; refuses the end."""
        if self.at_end:
            raise self.refuse("the pattern ends too early")
        return self._text[self._at]

    def next(self) -> str:
        """Take the next character; refuses the end."""
        character = self.peek
        self._at += 1
        return character

    def take(self, mark: str) -> bool:
        """Take `mark` if it comes next."""
        found = bool(mark) and self._text.startswith(mark, self._at)
        self._at += len(mark) if found else 0
        return found

    def expect(self, mark: str) -> None:
        """Take `mark`, which must come next."""
        if not self.take(mark):
            raise self.refuse(f"'{mark}' is missing")

    def read_until(self, mark: str) -> str:
        """The text before `mark`, which is taken too; `\\E` may be left out at the end."""
        end = self._text.find(mark, self._at)
        if end < 0 and mark != "\\E":
            raise self.refuse(f"'{mark}' is missing")
        found = self._text[self._at :] if end < 0 else self._text[self._at : end]
        self._at += len(found) + (len(mark) if end >= 0 else 0)
        return found

    def read_number(self) -> int:
        """A whole number of a repetition."""
        digits = ""
        while self.peek.isdecimal():
            digits += self.next()
        if not digits or len(digits) > 9:
            raise self.refuse("a number from 0 to 1000 is missing")
        return int(digits)

    def read_hex(self, count: int) -> int:
        """A character code of `count` hexadecimal digits."""
        digits = self._text[self._at : self._at + count]
        self._at += count
        try:
            return int(digits, 16)
        except ValueError as error:
            raise self.refuse(f"{count} hexadecimal digits are missing") from error

    def refuse(self, reason: str) -> BadPattern:
        """A refusal at the current place; the caller raises it."""
        return BadPattern(f"Invalid pattern {self._text!r} at position {self._at + 1}: {reason}")
