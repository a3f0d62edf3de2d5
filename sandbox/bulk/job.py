"""A bulk job: what was asked for, and how far it is.

Owns the states and which of them end a job. Source: Bulk API 2.0 guide, "Understanding Job State".
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum

from sandbox.bulk.dialect import Dialect


class JobState(StrEnum):
    """Where a job is on its way."""

    OPEN = "Open"  #: takes data
    UPLOAD_COMPLETE = "UploadComplete"  #: has all its data and waits for its turn
    IN_PROGRESS = "InProgress"  #: is being worked off
    ABORTED = "Aborted"  #: a person stopped it; rows done until then stay done
    JOB_COMPLETE = "JobComplete"  #: every row was tried
    FAILED = "Failed"  #: cannot be worked off; `error` says why


ENDED = frozenset({JobState.ABORTED, JobState.JOB_COMPLETE, JobState.FAILED})


class JobKind(StrEnum):
    """Which resource a job belongs to; the value is its path below `jobs/`."""

    INGEST = "ingest"  #: rows into the org
    QUERY = "query"  #: rows out of the org


@dataclass
class Job:
    """One job of Bulk API 2.0. Times are ISO 8601 UTC in org time."""

    id: str
    kind: JobKind
    operation: str
    sobject: str  #: canonical name
    user_id: str
    username: str
    version: str  #: `59.0`
    created_at: str
    modified_at: str
    state: JobState = JobState.OPEN
    dialect: Dialect = field(default_factory=Dialect)  #: how the job's files are written
    external_field: str | None = None
    query: str | None = None
    error: str | None = None
    processed: int = 0  #: rows tried, the failed ones among them
    failed: int = 0
    work_ms: int = 0
    has_data: bool = False
    shuffle_seed: int | None = None  #: a fault: the results come in another order
    late_s: float = 0.0  #: a fault: saved rows can be read that much org time later

    @property
    def has_ended(self) -> bool:
        """True when nothing will change any more."""
        return self.state in ENDED

    def as_json(self) -> dict[str, object]:
        """The job as it is kept on disk."""
        return asdict(self)


def read_job(kept: dict[str, object]) -> Job:
    """A job from its form on disk."""
    job = Job(**kept)  # type: ignore[arg-type]
    job.kind, job.state = JobKind(job.kind), JobState(job.state)
    job.dialect = Dialect(**kept["dialect"])  # type: ignore[arg-type]
    return job
