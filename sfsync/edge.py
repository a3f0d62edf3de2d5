"""Turns every failure of simple-salesforce and of the network into one of our errors.

Owns the judgement "did a write happen?". A refusal that the org spelled out was not written; a
connection that broke after sending leaves the outcome unknown, which is an error of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from simple_salesforce import exceptions as simple
from simple_salesforce.api import Salesforce
from urllib3.exceptions import NewConnectionError

from sfsync.errors import (
    IncompleteRead,
    OutcomeUnknown,
    SalesforceAuthFailed,
    SalesforceError,
    SalesforceRejected,
    SalesforceUnavailable,
    refusal,
)


@contextmanager
def reading(sf: Salesforce) -> Iterator[None]:
    """Wraps a call that changes nothing: a failure to answer means "try later"."""
    with _speaking(sf, is_write=False):
        yield


@contextmanager
def writing(sf: Salesforce) -> Iterator[None]:
    """Wraps a call that may change records: a failure to answer raises OutcomeUnknown."""
    with _speaking(sf, is_write=True):
        yield


@contextmanager
def _speaking(sf: Salesforce, *, is_write: bool) -> Iterator[None]:
    try:
        yield
    except simple.SalesforceError as error:
        raise translate(error, is_write=is_write) from error
    except requests.exceptions.SSLError as error:
        raise untrusted_certificate(f"https://{sf.sf_instance}") from error
    except requests.exceptions.JSONDecodeError as error:
        if is_write:
            raise _unknown(sf.sf_instance, error) from error
        raise IncompleteRead(f"{sf.sf_instance} answered with broken JSON.") from error
    except requests.RequestException as error:
        if is_write and not _was_never_sent(error):
            raise _unknown(sf.sf_instance, error) from error
        raise unreachable(f"https://{sf.sf_instance}", error) from error


def translate(error: simple.SalesforceError, *, is_write: bool) -> SalesforceError:
    """Our error for an answer of the org that is not a success."""
    items = _error_items(error.content)
    code = str(items[0].get("errorCode", "")) if items else ""
    if error.status == 401:
        return SalesforceAuthFailed(
            f"The org refuses the session: {code or 'HTTP 401'}.",
            code=code,
            remedy=(
                "Renew SALESFORCE_ACCESS_TOKEN if one is set; otherwise check with the admin that"
                " the integration user is active and may use the app."
            ),
        )
    if error.status >= 500 and is_write and code != "SERVER_UNAVAILABLE":
        return _unknown(error.url, error)
    if code:
        return refusal(code, _messages(items), _fields(items))
    if error.status >= 500:
        return unreachable(error.url, error)
    if isinstance(error, simple.SalesforceMoreThanOneRecord):
        return refusal("DUPLICATE_EXTERNAL_ID", f"several records match {error.url}")
    return SalesforceRejected(
        f"The org answered HTTP {error.status} to {error.resource_name or error.url}.",
        code=f"HTTP_{error.status}",
        remedy="Ask a developer: the integration does not know this answer.",
    )


def unreachable(url: str, cause: Exception) -> SalesforceUnavailable:
    """The error for an org that does not answer."""
    status = f"HTTP {cause.status}" if isinstance(cause, simple.SalesforceError) else ""
    return SalesforceUnavailable(
        f"The org at {_origin(url)} does not answer ({status or type(cause).__name__}).",
        remedy=(
            "Check SALESFORCE_URL and the network, and status.salesforce.com;"
            " the local org starts with `make up`."
        ),
    )


def untrusted_certificate(url: str) -> SalesforceAuthFailed:
    """The error for an org whose certificate we cannot check."""
    return SalesforceAuthFailed(
        f"The org at {_origin(url)} shows a certificate that is not trusted.",
        remedy="Set SALESFORCE_CA to the file of the CA that signed it.",
    )


def _unknown(where: str, cause: Exception) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"A write was sent to {_origin(where)} and no answer came ({type(cause).__name__}):"
        " it may have happened.",
        remedy="It is read back before it is tried again.",
    )


def _origin(url: str) -> str:
    """Scheme and host only: paths and queries may hold record values."""
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.split('/', 1)[0]}"


def _was_never_sent(error: requests.RequestException) -> bool:
    """Whether not even a connection was made, so that nothing can have been written."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _error_items(content: Any) -> list[dict[str, Any]]:
    items = content if isinstance(content, list) else [content]
    return [item for item in items if isinstance(item, dict) and "errorCode" in item]


def _messages(items: list[dict[str, Any]]) -> str:
    return "; ".join(str(item.get("message", "")) for item in items)


def _fields(items: list[dict[str, Any]]) -> list[str]:
    return [name for item in items for name in item.get("fields") or ()]
