"""Works off an ingest job: its rows into the org, its outcomes into two result files.

Owns what a job does with a table that cannot be read (it fails, and every row not yet tried stays
unprocessed) and how the result files look. Source: Bulk API 2.0 guide, "Get Job … Record Results".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from sandbox.bulk.columns import Column, check_name, read_columns, read_row
from sandbox.bulk.dialect import BadTableError
from sandbox.bulk.job import Job
from sandbox.bulk.jobs import Jobs
from sandbox.bulk.result_file import ResultFile, ResultWriter
from sandbox.bulk.saver import CHUNK, FaultCheck, Saved, Task, Values, save_chunk
from sandbox.chunks import chunked
from sandbox.org.errors import OrgError
from sandbox.org.org import Org

UPLOAD = "upload.csv"
SUCCESSFUL = "successful.csv"
FAILED = "failed.csv"
#: The result files, each with the column that it adds beside sf__Id.
RESULT_VERDICTS = {SUCCESSFUL: "sf__Created", FAILED: "sf__Error"}
_DELETES = frozenset({"delete", "hardDelete"})


def run_ingest(
    org: Org,
    jobs: Jobs,
    job: Job,
    may_go_on: Callable[[], bool],
    check_fault: FaultCheck | None = None,
) -> None:
    """Save the rows of the upload until there are none left or `may_go_on` says no.

    Raises BadTableError when the upload, or the rest of it, cannot be read.
    """
    rows = job.dialect.read(jobs.file(job, UPLOAD))
    header = next(rows, [])
    columns = _plan_columns(org, job, header)
    task = Task(job.operation, org.core.sobject(job.sobject), job.external_field)
    with ExitStack() as stack:
        results = _Results(stack, jobs, job, header)
        for chunk in chunked(rows, CHUNK):
            if not may_go_on():
                break
            values = [_read_values(columns, cells) for cells in chunk]
            with org.store.late.delaying(job.late_s):
                saved = save_chunk(org, org.actor(job.user_id), task, values, check_fault)
            results.write(chunk, saved)
            with jobs.change(job):
                job.processed += len(saved)
                job.failed += sum(bool(outcome.errors) for outcome in saved)
    if job.shuffle_seed is not None:
        for name in RESULT_VERDICTS:
            ResultFile(jobs.file(job, name)).shuffle(job.shuffle_seed)


def unprocessed_rows(jobs: Jobs, job: Job) -> Iterator[str]:
    """The header and the rows that were never tried, as lines of CSV."""
    lines: list[str] = []
    writer = job.dialect.writer(lines.append)
    try:
        rows = job.dialect.read(jobs.file(job, UPLOAD)) if job.has_data else iter(())
        for number, row in enumerate(rows):
            if number == 0 or number > job.processed:
                writer.writerow(row)
                yield lines.pop()
    except BadTableError:
        # The job's own errorMessage says what is wrong from here on.
        return


class _Results:
    """The two files that outcomes go to."""

    def __init__(self, stack: ExitStack, jobs: Jobs, job: Job, header: Sequence[str]) -> None:
        self._successful, self._failed = (
            stack.enter_context(
                ResultWriter(jobs.file(job, name), job.dialect, ["sf__Id", verdict, *header])
            )
            for name, verdict in RESULT_VERDICTS.items()
        )

    def write(self, rows: Sequence[Sequence[str]], saved: Sequence[Saved]) -> None:
        pairs = list(zip(rows, saved, strict=True))
        self._successful.write(
            [o.record_id, str(o.created).lower(), *row] for row, o in pairs if not o.errors
        )
        self._failed.write([o.record_id, o.error_text, *row] for row, o in pairs if o.errors)


def _plan_columns(org: Org, job: Job, header: Sequence[str]) -> list[Column]:
    if not header:
        raise BadTableError("InvalidBatch : The upload has no header row")
    sobject = org.core.sobject(job.sobject)
    columns = read_columns(org.schema, sobject, header)
    names = {column.name.lower() for column in columns}
    if job.operation in _DELETES and names != {"id"}:
        raise BadTableError("InvalidBatch : Delete batch must contain only ids")
    key = "Id" if job.operation == "update" else job.external_field
    if key is not None and key.lower() not in names:
        check_name(sobject, key)
        raise BadTableError(f"InvalidBatch : Field name not found : {key}")
    return columns


def _read_values(columns: Sequence[Column], cells: Sequence[str]) -> Values | OrgError:
    try:
        return read_row(columns, cells)
    except OrgError as error:
        return error
