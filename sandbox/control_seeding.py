"""The part of the control plane that fills an org: data plans and CSV files.

Owns the JSON around them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sandbox.api.call import Answer
from sandbox.bulk.dialect import DELIMITERS
from sandbox.org.errors import OrgError, refuse
from sandbox.plan_files import fill_in_files
from sandbox.seed_tables import CsvTable, seed_tables

if TYPE_CHECKING:
    from sandbox.api.services import Services

_EXAMPLE = '{"tables": [{"file": "Account.csv", "sobject": "Account", "csv": "Name\\nAurora\\n"}]}'
_KEYS = {"tables", "as", "keep_going"}
_TABLE_KEYS = {"file", "sobject", "csv", "delimiter"}


def seed_plan(services: Services, plan: object) -> Answer:
    """Store a data plan, its files read from beside the metadata."""
    ids = services.org.seed(fill_in_files(plan, services.settings.data_folders))
    return Answer(body={"ids": ids, "created": len(ids)})


def seed_csv(services: Services, body: Mapping[str, object]) -> Answer:
    """Store CSV tables; 400 with the same report when that left nothing stored."""
    tables, user, keep_going = body.get("tables"), body.get("as"), body.get("keep_going", False)
    if not isinstance(tables, list) or set(body) - _KEYS:
        raise _bad_body()
    if not isinstance(keep_going, bool) or not isinstance(user, str | None):
        raise _bad_body()
    if user is not None and services.org.find_user(user) is None:
        raise refuse("NOT_FOUND", f"There is no user {user}.")
    read = [_read_table(table) for table in tables]
    report = seed_tables(services.org, read, user=user, keep_going=keep_going)
    is_refused = bool(report.problems) and not report.created
    return Answer(400 if is_refused else 200, report.as_json())


def _read_table(raw: object) -> CsvTable:
    given = raw if isinstance(raw, dict) else {}
    if set(given) - _TABLE_KEYS or not all(isinstance(value, str) for value in given.values()):
        raise _bad_body()
    delimiter = given.get("delimiter", "COMMA")
    if not {"file", "sobject", "csv"} <= set(given) or delimiter not in DELIMITERS:
        raise _bad_body()
    return CsvTable(given["file"], given["sobject"], given["csv"], delimiter)


def _bad_body() -> OrgError:
    delimiters = ", ".join(DELIMITERS)
    more = f'"as" (a username) and "keep_going" beside it, "delimiter" ({delimiters}) in a table'
    return refuse("INVALID_INPUT", f"Say {_EXAMPLE}; there may be {more}.")
