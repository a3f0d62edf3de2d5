"""Where bulk jobs are handed in, worked off and ended.

Owns the order of a job's states and who may move it: a client opens, closes and aborts, the worker
does the rest.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.bulk.batch_desk import BatchDesk
from sandbox.bulk.dialect import BadTableError
from sandbox.bulk.ingest import run_ingest
from sandbox.bulk.job import Job, JobKind, JobState
from sandbox.bulk.jobs import Jobs
from sandbox.bulk.query import run_query
from sandbox.bulk.saver import FaultCheck
from sandbox.bulk.worker import Worker
from sandbox.org.errors import OrgError, refuse
from sandbox.org.org import Org

#: The fault check for the rows of a job (kind of call, path, user), or None when no fault looks.
FaultChecks = Callable[[str, str, str], FaultCheck | None]


class BulkDesk:
    """The org's bulk jobs. `folder` None keeps them in a temporary folder, gone at the end."""

    def __init__(self, org: Org, folder: Path | None, find_check: FaultChecks) -> None:
        self._org = org
        self._find_check = find_check
        self._temporary = None if folder else tempfile.TemporaryDirectory()
        self.folder = folder or Path(self._temporary.name if self._temporary else "")
        self.jobs = Jobs(self.folder / "jobs", org.clock.now)
        self.worker = Worker()
        self.batches = BatchDesk(org, self.folder / "batches", self.worker, find_check)
        self._is_closing = False
        for job in self.jobs.recover():
            self._queue(job)

    @contextmanager
    def submission(self, job: Job) -> Iterator[None]:
        """All data is here: work the job off when its turn comes, but not before the block ends.

        What the block says about the job is therefore about a job that waits. Raises OrgError when
        it has ended meanwhile.
        """
        with self.jobs.change(job):
            if job.has_ended:
                raise refuse("INVALIDJOBSTATE", f"Job {job.id} has ended")
            job.state = JobState.UPLOAD_COMPLETE
            yield
        self._queue(job)

    def abort(self, job: Job) -> None:
        """Stop a job that has not ended; what it has done stays done."""
        with self.jobs.change(job):
            if not job.has_ended:
                job.state = JobState.ABORTED

    def clear(self) -> None:
        """Stop and forget all jobs."""
        for kind in JobKind:
            for job in self.jobs.all_of(kind):
                self.abort(job)
        self.batches.abort_all()
        self.worker.wait()
        self.jobs.clear()
        # One that came meanwhile ends with its chunk, which must not land in the data to come.
        self.worker.wait()
        self.batches.clear()

    def close(self) -> None:
        """Let the job under way stop after its chunk, and free everything."""
        self._is_closing = True
        self.batches.abort_all()
        self.worker.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _queue(self, job: Job) -> None:
        self.worker.submit(lambda: self._work(job))

    def _work(self, job: Job) -> None:
        with self.jobs.change(job):
            if job.has_ended or self._is_closing:
                return
            job.state = JobState.IN_PROGRESS
        started = self._org.clock.now()
        error = self._try(job)
        if self._is_closing:
            return  # the next start settles it
        with self.jobs.change(job):
            job.work_ms = self._org.clock.ms_since(started)
            if not job.has_ended:
                job.state = JobState.FAILED if error else JobState.JOB_COMPLETE
                job.error = error

    def _try(self, job: Job) -> str | None:
        """Work the job off; what stopped it."""

        def may_go_on() -> bool:
            return job.state is JobState.IN_PROGRESS and not self._is_closing

        try:
            if job.kind is JobKind.INGEST:
                path = f"/services/data/v{job.version}/jobs/ingest/{job.id}"
                check = self._find_check("bulk2", path, job.username)
                run_ingest(self._org, self.jobs, job, may_go_on, check)
            else:
                run_query(self._org, self.jobs, job, may_go_on)
        except BadTableError as error:
            return str(error)
        except OrgError as error:
            return f"InvalidBatch : Failed to process query: {error}"
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return f"InternalServerError : {type(error).__name__}: {error}"
        return None
