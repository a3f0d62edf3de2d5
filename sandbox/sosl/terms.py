"""The words of a search, and whether a record has them.

Owns what a match is: whole words whatever their case, `*` and `?` for letters, quotes for a phrase,
AND, OR and AND NOT between them; words side by side must all be there. Unlike Salesforce's index
this knows no synonyms and no word stems. Source: SOQL and SOSL reference, "FIND {SearchQuery}".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import translate

from sandbox.org.errors import OrgError, refuse

#: The words of each searched field of one record.
Fields = Sequence[Sequence[str]]
Condition = Callable[[Fields], bool]

_TOKEN = re.compile(r'"[^"]*"|[()]|[^\s()"]+')
_WORD = re.compile(r"\w+")
_WORD_OR_WILDCARD = re.compile(r"[\w*?]+")
_SHORTEST = 2
#: Nobody nests a search deeper; a request of brackets only must not use up the stack.
_DEEPEST = 50


def split_words(text: str) -> list[str]:
    """The words of a field's value, in lower case."""
    return _WORD.findall(text.lower())


def parse_terms(text: str) -> Condition:
    """The condition that `FIND {text}` states.

    Raises OrgError MALFORMED_SEARCH for unbalanced parentheses, a missing word, or a search for a
    single letter.
    """
    if sum(character.isalnum() for character in text) < _SHORTEST:
        raise malformed(f"search term must be longer than one character: {text}")
    tokens = _TOKEN.findall(text)
    reader = _Reader(tokens)
    condition = reader.read_any()
    if reader.here is not None:
        raise malformed(f"unexpected token: {reader.here}")
    return condition


def malformed(message: str) -> OrgError:
    """The refusal of a statement that cannot be read."""
    return refuse("MALFORMED_SEARCH", message)


class _Reader:
    """Reads tokens from left to right; OR binds weaker than AND."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def here(self) -> str | None:
        """The token to be read next; None at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def read_any(self) -> Condition:
        """Alternatives between ORs."""
        alternatives = [self._read_all()]
        while self._take("or"):
            alternatives.append(self._read_all())
        return lambda fields: any(one(fields) for one in alternatives)

    def _read_all(self) -> Condition:
        needed = [self._read_one()]
        while self.here is not None and self.here != ")" and self.here.lower() != "or":
            self._take("and")
            needed.append(self._read_one())
        return lambda fields: all(one(fields) for one in needed)

    def _read_one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise malformed("the search is nested too deeply")
        one = self._read_inner()
        self._depth -= 1
        return one

    def _read_inner(self) -> Condition:
        if self._take("not"):
            unwanted = self._read_one()
            return lambda fields: not unwanted(fields)
        if self._take("("):
            inner = self.read_any()
            if not self._take(")"):
                raise malformed("expecting a right parentheses")
            return inner
        word = self.here
        if word is None or word == ")":
            raise malformed("unexpected end of the search")
        self._at += 1
        return _has_phrase(word)

    def _take(self, word: str) -> bool:
        if self.here is None or self.here.lower() != word:
            return False
        self._at += 1
        return True


def _has_phrase(token: str) -> Condition:
    parts = _WORD_OR_WILDCARD.findall(token.lower())
    patterns = [re.compile(translate(part)) for part in parts]
    if not patterns:
        raise malformed(f"no word in {token}")
    return lambda fields: any(_stands_in(patterns, words) for words in fields)


def _stands_in(patterns: Sequence[re.Pattern[str]], words: Sequence[str]) -> bool:
    return any(
        all(pattern.match(word) for pattern, word in zip(patterns, run, strict=True))
        for run in _runs(words, len(patterns))
    )


def _runs(words: Sequence[str], length: int) -> Iterator[Sequence[str]]:
    return (words[start : start + length] for start in range(len(words) - length + 1))
