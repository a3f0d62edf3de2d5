"""What every sender's endpoint does alike: a limited body, the refusals, a database that is down.

Owns those answers. A refusal says little to the sender, is counted, and a sample of it is logged
without the body, which may carry anything.
"""

from __future__ import annotations

import hmac
import logging
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from flask import Request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.database import transaction
from webhooks.inbox import Delivery, store_deliveries

logger = logging.getLogger(__name__)

#: Of the refusals of one sender, the first and every so many-th are logged.
SAMPLED = 100


class Refused(Exception):
    """The delivery is not taken. Carries the status of the answer."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Refusals:
    """How many deliveries of each sender this process refused, by reason. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def note(self, source: str, refused: Refused) -> None:
        """Counts a refusal, and tells of a sample."""
        with self._lock:
            self._counts[source, refused.status.phrase] += 1
            count = self._counts[source, refused.status.phrase]
        if count % SAMPLED == 1:
            extra = {"source": source, "status": refused.status, "why": refused.why, "count": count}
            logger.warning("a delivery was refused", extra=extra)

    def counts(self) -> dict[tuple[str, str], int]:
        """Refusals so far by sender and reason."""
        with self._lock:
            return dict(self._counts)


def read_body(request: Request, most_bytes: int) -> bytes:
    """The raw bytes of a request.

    Raises Refused: 413 beyond `most_bytes`, reading no further; 400 when it breaks on its way.
    """
    declared = request.content_length
    if declared is not None and declared > most_bytes:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{declared} bytes announced")
    try:
        body = request.stream.read(most_bytes + 1)
    except Exception as error:
        # Each server has errors of its own for a chunk without a length, or a sender that leaves.
        raise Refused(HTTPStatus.BAD_REQUEST, f"it broke ({type(error).__name__})") from error
    if len(body) > most_bytes:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {most_bytes} bytes")
    if declared is not None and len(body) < declared:
        raise Refused(HTTPStatus.BAD_REQUEST, f"{len(body)} of {declared} bytes arrived")
    return body


def is_known_secret(given: str, secrets: Sequence[str]) -> bool:
    """Whether `given` is one of the active secrets; every one is compared, in constant time."""
    matches = [hmac.compare_digest(given.encode(), secret.encode()) for secret in secrets]
    return any(matches)


def keep(engine: Engine, deliveries: Sequence[Delivery]) -> int:
    """Stores deliveries for good; how many were new.

    Raises Refused (503) when our database does not answer: the sender tries again.
    """
    try:
        with transaction(engine) as session:
            return store_deliveries(session, deliveries, datetime.now(UTC))
    except SQLAlchemyError as error:
        why = f"the database does not answer ({type(error).__name__})"
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, why) from error
