"""Which words may come next at the shell's prompt.

Owns the guess: a line begins with a statement's word, an object follows FROM and `describe`, and
everything else of a query is a field of its object, or a path through a parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.cli.client import CannotBeginError, OrgClient, RefusedError
from sandbox.cli.statements import VERBS, WORDS

_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_KEYWORDS = ("FROM", "WHERE", "ORDER BY", "GROUP BY", "HAVING", "LIMIT", "OFFSET", "AND", "OR")


class Completer:
    """Candidates for a line, from the org's own describes, each asked for once."""

    def __init__(self, client: OrgClient) -> None:
        self._client = client
        self._objects: list[str] | None = None
        self._fields: dict[str, list[dict[str, Any]]] = {}

    def candidates(self, line: str, start: int) -> list[str]:
        """The words that may stand at `start` of the line and begin as it does there."""
        before, begun = line[:start], line[start:].partition(" ")[0]
        wanted = begun.lower()
        try:
            words = set(self._words(before, line, begun))
        except (RefusedError, CannotBeginError):
            return []  # the statement itself will say what is wrong
        return sorted(word for word in words if word.lower().startswith(wanted))

    def _words(self, before: str, line: str, begun: str) -> Iterable[str]:
        words = before.split()
        if not words:
            return WORDS
        if words[-1].lower() in {"from", "describe"}:
            return self._object_names()
        if words[0].upper() in VERBS:
            return (f"sobjects/{name}" for name in self._object_names()) if len(words) == 1 else ()
        named = _FROM.search(line)
        if named:
            return [*self._paths(named.group(1), begun), *_KEYWORDS]
        known = [field["name"] for fields in self._fields.values() for field in fields]
        return [*known, *_KEYWORDS]

    def _object_names(self) -> list[str]:
        if self._objects is None:
            found = self._client.data("GET", "sobjects")["sobjects"]
            self._objects = [sobject["name"] for sobject in found]
        return self._objects

    def _paths(self, sobject: str, begun: str) -> Iterable[str]:
        prefix = ""
        *parents, _ = begun.split(".")
        for parent in parents:
            links = (f for f in self._describe(sobject) if f["relationshipName"])
            link = next((f for f in links if f["relationshipName"].lower() == parent.lower()), None)
            if link is None:
                return
            sobject = link["referenceTo"][0]
            prefix += f"{parent}."
        for field in self._describe(sobject):
            yield prefix + field["name"]
            if field["relationshipName"]:
                yield f"{prefix}{field['relationshipName']}."

    def _describe(self, sobject: str) -> list[dict[str, Any]]:
        key = sobject.lower()
        if key not in self._fields:
            self._fields[key] = self._client.data("GET", f"sobjects/{sobject}/describe")["fields"]
        return self._fields[key]
