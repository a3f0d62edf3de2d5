"""All bulk jobs of the org and the folder that their data lies in.

Owns the life of a job on disk: it survives a restart, and one that was under way then starts over
(a query) or fails by name (an ingest, whose first rows are already in the org).
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sandbox.bulk.job import Job, JobKind, JobState, read_job
from sandbox.org.ids import BASE62, MalformedIdError, make_id, normalize_id

_JOB_FILE = "job.json"
_KEY_PREFIX = "750"
_DAY = timedelta(hours=24)
#: Ended jobs and their results are kept so long. Source: Bulk API 2.0 guide, "Limits".
KEPT = timedelta(days=7)


class Jobs:
    """Jobs by Id. `folder` holds one folder per job; `now` is the org's clock."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._serial = 0
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.glob(f"*/{_JOB_FILE}")):
            job = read_job(json.loads(file.read_text()))
            self._jobs[job.id] = job
            self._serial = max(self._serial, int(file.parent.name))

    def add(self, make: Callable[[str, str], Job]) -> Job:
        """Keep a new job; `make` gets its Id and the moment."""
        with self._lock:
            self._serial += 1
            now = self._now().isoformat()
            job = make(make_id(_KEY_PREFIX, self._serial), now)
            (self._folder / f"{self._serial:09d}").mkdir(parents=True)
            self._jobs[job.id] = job
            self._save(job)
        return job

    def find(self, job_id: str, kind: JobKind) -> Job | None:
        """The job of that Id and kind."""
        self.forget_old()
        try:
            job = self._jobs.get(normalize_id(job_id))
        except MalformedIdError:
            return None
        return job if job and job.kind is kind else None

    def all_of(self, kind: JobKind) -> list[Job]:
        """All jobs of a kind, oldest first."""
        self.forget_old()
        return [job for job in list(self._jobs.values()) if job.kind is kind]

    def created_today(self, kind: JobKind) -> list[Job]:
        """Jobs of that kind created within 24 hours of org time."""
        since = self._now() - _DAY
        return [job for job in self.all_of(kind) if datetime.fromisoformat(job.created_at) > since]

    def size_of(self, job: Job, name: str) -> int:
        """Bytes of a file of the job; 0 when there is none."""
        file = self.file(job, name)
        return file.stat().st_size if file.exists() else 0

    def forget_old(self) -> None:
        """Forget the jobs that ended longer ago than they are kept."""
        limit = self._now() - KEPT
        for job in list(self._jobs.values()):
            if job.has_ended and datetime.fromisoformat(job.modified_at) < limit:
                self.delete(job)

    @contextmanager
    def change(self, job: Job) -> Iterator[Job]:
        """Change a job while nobody else does; it is kept and its stamp moves."""
        with self._lock:
            yield job
            job.modified_at = self._now().isoformat()
            if job.id in self._jobs:
                self._save(job)

    def delete(self, job: Job) -> None:
        """Forget a job and its data."""
        with self._lock:
            if self._jobs.pop(job.id, None):
                shutil.rmtree(self._path(job), ignore_errors=True)

    def clear(self) -> None:
        """Forget all jobs, also those that wait, and number the next one as the first."""
        with self._lock:
            for job in list(self._jobs.values()):
                if not job.has_ended:
                    job.state = JobState.ABORTED
                self.delete(job)
            self._serial = 0

    def file(self, job: Job, name: str) -> Path:
        """Where a file of the job lies."""
        return self._path(job) / name

    def recover(self) -> list[Job]:
        """Settle the jobs that a stop interrupted; those to start (again) now."""
        for job in self._jobs.values():
            if job.state is JobState.IN_PROGRESS and job.kind is JobKind.INGEST:
                job.state = JobState.FAILED
                job.error = "InternalServerError : The org was stopped while the job ran"
                self._save(job)
        waiting = {JobState.UPLOAD_COMPLETE, JobState.IN_PROGRESS}
        return [job for job in self._jobs.values() if job.state in waiting]

    def _path(self, job: Job) -> Path:
        return self._folder / f"{serial_of(job.id):09d}"

    def _save(self, job: Job) -> None:
        file = self._path(job) / _JOB_FILE
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(job.as_json()))
        draft.replace(file)


def serial_of(job_id: str) -> int:
    """The serial number that an Id was made of."""
    serial = 0
    for digit in job_id[6:15]:
        serial = serial * 62 + BASE62.index(digit)
    return serial
