"""Bulk API 2.0 ingest: `jobs/ingest`, its data and its result files.

Owns which call is allowed in which state. Source: Bulk API 2.0 guide, "Bulk API 2.0 Ingest".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from sandbox.api.bulk_jobs import (
    CSV_TYPE,
    KIND,
    abort_job,
    bad_job,
    bad_state,
    delete_job,
    find_delay,
    find_job,
    find_shuffle_seed,
    list_jobs,
    read_dialect,
    show_job,
    show_progress,
)
from sandbox.api.call import Answer, Call, Route, Stream
from sandbox.bulk.ingest import (
    FAILED,
    RESULT_VERDICTS,
    SUCCESSFUL,
    UPLOAD,
    unprocessed_rows,
)
from sandbox.bulk.job import Job, JobKind, JobState
from sandbox.bulk.result_file import ResultFile
from sandbox.bulk.saver import OPERATIONS
from sandbox.org.errors import refuse

_KEYS = frozenset(
    {
        "assignmentRuleId",
        "columnDelimiter",
        "concurrencyMode",
        "contentType",
        "externalIdFieldName",
        "lineEnding",
        "object",
        "operation",
    }
)


def create_job(call: Call) -> Answer:
    """A new job that waits for its data."""
    body = {name: value for name, value in call.json_object().items() if value is not None}
    dialect = read_dialect(body, _KEYS)
    operation, sobject, external = _read_task(call, body)
    seed = find_shuffle_seed(call.faults)

    def make(job_id: str, now: str) -> Job:
        return Job(
            job_id,
            JobKind.INGEST,
            operation,
            sobject,
            call.actor.user_id,
            call.actor.username,
            call.version,
            now,
            now,
            external_field=external,
            shuffle_seed=seed,
            dialect=dialect,
        )

    return Answer(body=show_job(call.services.bulk.jobs.add(make)))


def read_job(call: Call, job_id: str) -> Answer:
    """How far the job is."""
    return Answer(body=show_progress(find_job(call, job_id, JobKind.INGEST)))


def upload_data(call: Call, job_id: str) -> Answer:
    """201; the whole data of the job in one go."""
    job = find_job(call, job_id, JobKind.INGEST)
    media_type = call.headers.get("content-type", "text/csv").partition(";")[0].strip().lower()
    if media_type != "text/csv":
        raise refuse("UNSUPPORTED_MEDIA_TYPE", f"Content-Type {media_type} must be text/csv")
    jobs = call.services.bulk.jobs
    with jobs.change(job):
        if job.state is not JobState.OPEN:
            raise bad_state(f"Data cannot be uploaded to a job in state {job.state}")
        if job.has_data:
            raise bad_state(f"Job {job.id} already has its data; upload once, then close the job")
        jobs.file(job, UPLOAD).write_bytes(call.raw_body)
        job.has_data = True
    return Answer(201)


def change_state(call: Call, job_id: str) -> Answer:
    """Close the job, so that it is worked off, or abort it."""
    job = find_job(call, job_id, JobKind.INGEST)
    state = call.json_object().get("state")
    if state == JobState.ABORTED:
        return abort_job(call, job)
    if state != JobState.UPLOAD_COMPLETE:
        raise bad_state(f"A client sets a job to UploadComplete or Aborted, not to {state}")
    if job.state is not JobState.OPEN:
        raise bad_state(f"A job in state {job.state} cannot be closed again")
    if not job.has_data:
        raise bad_state(f"Job {job.id} has no data; upload it before you close the job")
    job.late_s = find_delay(call.faults)
    with call.services.bulk.submission(job):
        return Answer(body=show_job(job))


def show_result(call: Call, job_id: str, *, name: str) -> Answer:
    """The rows that came to this end, each with its verdict, as CSV."""
    job = _ended_job(call, job_id)
    path = call.services.bulk.jobs.file(job, name)
    if not path.exists():
        # The job failed before its first row.
        lines: list[str] = []
        job.dialect.writer(lines.append).writerow(["sf__Id", RESULT_VERDICTS[name]])
        return _csv(len(lines[0]), [lines[0].encode()])
    found = ResultFile(path)
    return _csv(*found.read(0, found.count))


def show_unprocessed(call: Call, job_id: str) -> Answer:
    """The rows that were never tried, as they were sent."""
    job = _ended_job(call, job_id)
    size = sum(len(line.encode()) for line in unprocessed_rows(call.services.bulk.jobs, job))
    return _csv(size, (line.encode() for line in unprocessed_rows(call.services.bulk.jobs, job)))


def _read_task(call: Call, body: Mapping[str, object]) -> tuple[str, str, str | None]:
    missing = [name for name in ("object", "operation") if not body.get(name)]
    if missing:
        raise bad_job(f"Missing required fields: {', '.join(missing)}")
    operation = str(body["operation"])
    if operation not in OPERATIONS:
        raise bad_job(f"Unknown operation {operation}; it is none of {', '.join(OPERATIONS)}")
    sobject = call.services.org.schema.sobject(str(body["object"]))
    if sobject is None or not call.actor.access.can_see(sobject):
        raise bad_job(f"Unable to find object: {body['object']}")
    name = body.get("externalIdFieldName")
    if operation != "upsert":
        return operation, sobject.name, None
    if not name:
        raise bad_job("Must specify externalIdFieldName for upsert")
    field = sobject.field(str(name))
    if field is None or not (field.external_id or field.name == "Id"):
        raise bad_job(f"Field name {name} is no external ID of {sobject.name}")
    return operation, sobject.name, field.name


def _ended_job(call: Call, job_id: str) -> Job:
    job = find_job(call, job_id, JobKind.INGEST)
    if not job.has_ended:
        raise bad_state(f"Results are not available for a job in state {job.state}")
    return job


def _csv(size: int, pieces: Iterable[bytes]) -> Answer:
    return Answer(body=Stream(CSV_TYPE, size, pieces))


_JOB = "jobs/ingest/{job_id}"
ROUTES = [
    Route(
        "jobs/ingest", {"GET": partial(list_jobs, kind=JobKind.INGEST), "POST": create_job}, KIND
    ),
    Route(
        _JOB,
        {
            "GET": read_job,
            "PATCH": change_state,
            "DELETE": partial(delete_job, kind=JobKind.INGEST),
        },
        KIND,
    ),
    Route(f"{_JOB}/batches", {"PUT": upload_data}, KIND),
    Route(f"{_JOB}/successfulResults", {"GET": partial(show_result, name=SUCCESSFUL)}, KIND),
    Route(f"{_JOB}/failedResults", {"GET": partial(show_result, name=FAILED)}, KIND),
    Route(f"{_JOB}/unprocessedRecords", {"GET": show_unprocessed}, KIND),
]
