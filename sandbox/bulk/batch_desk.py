"""Where batches of the first Bulk API are handed in and worked off.

Owns the order: batches of all jobs run one after the other, in the order in which they came.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sandbox.bulk.batch import Batch, BatchJob, BatchState, BoxState
from sandbox.bulk.batch_query import write_query
from sandbox.bulk.batch_rows import read_rows
from sandbox.bulk.dialect import BadTableError
from sandbox.bulk.jobs import KEPT
from sandbox.bulk.saver import CHUNK, FaultCheck, Saved, Task, save_chunk
from sandbox.bulk.worker import Worker
from sandbox.chunks import chunked
from sandbox.org.errors import OrgError
from sandbox.org.ids import make_id
from sandbox.org.org import Org

_JOB_PREFIX = "750"
_BATCH_PREFIX = "751"
#: Far above the jobs of Bulk API 2.0, with which these share their key prefix.
_FIRST_SERIAL = 62**6
FaultChecks = Callable[[str, str, str], FaultCheck | None]


class BatchDesk:
    """All jobs of the first Bulk API. `find_check` gets the kind of call, its path and user."""

    def __init__(self, org: Org, folder: Path, worker: Worker, find_check: FaultChecks) -> None:
        self._org = org
        self._folder = folder
        self._worker = worker
        self._find_check = find_check
        self._lock = threading.Lock()
        self._serial = _FIRST_SERIAL
        self._jobs: dict[str, BatchJob] = {}
        shutil.rmtree(folder, ignore_errors=True)

    def add_job(self, make: Callable[[str, str], BatchJob]) -> BatchJob:
        """Keep a new job; `make` gets its Id and the moment."""
        with self._lock:
            job = make(make_id(_JOB_PREFIX, self._next()), self._moment())
            self._jobs[job.id] = job
        return job

    def find_job(self, job_id: str) -> BatchJob | None:
        """The job whose Id starts so: 15 characters will do. None once it is too old."""
        limit = self._org.clock.now() - KEPT
        jobs = (j for j in list(self._jobs.values()) if j.id[:15] == job_id[:15])
        return next(
            (j for j in jobs if j.is_at_work or datetime.fromisoformat(j.modified_at) >= limit),
            None,
        )

    def add_batch(self, job: BatchJob, data: bytes, late_s: float = 0.0) -> Batch:
        """Take a batch and work it off when its turn comes.

        What it saves can be read `late_s` seconds of org time later.
        """
        with self._lock:
            batch_id, now = make_id(_BATCH_PREFIX, self._next()), self._moment()
            self._folder.mkdir(parents=True, exist_ok=True)
            request = self._folder / f"{self._serial}.request"
            request.write_bytes(data)
            batch = Batch(batch_id, job.id, request, request.with_suffix(".result"), now, now)
            batch.late_s = late_s
            job.batches[batch_id] = batch
        self._worker.submit(lambda: self._work(job, batch))
        return batch

    def set_state(self, job: BatchJob, state: BoxState) -> None:
        """Close or abort a job."""
        job.state, job.modified_at = state, self._moment()

    def count_batches(self, since: datetime) -> int:
        """Batches that came after that moment."""
        batches = (batch for job in list(self._jobs.values()) for batch in job.batches.values())
        return sum(datetime.fromisoformat(batch.created_at) > since for batch in batches)

    def abort_all(self) -> None:
        """Have no batch start any more."""
        for job in self._jobs.values():
            job.state = BoxState.ABORTED

    def clear(self) -> None:
        """Forget everything; nothing may be under way."""
        self._jobs.clear()
        self._serial = _FIRST_SERIAL
        shutil.rmtree(self._folder, ignore_errors=True)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _moment(self) -> str:
        return self._org.clock.now().isoformat()

    def _work(self, job: BatchJob, batch: Batch) -> None:
        if job.state is BoxState.ABORTED:
            batch.state = BatchState.NOT_PROCESSED
            return
        batch.state = BatchState.IN_PROGRESS
        started = self._org.clock.now()
        batch.message = self._try(job, batch)
        batch.work_ms = self._org.clock.ms_since(started)
        batch.modified_at = self._moment()
        batch.state = BatchState.FAILED if batch.message else BatchState.COMPLETED

    def _try(self, job: BatchJob, batch: Batch) -> str | None:
        """Work the batch off; what stopped it."""
        try:
            if job.is_query:
                batch.processed = write_query(self._org, job, batch)
            else:
                self._save(job, batch)
        except BadTableError as error:
            return str(error)
        except OrgError as error:
            item = error.items[0]
            if item.code == "FEATURENOTENABLED":
                return f"FeatureNotEnabled : {item.message}"
            return f"InvalidBatch : Failed to process query: {error}"
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return f"InternalServerError : {type(error).__name__}: {error}"
        return None

    def _save(self, job: BatchJob, batch: Batch) -> None:
        sobject = self._org.core.sobject(job.sobject)
        rows = read_rows(self._org.schema, sobject, job.content_type, batch.request)
        task = Task(job.operation, sobject, job.external_field)
        path = f"/services/async/{job.version}/job/{job.id}/batch/{batch.id}"
        check = self._find_check("bulk1", path, job.username)
        actor = self._org.actor(job.user_id)
        outcomes: list[dict[str, object]] = []
        for chunk in chunked(rows, CHUNK):
            with self._org.store.late.delaying(batch.late_s):
                saved = save_chunk(self._org, actor, task, chunk, check)
            outcomes += [_outcome(one) for one in saved]
            batch.processed += len(saved)
            batch.failed += sum(bool(one.errors) for one in saved)
        batch.result.write_text(json.dumps(outcomes))


def _outcome(saved: Saved) -> dict[str, object]:
    errors = [
        {"statusCode": item.code, "message": item.message, "fields": list(item.fields)}
        for item in saved.errors
    ]
    return {
        "success": not errors,
        "created": saved.created,
        "id": saved.record_id,
        "errors": errors,
        "text": saved.error_text,
    }
