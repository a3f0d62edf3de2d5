"""Reads the text of a SOSL statement.

Owns which clauses there are. What RETURNING says in its parentheses is SOQL and is left as it is,
cut into its clauses. Source: SOQL and SOSL reference, "SOSL Syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.org.errors import not_implemented
from sandbox.sosl.terms import Condition, malformed, parse_terms

_FIND = re.compile(r"\s*FIND\s*\{((?:\\.|[^{}\\])*)\}", re.IGNORECASE | re.DOTALL)
_IN = re.compile(r"\s*IN\s+(\w+)\s+FIELDS\b", re.IGNORECASE)
_RETURNING = re.compile(r"\s*RETURNING\b", re.IGNORECASE)
_LIMIT = re.compile(r"\s*LIMIT\s+([0-9]{1,9})\b", re.IGNORECASE)
_BAD_LIMIT = re.compile(r"\s*LIMIT\b", re.IGNORECASE)
_NAME = re.compile(r"\s*(\w+)\s*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CLAUSE = re.compile(r"\b(WHERE|USING|ORDER\s+BY|LIMIT|OFFSET)\b", re.IGNORECASE)
_SKIPPED = re.compile(r"'(?:\\.|[^'\\])*'")
SCOPES = ("ALL", "EMAIL", "NAME", "PHONE")
MOST_ROWS = 2000


@dataclass(frozen=True)
class Returning:
    """The records of one sObject that are wanted, in SOQL."""

    sobject: str
    fields: str = "Id"
    where: str = ""  #: without the word WHERE
    rest: str = ""  #: from ORDER BY on


@dataclass(frozen=True)
class Search:
    """A whole statement. `returning` empty means every searchable sObject."""

    matches: Condition
    scope: str
    returning: tuple[Returning, ...]
    limit: int


def parse_search(text: str) -> Search:
    """What the text asks for. Raises OrgError MALFORMED_SEARCH, or names a clause not served."""
    found = _FIND.match(text)
    if found is None:
        raise malformed("A search string must start with FIND {text}")
    matches = parse_terms(_ESCAPED.sub(r"\1", found[1]))
    at = found.end()
    scope = "ALL"
    if in_fields := _IN.match(text, at):
        scope, at = in_fields[1].upper(), in_fields.end()
        if scope not in SCOPES:
            raise not_implemented(f"SOSL IN {scope} FIELDS")
    returning: list[Returning] = []
    if word := _RETURNING.match(text, at):
        at = _read_returning(text, word.end(), returning)
    limit = MOST_ROWS
    if given := _LIMIT.match(text, at):
        limit, at = min(int(given[1]), MOST_ROWS), given.end()
    if _BAD_LIMIT.match(text, at):
        raise malformed(f"LIMIT takes a number, not {text[at : at + 30]!r}")
    if text[at:].strip():
        raise not_implemented(f"SOSL {text[at:].split()[0].upper()}")
    return Search(matches, scope, tuple(returning), limit)


def _read_returning(text: str, at: int, into: list[Returning]) -> int:
    while True:
        name = _NAME.match(text, at)
        if name is None:
            raise malformed(f"expecting an sObject after RETURNING, found: {text[at : at + 20]!r}")
        at = name.end()
        inner = ""
        if text[at : at + 1] == "(":
            end = _closing(text, at)
            inner, at = text[at + 1 : end], end + 1
        into.append(_cut(name[1], inner))
        rest = text[at:].lstrip()
        if not rest.startswith(","):
            return at
        at = len(text) - len(rest) + 1


def _cut(sobject: str, inner: str) -> Returning:
    marks = [(found.start(), found[1].upper()) for found in _outside_quotes(_CLAUSE, inner)]
    if any(word == "USING" for _, word in marks):
        raise not_implemented("SOSL RETURNING … USING")
    fields = inner[: marks[0][0]] if marks else inner
    where = ""
    if marks and marks[0][1] == "WHERE":
        start = marks.pop(0)[0] + len("WHERE")
        where = inner[start : marks[0][0]] if marks else inner[start:]
    rest = inner[marks[0][0] :] if marks else ""
    return Returning(sobject, fields.strip() or "Id", where.strip(), rest.strip())


def _closing(text: str, start: int) -> int:
    depth = 0
    for found in _outside_quotes(re.compile(r"[()]"), text, start):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return found.start()
    raise malformed("expecting a right parentheses")


def _outside_quotes(pattern: re.Pattern[str], text: str, start: int = 0) -> Iterator[re.Match[str]]:
    quoted = [found.span() for found in _SKIPPED.finditer(text)]
    for found in pattern.finditer(text, start):
        if not any(begin <= found.start() < end for begin, end in quoted):
            yield found
