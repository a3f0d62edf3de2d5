"""Which writes a job can carry, and which of them it is worth trying again without the others.

Owns the parting of writes before a job, and after one that was refused for a column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sfsync.ingest_table import can_be_row, spell_record
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite

#: Writes with the records that stand for them.
Pairs = list[tuple[OutboxWrite, Mapping[str, object]]]


def part_by_sayable(
    rows: Sequence[OutboxWrite], records: Sequence[Mapping[str, object]]
) -> tuple[Pairs, list[OutboxWrite]]:
    """The writes that a table can say, and those that it cannot.

    Two keys that the org takes for the same are of the latter: in one job it would refuse both.
    """
    key = PUSH_ORDER[rows[0].sobject]
    counts = Counter(row.external_id.casefold() for row in rows)
    pairs: Pairs = []
    unsaid: list[OutboxWrite] = []
    for row, record in zip(rows, records, strict=True):
        if counts[row.external_id.casefold()] == 1 and can_be_row(key, record):
            pairs.append((row, record))
        else:
            unsaid.append(row)
    return pairs, unsaid


def part_by_column(key: str, pairs: Pairs, column: str) -> tuple[list[OutboxWrite], Pairs]:
    """The writes that have a value in that column, and the rest with their records."""
    having = [row for row, record in pairs if column in spell_record(key, record)]
    ids = {row.id for row in having}
    return having, [pair for pair in pairs if pair[0].id not in ids]
