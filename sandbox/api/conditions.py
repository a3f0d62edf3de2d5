"""Conditional requests: `If-Modified-Since`, `If-Unmodified-Since`, `If-Match`.

Owns how these headers are read. A guard that cannot be read is refused: ignoring it would turn a
guarded write into an unguarded one. Source: REST API guide, "Conditional Request Headers".
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from sandbox.api.call import Answer, Call
from sandbox.org.errors import not_implemented, refuse


def unmodified_since(call: Call) -> datetime | None:
    """The instant after which a record must not have changed; None when no guard is given."""
    return _read(call, "if-unmodified-since")


def check_conditions(call: Call, modified: datetime | None) -> Answer | None:
    """304 when nothing changed since `If-Modified-Since`; None when the answer should be given.

    Raises OrgError PRECONDITION_FAILED (412) when `If-Unmodified-Since` no longer holds.
    """
    since, until = _read(call, "if-modified-since"), unmodified_since(call)
    if modified is None:
        return None
    modified = modified.replace(microsecond=0)
    if until is not None and modified > until:
        raise refuse("PRECONDITION_FAILED", "The record was changed after If-Unmodified-Since.")
    if since is not None and modified <= since:
        return Answer(304, None, last_modified(modified))
    return None


def last_modified(modified: datetime | None) -> dict[str, str]:
    """The `Last-Modified` header of an answer."""
    if modified is None:
        return {}
    return {"Last-Modified": format_datetime(modified.astimezone(UTC), usegmt=True)}


def _read(call: Call, name: str) -> datetime | None:
    for unserved in ("if-match", "if-none-match"):
        if unserved in call.headers:
            raise not_implemented(f"request header {unserved} (ETags)")
    text = call.headers.get(name)
    if text is None:
        return None
    try:
        read = parsedate_to_datetime(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise refuse(
            "BAD_REQUEST", f"{name}: {text!r} is not an HTTP date (Tue, 11 Mar 2025 06:00:00 GMT)"
        ) from error
