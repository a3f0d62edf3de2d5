"""The rows of a query in the format of a batch's job.

Owns how values look in each: a moment is text in tables and XML, and milliseconds since 1970 in
JSON, as real orgs answer. Source: Bulk API developer guide, "Get Results for a Bulk Query".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from sandbox.api import jsonio
from sandbox.bulk.batch import Batch, BatchJob, ContentType
from sandbox.bulk.dialect import BadTableError, Dialect
from sandbox.bulk.query import moment_columns, table_rows
from sandbox.bulk.result_file import ResultFile, ResultWriter
from sandbox.org.org import Org
from sandbox.org.schema import FieldType, Schema
from sandbox.soql.export import Export
from sandbox.xml_text import drop_unwritable

_PIECE = 2_000
NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_XML_HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?><queryResult xmlns="{NAMESPACE}" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)
_Record = Mapping[str, Any]


def write_query(org: Org, job: BatchJob, batch: Batch) -> int:
    """Write the rows of the query that the batch holds; how many. Raises OrgError."""
    try:
        soql = batch.request.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTableError(f"InvalidBatch : The query is not UTF-8: {error}") from error
    is_all = job.operation == "queryAll"
    with org.export(org.actor(job.user_id), soql, include_deleted=is_all) as export:
        if job.content_type is ContentType.CSV:
            return _write_csv(org, job, batch, export)
        if job.content_type is ContentType.JSON:
            url = f"/services/data/v{job.version}/sobjects"
            return _write(batch, export, lambda row: _as_json(org.schema, url, row), "[", ",", "]")
        return _write(batch, export, _as_xml, _XML_HEAD, "", "</queryResult>")


def _write_csv(org: Org, job: BatchJob, batch: Batch, export: Export) -> int:
    moments = moment_columns(org.schema, org.core.sobject(job.sobject), export.columns)
    with ResultWriter(batch.result, Dialect(), export.columns) as writer:
        while columns := export.columns_of(_PIECE):
            writer.write(table_rows(columns, moments))
    if job.shuffle_seed is not None:
        ResultFile(batch.result).shuffle(job.shuffle_seed)
    return writer.count


def _write(batch: Batch, export: Export, render: Callable[[_Record], str], *marks: str) -> int:
    opening, between, closing = marks
    count = 0
    with batch.result.open("w", encoding="utf-8") as file:
        file.write(opening)
        while records := export.records_of(_PIECE):
            file.write(between if count else "")
            file.write(between.join(map(render, records)))
            count += len(records)
        file.write(closing)
    return count


def _as_json(schema: Schema, url: str, row: _Record) -> str:
    return jsonio.dumps(_plain(schema, url, row)).decode()


def _plain(schema: Schema, url: str, row: _Record) -> dict[str, object]:
    about = row["attributes"]
    sobject = schema.sobject(str(about["type"]))
    shown: dict[str, object] = {
        "attributes": {"type": about["type"], "url": f"{url}/{about['type']}/{about.get('id')}"}
    }
    for name, value in row.items():
        if name == "attributes":
            continue
        field = sobject.field(name) if sobject else None
        if isinstance(value, Mapping):
            shown[name] = _plain(schema, url, value)
        elif value is not None and field and field.type in _MILLISECONDS:
            shown[name] = _MILLISECONDS[field.type](str(value))
        else:
            shown[name] = value
    return shown


def _day_ms(text: str) -> int:
    day = date.fromisoformat(text)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _moment_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


_MILLISECONDS = {FieldType.DATE: _day_ms, FieldType.DATETIME: _moment_ms}


def _as_xml(row: _Record) -> str:
    return f'<records xsi:type="sObject">{"".join(_elements(row))}</records>'


def _elements(row: _Record) -> Iterator[str]:
    yield f"<type>{row['attributes']['type']}</type>"
    for name, value in row.items():
        if name == "attributes":
            continue
        if value is None:
            yield f'<{name} xsi:nil="true"/>'
        elif isinstance(value, Mapping):
            yield f'<{name} xsi:type="sObject">{"".join(_elements(value))}</{name}>'
        else:
            yield f"<{name}>{escape(xml_word(value))}</{name}>"


def xml_word(value: object) -> str:
    """A value of a query's row as XML writes it: moments in UTC with a Z, no forbidden letters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.endswith(".000+0000"):
        return value.removesuffix("+0000") + "Z"
    return f"{value:f}" if isinstance(value, Decimal) else drop_unwritable(str(value))
