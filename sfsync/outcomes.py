"""What an outcome of one write means for the push.

Owns the distinction between what comes back at once, what is tried later, and what a person has to
correct.
"""

from __future__ import annotations

import logging

from sfsync.errors import SalesforceError, SalesforceRetryable
from sfsync.guard import was_overtaken
from sfsync.outbox import OutboxWrite
from sfsync.results import SaveResult

logger = logging.getLogger(__name__)

_OVERTAKEN = SalesforceRetryable(
    "People keep saving this record, so that the change was overtaken each time.",
    code="RECORD_BUSY",
    remedy="Nothing to do: it is merged and sent again by itself.",
)


def failure(error: SalesforceError) -> SaveResult:
    """The outcome of a write that did not get as far as an answer of its own."""
    return SaveResult(None, success=False, created=False, errors=(error,))


def as_later(result: SaveResult) -> SaveResult:
    """A refusal because people keep saving the record is not the write's fault."""
    return failure(_OVERTAKEN) if was_overtaken(result) else result


def comes_back(result: SaveResult) -> bool:
    """Whether the write is to be sent again at once: another save was in the way."""
    return is_held(result) or was_overtaken(result)


def is_held(result: SaveResult) -> bool:
    """Whether another save holds the record."""
    return not result.success and result.errors[0].code == "UNABLE_TO_LOCK_ROW"


def log_failure(row: OutboxWrite, error: SalesforceError) -> None:
    """Tells the log, without values."""
    facts = {"sobject": row.sobject, "external_id": row.external_id, "code": error.code}
    if isinstance(error, SalesforceRetryable):
        logger.warning("write is tried again later", extra=facts)
    else:
        logger.error("write rejected; someone must correct it", extra=facts)
