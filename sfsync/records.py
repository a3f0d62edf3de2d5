"""Records over the REST API: one read, created, changed; many written in one call.

Owns what is sent for them: values keep every digit, and an answer that says nothing of some records
leaves the outcome unknown. Source: REST API guide, "sObject Rows" and "sObject Collections".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from simple_salesforce.api import Salesforce

from sfsync import jsonio
from sfsync.edge import reading, writing
from sfsync.errors import OutcomeUnknown
from sfsync.results import Record, SaveResult, read_save_result

#: Rows of one sObject Collections call (REST API guide, "sObject Collections").
COLLECTION_SIZE = 200


def get_record(sf: Salesforce, name: str, record_id: str, fields: Sequence[str]) -> Record:
    """One record by its Id. Raises SalesforceRejected with code NOT_FOUND when there is none."""
    path = f"sobjects/{name}/{record_id}"
    with reading(sf):
        found = sf.restful(path, params={"fields": ",".join(fields)})
    return dict(found or {})


def create_record(sf: Salesforce, name: str, values: Mapping[str, object]) -> str:
    """Creates one record and returns its Id. Not repeatable: prefer an upsert by external ID."""
    with writing(sf):
        answer = sf.restful(f"sobjects/{name}/", method="POST", data=jsonio.encode(values))
    return str((answer or {})["id"])


def patch_record(
    sf: Salesforce,
    name: str,
    record_id: str,
    values: Mapping[str, object],
    unmodified_since: datetime | None = None,
) -> None:
    """Changes one record by its Id.

    With `unmodified_since` (its LastModifiedDate when it was read) the org refuses when someone
    changed it later: raises RecordChanged, and the caller re-reads and decides again. The check is
    to the second (REST API guide, "Conditional Requests").
    """
    headers = {}
    if unmodified_since is not None:
        in_utc = unmodified_since.astimezone(UTC)
        headers["If-Unmodified-Since"] = format_datetime(in_utc, usegmt=True)
    with writing(sf):
        sf.restful(
            f"sobjects/{name}/{record_id}",
            method="PATCH",
            data=jsonio.encode(values),
            headers=headers,
        )


def upsert_record(
    sf: Salesforce, name: str, external_field: str, external_id: str, values: Mapping[str, object]
) -> SaveResult:
    """Creates or changes the record with that external ID. Idempotent, and repeated by itself."""
    path = f"sobjects/{name}/{external_field}/{quote(external_id, safe='')}"
    with writing(sf):
        answer = sf.restful(path, method="PATCH", data=jsonio.encode(values)) or {}
    return SaveResult(answer.get("id"), success=True, created=bool(answer.get("created")))


def collections_upsert(
    sf: Salesforce, name: str, external_field: str, records: Sequence[Mapping[str, object]]
) -> list[SaveResult]:
    """Creates or changes up to 200 records by external ID in one call, each on its own.

    Results come in the order of `records`. Raises OutcomeUnknown when no whole answer came: the
    caller reads back by external ID before it tries again.
    """
    rows = [{"attributes": {"type": name}, **record} for record in records]
    return _save_collection(sf, f"composite/sobjects/{name}/{external_field}", rows)


def collections_update(
    sf: Salesforce, records: Sequence[tuple[str, Mapping[str, object]]]
) -> list[SaveResult]:
    """Changes up to 200 records in one call, each on its own: (sObject, values with `Id`) each.

    Several sObjects may be mixed. Results come in the order of `records`. Raises OutcomeUnknown
    when no whole answer came.
    """
    rows = [{"attributes": {"type": name}, **values} for name, values in records]
    return _save_collection(sf, "composite/sobjects", rows)


def _save_collection(sf: Salesforce, path: str, rows: list[Record]) -> list[SaveResult]:
    if len(rows) > COLLECTION_SIZE:
        raise ValueError(f"{len(rows)} records exceed the {COLLECTION_SIZE} of one call")
    with writing(sf):
        answer = sf.restful(
            path, method="PATCH", data=jsonio.encode({"allOrNone": False, "records": rows})
        )
    if not isinstance(answer, list) or len(answer) != len(rows):
        raise OutcomeUnknown(
            f"The org answered for {len(answer or [])} of {len(rows)} records.",
            remedy="They are read back before they are tried again.",
        )
    return [read_save_result(item) for item in answer]
