"""Says what became of the writes that an ingest job was to carry.

Owns the matching of rows and results: by our own key, never by position, and only when the result
can belong to the row. Of a row that no result tells, the org is asked; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine

from config.database import transaction
from sfsync.client import Salesforce
from sfsync.errors import SalesforceRetryable
from sfsync.ingest import IngestJob, JobState
from sfsync.ingest_results import Verdicts, read_verdicts
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite
from sfsync.readback import read_back
from sfsync.replica_reads import known_ids
from sfsync.results import SaveResult

Outcomes = list[tuple[OutboxWrite, SaveResult]]

#: `InvalidBatch : Field name not found : Colour__c`
UNKNOWN_COLUMN = re.compile(r"Field name not found : (\S+)")
#: A job that a person stops is not begun anew at once: they had a reason.
ABORTED = SaveResult(
    None,
    success=False,
    created=False,
    errors=(
        SalesforceRetryable(
            "Somebody stopped the job in the org before this record's turn.",
            code="JOB_ABORTED",
            remedy="Nothing to do: it is sent again by itself. See Setup > Bulk Data Load Jobs.",
        ),
    ),
)


@dataclass
class Carried:
    """What became of writes that a job was to carry; each is in one of the lists."""

    outcomes: Outcomes = field(default_factory=list)  #: by the job's own word
    confirmed: Outcomes = field(default_factory=list)  #: read back, as no result told of them
    left: list[OutboxWrite] = field(default_factory=list)  #: surely not tried
    running: list[OutboxWrite] = field(default_factory=list)  #: the job is not done with them
    unknown_column: str = ""  #: why a job was refused as a whole


def conclude(sf: Salesforce, engine: Engine, job: IngestJob, rows: list[OutboxWrite]) -> Carried:
    """What became of these rows of a job that has ended. Rows of the job may be missing here.

    Raises SalesforceRejected when the org does not show the results.
    """
    if job.processed == 0 and job.state == JobState.FAILED:
        found = UNKNOWN_COLUMN.search(job.error)
        return Carried(left=rows, unknown_column=found[1] if found else "")
    verdicts = read_verdicts(sf, job, PUSH_ORDER[rows[0].sobject])
    carried = Carried()
    untold = _match(job, rows, _credible(engine, rows, verdicts), carried)
    carried.confirmed = ask(sf, untold)
    return carried


def ask(sf: Salesforce, rows: list[OutboxWrite]) -> Outcomes:
    """What the org holds of rows that no result tells of."""
    return read_back(sf, rows) if rows else []


def _match(
    job: IngestJob, rows: list[OutboxWrite], verdicts: Verdicts, carried: Carried
) -> list[OutboxWrite]:
    """Sorts the rows by what the results say; those of which they say nothing."""
    untold: list[OutboxWrite] = []
    for row in rows:
        if row.external_id in verdicts.tried:
            carried.outcomes.append((row, verdicts.tried[row.external_id]))
        elif row.external_id not in verdicts.untried:
            untold.append(row)
        elif job.state == JobState.ABORTED:
            carried.outcomes.append((row, ABORTED))
        else:
            carried.left.append(row)
    return untold


def _credible(engine: Engine, rows: list[OutboxWrite], verdicts: Verdicts) -> Verdicts:
    """The results that can belong to these rows: no Id twice, none but the one that we know."""
    with transaction(engine) as session:
        known = known_ids(session, rows[0].sobject, [row.external_id for row in rows])
    saved = {key: result.salesforce_id for key, result in verdicts.tried.items() if result.success}
    strangers = {key for key, record_id in saved.items() if known.get(key, record_id) != record_id}
    strangers |= _sharing_an_id(saved)
    tried = {key: result for key, result in verdicts.tried.items() if key not in strangers}
    return Verdicts(tried, verdicts.untried)


def _sharing_an_id(saved: Mapping[str, str | None]) -> set[str]:
    owners: dict[str | None, list[str]] = {}
    for key, record_id in saved.items():
        owners.setdefault(record_id, []).append(key)
    return {key for keys in owners.values() if len(keys) > 1 for key in keys}
