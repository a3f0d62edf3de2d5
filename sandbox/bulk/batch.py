"""Jobs of the first Bulk API: a job is a box of batches, each worked off by itself.

Owns their states and their counters. They live in memory and their data in the desk's folder; a
restart forgets them, as a client of this old API must expect to start over anyway.
Source: Bulk API developer guide, "JobInfo", "BatchInfo".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class BoxState(StrEnum):
    """Whether a job takes batches."""

    OPEN = "Open"  #: takes batches
    CLOSED = "Closed"  #: takes no more; those it has are worked off
    ABORTED = "Aborted"  #: batches that had not started are not processed


class BatchState(StrEnum):
    """Where a batch is on its way."""

    QUEUED = "Queued"  #: waits for its turn
    IN_PROGRESS = "InProgress"  #: is being worked off
    COMPLETED = "Completed"  #: every row was tried; rows may have failed
    FAILED = "Failed"  #: cannot be worked off; the message says why
    NOT_PROCESSED = "NotProcessed"  #: its job was aborted before


class ContentType(StrEnum):
    """The format of a job's batches and results."""

    CSV = "CSV"  #: text/csv
    JSON = "JSON"  #: application/json
    XML = "XML"  #: application/xml


@dataclass
class Batch:
    """One batch. Times are ISO 8601 UTC in org time."""

    id: str
    job_id: str
    request: Path  #: the body as sent
    result: Path  #: outcomes in JSON, or the rows of a query in the job's format
    created_at: str
    modified_at: str
    state: BatchState = BatchState.QUEUED
    message: str | None = None
    processed: int = 0
    failed: int = 0
    work_ms: int = 0
    late_s: float = 0.0  #: a fault: saved rows can be read that much org time later


@dataclass
class BatchJob:
    """One job of the first Bulk API."""

    id: str
    operation: str
    sobject: str  #: canonical name
    content_type: ContentType
    user_id: str
    username: str
    version: str  #: `59.0`
    created_at: str
    modified_at: str
    concurrency: str = "Parallel"
    external_field: str | None = None
    state: BoxState = BoxState.OPEN
    shuffle_seed: int | None = None  #: a fault: the rows of a query come in another order
    batches: dict[str, Batch] = field(default_factory=dict)

    @property
    def is_query(self) -> bool:
        """True when rows go out of the org."""
        return self.operation in {"query", "queryAll"}

    @property
    def is_at_work(self) -> bool:
        """True while it takes batches or works them off."""
        waiting = self.count(BatchState.QUEUED, BatchState.IN_PROGRESS)
        return self.state is BoxState.OPEN or waiting > 0

    def count(self, *states: BatchState) -> int:
        """How many batches are in one of the states."""
        return sum(batch.state in states for batch in self.batches.values())
