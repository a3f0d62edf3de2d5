"""Refusals that point into a query, in Salesforce's form.

Owns the text of a positioned message: a window of the query, a caret under the culprit, row and
column counted from 1, then the reason. Seen in public issue threads of Salesforce clients.
"""

from __future__ import annotations

from sandbox.org.errors import ErrorItem, OrgError

#: How much of a long line is shown before and after the culprit.
_WINDOW = 40


class SoqlSyntaxError(OrgError):
    """The text is no SOQL query. The caller answers MALFORMED_QUERY; nothing was read."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__([ErrorItem("MALFORMED_QUERY", point_at(text, position, reason))])
        self.row, self.column = locate(text, position)


def locate(text: str, position: int) -> tuple[int, int]:
    """Row and column, both from 1, of an offset in the text."""
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def point_at(text: str, position: int, reason: str) -> str:
    """The message for a culprit at `position`."""
    row, column = locate(text, position)
    line = text.split("\n")[row - 1]
    start = max(0, column - 1 - _WINDOW)
    shown = line[start : column - 1 + _WINDOW]
    caret = " " * (column - 1 - start) + "^"
    return f"\n{shown}\n{caret}\nERROR at Row:{row}:Column:{column}\n{reason}"


def refuse_at(code: str, text: str, position: int, reason: str) -> OrgError:
    """An OrgError that points at `position`; the caller raises it."""
    return OrgError([ErrorItem(code, point_at(text, position, reason))])


def malformed(reason: str) -> OrgError:
    """MALFORMED_QUERY for a rule that concerns the query as a whole; the caller raises it."""
    return OrgError([ErrorItem("MALFORMED_QUERY", reason)])


def too_complicated(reason: str) -> OrgError:
    """QUERY_TOO_COMPLICATED; the caller raises it and the client must ask for less at once."""
    return OrgError([ErrorItem("QUERY_TOO_COMPLICATED", reason)])
