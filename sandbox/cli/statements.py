"""What a line of the shell means, and what the org answers to it.

Owns the shell's language: SOQL, `GET|POST|PATCH|PUT|DELETE path [json]`, `describe Object` and
`objects`. The words that end the shell or explain it are the shell's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.cli.client import OrgClient

VERBS = ("GET", "POST", "PATCH", "PUT", "DELETE")
#: What a person may begin a line with, each with what it does.
HELP = {
    "SELECT …": "a SOQL query; its rows as a table",
    "GET path": "any resource; a path without / at its start is below /services/data/vNN.0/",
    "POST path {json}": "the same with a body; PATCH, PUT and DELETE too",
    "describe Order": "the fields of an object",
    "objects": "all objects",
    "help": "this list",
    "quit": "leave (or Ctrl-D)",
}
_FIELD_COLUMNS = ("name", "type", "length", "label", "refers to")
_OBJECT_COLUMNS = ("name", "label", "prefix", "custom")


class UnknownStatementError(Exception):
    """The line is none of the shell's language; the message says what is."""


@dataclass
class Rows:
    """Rows to show as a table: cells by column, how many there are in all, and the raw answer."""

    columns: list[str]
    cells: list[dict[str, object]]
    total: int
    raw: Any = field(repr=False)


@dataclass(frozen=True)
class Plain:
    """An answer to show as it is."""

    raw: Any


def execute(client: OrgClient, line: str, limit: int) -> Rows | Plain:
    """The answer to one line, of a query at most `limit` rows.

    Raises RefusedError, CannotBeginError, UnknownStatementError.
    """
    statement = line.strip().removesuffix(";").rstrip()
    word, _, rest = statement.partition(" ")
    run = _RUNNERS.get(word.lower())
    if run is None:
        known = ", ".join(HELP)
        raise UnknownStatementError(f"{word!r} begins no statement; there are: {known}.")
    return run(client, statement, rest.strip(), limit)


def _query(client: OrgClient, statement: str, _: str, limit: int) -> Rows:
    page = client.data("GET", "query", q=statement)
    answer = dict(page)
    records = list(page["records"])
    while len(records) < limit and not page["done"]:
        page = client.data("GET", page["nextRecordsUrl"])
        records += page["records"]
    shown = records[:limit]
    answer |= {"records": shown, "done": len(shown) == page["totalSize"]}
    if answer["done"]:
        answer.pop("nextRecordsUrl", None)
    cells = [flatten(record) for record in shown]
    columns = list(dict.fromkeys(name for row in cells for name in row))
    return Rows(columns, cells, page["totalSize"], answer)


def flatten(record: dict[str, Any], prefix: str = "") -> dict[str, object]:
    """A record's values by path: parents as `Account.Name`, children as their number."""
    cells: dict[str, object] = {}
    for name, value in record.items():
        if name == "attributes":
            continue
        if not isinstance(value, dict):
            cells[prefix + name] = value
        elif "records" in value:
            cells[prefix + name] = f"{value['totalSize']} records"
        else:
            cells |= flatten(value, f"{prefix}{name}.")
    return cells


def _call(client: OrgClient, statement: str, rest: str, _limit: int) -> Plain:
    path, _, body = rest.partition(" ")
    if not path:
        raise UnknownStatementError("Say which path, as in: GET sobjects/Account/describe")
    content = body.strip().encode() or None
    return Plain(client.data(statement.split()[0].upper(), path, content))


def _describe(client: OrgClient, _: str, rest: str, limit: int) -> Rows:
    if not rest:
        raise UnknownStatementError("Say which object, as in: describe Account")
    raw = client.data("GET", f"sobjects/{rest}/describe")
    rows = [
        (f["name"], f["type"], f["length"] or None, f["label"], ", ".join(f["referenceTo"]))
        for f in raw["fields"]
    ]
    return _table(_FIELD_COLUMNS, rows, raw)


def _objects(client: OrgClient, _statement: str, _rest: str, _limit: int) -> Rows:
    raw = client.data("GET", "sobjects")
    rows = [(o["name"], o["label"], o["keyPrefix"], o["custom"]) for o in raw["sobjects"]]
    return _table(_OBJECT_COLUMNS, rows, raw)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]], raw: object) -> Rows:
    cells = [dict(zip(columns, row, strict=True)) for row in rows]
    return Rows(list(columns), cells, len(cells), raw)


_Runner = Callable[[OrgClient, str, str, int], Rows | Plain]
_RUNNERS: dict[str, _Runner] = {
    "select": _query,
    "describe": _describe,
    "objects": _objects,
    **{verb.lower(): _call for verb in VERBS},
}
WORDS = ("SELECT", *VERBS, "describe", "objects", "help", "quit")
