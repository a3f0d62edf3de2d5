"""Works off a query job: the rows of a query into a file.

Owns how values look in a table: moments end in `Z`, truths are words, nothing is an empty cell.
Source: Bulk API 2.0 guide, "Get Results for a Query Job"; answers of real orgs for the moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from sandbox.bulk.job import Job
from sandbox.bulk.jobs import Jobs
from sandbox.bulk.result_file import ResultFile, ResultWriter
from sandbox.org.org import Org
from sandbox.org.schema import FieldType, Schema, SObject
from sandbox.soql.shapes import Values

RESULTS = "results.csv"
_PIECE = 2_000


def run_query(org: Org, jobs: Jobs, job: Job, may_go_on: Callable[[], bool]) -> None:
    """Write the query's rows into the job's file while `may_go_on`. Raises OrgError."""
    path = jobs.file(job, RESULTS)
    is_all = job.operation == "queryAll"
    with org.export(org.actor(job.user_id), str(job.query), include_deleted=is_all) as export:
        moments = moment_columns(org.schema, org.core.sobject(job.sobject), export.columns)
        with ResultWriter(path, job.dialect, export.columns) as writer:
            while may_go_on() and (columns := export.columns_of(_PIECE)):
                writer.write(table_rows(columns, moments))
                job.processed = writer.count
    if job.shuffle_seed is not None:
        ResultFile(path).shuffle(job.shuffle_seed)


def table_rows(columns: Sequence[Values], moments: Sequence[bool]) -> Iterator[tuple[object, ...]]:
    """Columns of JSON values as rows of a table."""
    texts = [_texts(*pair) for pair in zip(columns, moments, strict=True)]
    return zip(*texts, strict=True)


def moment_columns(schema: Schema, sobject: SObject, names: Sequence[str]) -> list[bool]:
    """Which of the selected columns hold datetimes."""
    return [_is_moment(schema, sobject, name.split(".")) for name in names]


def _is_moment(schema: Schema, sobject: SObject, path: list[str]) -> bool:
    found: SObject | None = sobject
    for relationship in path[:-1]:
        lookup = found.parent_field(relationship) if found else None
        found = schema.sobject(lookup.reference_to[0]) if lookup else None
    field = found.field(path[-1]) if found else None
    return field is not None and field.type is FieldType.DATETIME


def _texts(values: Values, is_moment: bool) -> Values:
    if is_moment:
        return [None if value is None else f"{value:.23}Z" for value in values]
    first = next((value for value in values if value is not None), None)
    if isinstance(first, bool):
        return [None if value is None else "true" if value else "false" for value in values]
    if isinstance(first, Decimal):
        return [None if value is None else f"{value:f}" for value in values]
    return values
