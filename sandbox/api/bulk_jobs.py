"""What ingest and query jobs of Bulk API 2.0 share: their JSON, their lists, their ends.

Owns the shape of a job's information: the counters come only when a single job is asked for.
Source: Bulk API 2.0 guide, "Get Information About a Job", "Get Information About All Jobs".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from sandbox.api.call import Answer, Call
from sandbox.api.router import not_found
from sandbox.bulk.dialect import DELIMITERS, LINE_ENDINGS, Dialect
from sandbox.bulk.job import Job, JobKind, JobState
from sandbox.bulk.saver import FaultCheck
from sandbox.fault import Fault, FaultAction, Target, find_hit
from sandbox.faults import FaultPlan
from sandbox.org.errors import OrgError, refuse

KIND = "bulk2"
CSV_TYPE = "text/csv;charset=UTF-8"
#: Jobs on one page of a list.
_LIST_PAGE = 1000
_JOB_TYPES = {JobKind.INGEST: "V2Ingest", JobKind.QUERY: "V2Query"}


def bad_job(message: str) -> OrgError:
    """The request makes no job."""
    return refuse("INVALIDJOB", f"InvalidJob : {message}")


def bad_state(message: str) -> OrgError:
    """The job's state forbids it."""
    return refuse("INVALIDJOBSTATE", message)


def find_job(call: Call, job_id: str, kind: JobKind) -> Job:
    """The job that a path names. Raises OrgError NOT_FOUND."""
    job = call.services.bulk.jobs.find(job_id, kind)
    if job is None:
        raise not_found()
    return job


def read_dialect(body: Mapping[str, object], known: frozenset[str]) -> Dialect:
    """The column delimiter and line ending that the body asks for.

    Raises OrgError for a value or a key that is not known, and for another format than CSV.
    """
    unknown = sorted(set(body) - known)
    if unknown:
        raise refuse("JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}"')
    if str(body.get("contentType") or "CSV").upper() != "CSV":
        raise bad_job(f"contentType {body['contentType']} is not supported; it must be CSV")
    return Dialect(
        _choose(body, "columnDelimiter", "COMMA", DELIMITERS),
        _choose(body, "lineEnding", "LF", LINE_ENDINGS),
    )


def _choose(
    body: Mapping[str, object], name: str, default: str, known: Mapping[str, object]
) -> str:
    value = str(body.get(name) or default).upper()
    if value not in known:
        raise bad_job(f"{name} {body[name]} is none of {', '.join(known)}")
    return value


def find_shuffle_seed(faults: Sequence[Fault]) -> int | None:
    """The seed of a fault that has the results of a job created now come out of order."""
    hit = find_hit(faults, FaultAction.SHUFFLED_BULK_RESULTS)
    return hit.seed if hit else None


def find_delay(faults: Sequence[Fault]) -> float:
    """After how much org time the rows of a job closed now can be read; 0 means at once."""
    hit = find_hit(faults, FaultAction.LATE_VISIBLE_COMMITS)
    return hit.delay_s if hit else 0.0


def show_job(job: Job) -> dict[str, object]:
    """A job as its creation and its changes answer it."""
    shown: dict[str, object] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.sobject,
        "createdById": job.user_id,
        "createdDate": show_moment(job.created_at),
        "systemModstamp": show_moment(job.modified_at),
        "state": str(job.state),
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": Decimal(job.version),
    }
    if job.external_field is not None:
        shown["externalIdFieldName"] = job.external_field
    if job.kind is JobKind.INGEST and job.state is JobState.OPEN:
        shown["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    return shown | {
        "lineEnding": job.dialect.line_ending,
        "columnDelimiter": job.dialect.column_delimiter,
    }


def show_progress(job: Job) -> dict[str, object]:
    """A job with its counters."""
    shown = show_job(job) | {
        "jobType": _JOB_TYPES[job.kind],
        "numberRecordsProcessed": job.processed,
        "retries": 0,
        "totalProcessingTime": job.work_ms,
    }
    if job.kind is JobKind.INGEST:
        shown |= {
            "numberRecordsFailed": job.failed,
            "apiActiveProcessingTime": job.work_ms,
            "apexProcessingTime": 0,
        }
    else:
        shown["isPkChunkingSupported"] = True
    if job.error is not None:
        shown["errorMessage"] = job.error
    return shown


def show_moment(moment: str) -> str:
    """A moment as jobs show it."""
    return f"{moment:.19}.000+0000"


def list_jobs(call: Call, kind: JobKind) -> Answer:
    """All jobs of a kind, a page at a time."""
    jobs = call.services.bulk.jobs.all_of(kind)
    given = call.params.get("queryLocator", "0")
    is_number = given.isascii() and given.isdecimal() and len(given) < 12
    start = int(given) if is_number else len(jobs)
    end = start + _LIST_PAGE
    is_done = end >= len(jobs)
    following = None if is_done else f"{call.data_url}/jobs/{kind}?queryLocator={end}"
    records = [show_job(job) | {"jobType": _JOB_TYPES[kind]} for job in jobs[start:end]]
    return Answer(body={"done": is_done, "records": records, "nextRecordsUrl": following})


def delete_job(call: Call, job_id: str, kind: JobKind) -> Answer:
    """204; only of a job that nobody works on."""
    job = find_job(call, job_id, kind)
    if not job.has_ended:
        raise bad_state(f"Cannot delete a job in state {job.state}; abort it or wait for its end")
    call.services.bulk.jobs.delete(job)
    return Answer(204)


def abort_job(call: Call, job: Job) -> Answer:
    """The job, stopped. Raises OrgError when it has already ended otherwise."""
    if job.has_ended and job.state is not JobState.ABORTED:
        raise bad_state(f"Cannot abort a job in state {job.state}")
    call.services.bulk.abort(job)
    return Answer(body=show_job(job))


def row_fault_check(
    faults: FaultPlan, kind: str, path: str, user: str, method: str = "PUT"
) -> FaultCheck | None:
    """How to find out whether a planned fault hits a row of a job; None when none looks.

    `method` is the verb that brought the rows.
    """
    return partial(_hit_row, faults, method, kind, path, user) if faults.has_inner else None


def _hit_row(faults: FaultPlan, method: str, kind: str, path: str, user: str, row: str) -> None:
    faults.fire_inner(Target(method, path, kind, user, row.encode, inner=True))
