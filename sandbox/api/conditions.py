"""Conditional requests: `If-Modified-Since`, `If-Unmodified-Since`, `If-Match`, `If-None-Match`.

Owns how these headers are read. A guard that cannot be read, or does not count where it stands, is
refused: ignoring it would turn a guarded write into an unguarded one. Source: REST API guide,
"Conditional Request Headers": ETags exist for accounts only, and no guard for DELETE.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from sandbox.api.call import Answer, Call
from sandbox.org.errors import not_implemented, refuse

#: The one sObject whose records have ETags.
TAGGED = "Account"
_TAG_HEADERS = ("if-match", "if-none-match")


def make_tag(values: Mapping[str, object]) -> str:
    """The ETag of a record with these values: other values, another tag."""
    text = repr(sorted(values.items()))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def refuse_guards(call: Call) -> None:
    """Raise OrgError when the call carries a guard, where Salesforce knows none."""
    for name in (*_TAG_HEADERS, "if-unmodified-since"):
        if name in call.headers:
            raise not_implemented(f"request header {name} on {call.method}")


def names_tags(call: Call) -> bool:
    """Whether the call speaks of ETags, so that the record's must be known."""
    return any(name in call.headers for name in _TAG_HEADERS)


def check_tags(call: Call, tag: str | None) -> bool:
    """False when a GET need not be answered, since the client has this very record.

    `tag` is None where records have no ETag. Raises OrgError PRECONDITION_FAILED (412) when the
    record is not the one that the client means.
    """
    if tag is None:
        _refuse_tags(call)
        return True
    wanted, known = (_read_tags(call, name) for name in _TAG_HEADERS)
    if wanted is not None and not wanted & {tag, "*"}:
        raise refuse("PRECONDITION_FAILED", f"The record's ETag is {tag}; it is not If-Match.")
    if known is None or not known & {tag, "*"}:
        return True
    if call.method in {"GET", "HEAD"}:
        return False
    raise refuse("PRECONDITION_FAILED", f"The record's ETag is {tag}; it is If-None-Match.")


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


def _refuse_tags(call: Call) -> None:
    for name in _TAG_HEADERS:
        if name in call.headers:
            raise not_implemented(f"request header {name} (only {TAGGED} records have ETags)")


def _read_tags(call: Call, name: str) -> set[str] | None:
    text = call.headers.get(name)
    if text is None:
        return None
    return {tag.strip().removeprefix("W/") for tag in text.split(",")}


def _read(call: Call, name: str) -> datetime | None:
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
