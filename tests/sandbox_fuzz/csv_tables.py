"""Tables for bulk jobs: sound ones, which are then damaged as text and as bytes."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.sandbox_fuzz.junk import a_text, a_value, damage_bytes, damage_text, write_json

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^"}
_HEADERS = (
    ("Name", "External_Id__c"),
    ("Name",),
    ("Id", "Name"),
    ("Id",),
    ("Name", "Parent.External_Id__c", "ParentId"),
    ("Name", "name"),
    ("Name", "Nope__c"),
    ("Name", "AnnualRevenue", "NumberOfEmployees", "Description"),
)


@dataclass(frozen=True)
class Table:
    """The data of one job and what the job says about it."""

    api: str  #: `bulk2`, or the content type of a `bulk1` job
    operation: str
    delimiter: str
    line_ending: str
    data: bytes


def a_table(chance: random.Random, ids: list[str]) -> Table:
    """A table with a few rows, damaged more often than not."""
    api = chance.choice(["bulk2", "bulk2", "CSV", "JSON", "XML"])
    operation = chance.choice(["insert", "insert", "update", "upsert", "delete", "hardDelete"])
    delimiter = chance.choice(list(DELIMITERS)) if api == "bulk2" else "COMMA"
    ending = chance.choice(["LF", "CRLF"])
    header = chance.choice(_HEADERS)
    rows = [
        [_cell(chance, name, ids) for name in header] for _ in range(chance.choice([0, 1, 3, 20]))
    ]
    data = _WRITERS.get(api, _write_csv)(chance, header, rows, delimiter, ending)
    if chance.random() < 0.25:
        data = damage_bytes(data, chance)
    if chance.random() < 0.1:
        data = data[: chance.randrange(len(data) + 1)]
    return Table(api, operation, delimiter, ending, data)


def _cell(chance: random.Random, name: str, ids: list[str]) -> str:
    if chance.random() < 0.2:
        return chance.choice(["#N/A", "", a_text(chance)])
    if name.endswith("Id"):
        return chance.choice(ids)
    if "External" in name:
        return chance.choice(["HD-1", f"B-{chance.randrange(40)}"])
    return chance.choice(["Aurora", "12", 'say "hi"', "two\nlines", "a,b;c|d"])


def _write_csv(
    chance: random.Random,
    header: tuple[str, ...],
    rows: list[list[str]],
    delimiter: str,
    ending: str,
) -> bytes:
    end = {"LF": "\n", "CRLF": "\r\n"}[ending]
    mark = DELIMITERS[delimiter if chance.random() < 0.9 else "PIPE"]
    lines = []
    for row in [list(header), *rows]:
        if chance.random() < 0.05:
            row = row * chance.choice([0, 2])
        lines.append(mark.join('"' + cell.replace('"', '""') + '"' for cell in row))
        if chance.random() < 0.03:
            end = chance.choice(["\n", "\r\n", "\r", "\n\n"])
    text = end.join(lines) + chance.choice([end, ""])
    if chance.random() < 0.15:
        text = damage_text(text, chance)
    encoding = chance.choice(["utf-8"] * 10 + ["utf-8-sig", "utf-16", "latin-1", "utf-8-sig"])
    return text.encode(encoding, "replace")


def _write_json(
    chance: random.Random, header: tuple[str, ...], rows: list[list[str]], *_: str
) -> bytes:
    records: list[object] = [dict(zip(header, row, strict=True)) for row in rows]
    if records and chance.random() < 0.4:
        records[0] = {header[0]: a_value(chance), a_text(chance): a_value(chance)}
    return write_json(records if chance.random() < 0.95 else a_value(chance), chance)


def _write_xml(
    chance: random.Random, header: tuple[str, ...], rows: list[list[str]], *_: str
) -> bytes:
    inner = "".join(
        "<sObject>"
        + "".join(
            f"<{n.split('.')[0]}>{escape(c)}</{n.split('.')[0]}>"
            for n, c in zip(header, row, strict=True)
        )
        + "</sObject>"
        for row in rows
    )
    text = f'<?xml version="1.0"?><sObjects xmlns="http://x">{inner}</sObjects>'
    if chance.random() < 0.05:
        text = '<!DOCTYPE a [<!ENTITY b "&#65;">]>' + text[21:]
    text = damage_text(text, chance) if chance.random() < 0.3 else text
    return text.encode("utf-8", "replace")


_WRITERS = {"JSON": _write_json, "XML": _write_xml}


def job_body(table: Table) -> bytes:
    """What opens a job for the table."""
    common = {"object": "Account", "operation": table.operation}
    if table.operation == "upsert":
        common["externalIdFieldName"] = "External_Id__c"
    if table.api == "bulk2":
        common |= {"columnDelimiter": table.delimiter, "lineEnding": table.line_ending}
    else:
        common |= {"contentType": table.api}
    return json.dumps(common).encode()
