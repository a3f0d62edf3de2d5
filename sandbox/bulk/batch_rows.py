"""The rows of a batch in any of the three formats.

Owns what each format says for "empty this field": `#N/A` in CSV, null in JSON, `xsi:nil` in XML.
Source: Bulk API developer guide, "Prepare Data Files".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from sandbox.api import jsonio
from sandbox.bulk.batch import ContentType
from sandbox.bulk.columns import check_name, read_columns, read_row
from sandbox.bulk.dialect import BadTableError, Dialect, first_ending
from sandbox.bulk.saver import Values
from sandbox.org.errors import OrgError
from sandbox.org.schema import Schema, SObject

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_ROWS = 10_000
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def read_rows(
    schema: Schema, sobject: SObject, content_type: ContentType, path: Path
) -> list[Values | OrgError]:
    """The rows as raw values. Raises BadTableError when the batch as a whole is no good."""
    if content_type is ContentType.CSV:
        rows = list(_read_csv(schema, sobject, path))
    else:
        rows = list(_READERS[content_type](path))
        for name in {name for row in rows if isinstance(row, dict) for name in row}:
            check_name(sobject, name)
    if not rows:
        raise BadTableError("InvalidBatch : Records not found")
    if len(rows) > MOST_ROWS:
        raise BadTableError(f"InvalidBatch : {len(rows)} records are more than {MOST_ROWS}")
    return rows


def _read_csv(schema: Schema, sobject: SObject, path: Path) -> Iterator[Values | OrgError]:
    # This API asks nobody for the line ending, so both are fine.
    is_crlf = first_ending(path) == "\r\n"
    lines = Dialect(line_ending="CRLF" if is_crlf else "LF").read(path)
    columns = read_columns(schema, sobject, next(lines, []))
    for cells in lines:
        try:
            yield read_row(columns, cells)
        except OrgError as error:
            yield error


def _read_json(path: Path) -> Iterator[Values | OrgError]:
    try:
        given = jsonio.loads(path.read_bytes())
    except OrgError as error:
        raise BadTableError(
            f"InvalidBatch : Failed to parse JSON. {error.items[0].message}"
        ) from error
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise BadTableError("InvalidBatch : Records not processed")
    for row in given:
        yield {name: value for name, value in row.items() if name != "attributes"}


def _read_xml(path: Path) -> Iterator[Values | OrgError]:
    try:
        yield from [_read_element(element) for element in fromstring(path.read_bytes())]
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise BadTableError(f"InvalidBatch : Failed to parse XML. {error}") from error


def _read_element(element: Element) -> Values:
    row: Values = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name == "type":
            continue
        if child.get(_NIL) == "true":
            row[name] = None
        elif len(child):
            row[name] = _read_element(child[0])
        elif child.text:
            row[name] = child.text
    return row


_READERS = {ContentType.JSON: _read_json, ContentType.XML: _read_xml}
