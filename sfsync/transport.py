"""Carries every request to Salesforce: timeouts, retries, renewed logins, metering, redirection.

Owns what happens on the wire, because simple-salesforce sets no timeout, never backs off, and
would log in again without end on a permanent 401. It is an ordinary `requests` adapter mounted on
the session that simple-salesforce is given; the library itself stays as it is.

A request is repeated only when that cannot do harm: reads, logins, and an upsert of one record by
its external ID. Any other POST is never repeated; its caller reads back. Each attempt is a call
and passes the gate before it is sent.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from config.parsing import is_loopback
from sfsync.errors import BudgetExhausted
from sfsync.usage import Gate, OpenGate, OrgWord, UsageMeter, current_purpose, read_word

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0
MAX_ATTEMPTS = 4
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 8.0
#: Answers of a proxy or of an org that is restarting; nothing was decided about the request.
PASSING_STATUSES = frozenset({502, 503, 504})
#: What an org counts against its daily allowance: all of the data API but its list of versions.
COUNTED_PATH = re.compile(r"^/services/(data/v[^/]+/.|async/|Soap/)")
#: `…/sobjects/Order/External_Id__c/ORD-1`: an upsert of one record, safe to send twice.
EXTERNAL_ID_PATH = re.compile(r"/sobjects/\w+/\w+__c/[^/]+/?$")
#: Batches carry reads only (`sfsync.batch`).
BATCH_PATH = re.compile(r"/composite/batch/?$")
LOGIN_PATH = "/services/oauth2/token"
SALESFORCE_HOST = re.compile(r"(^|\.)salesforce\.com$")

Login = Callable[[], str]


class Redirect:
    """Sends what is addressed to Salesforce to a local org instead; never to another machine.

    simple-salesforce spells every address `https://` and logs in at `*.salesforce.com`, whatever
    instance it is given, so a local org can be reached only by rewriting addresses here.
    """

    def __init__(self, org_url: str) -> None:
        if not is_loopback(org_url):
            raise ValueError(f"{org_url} is not this machine; only a local org is redirected to")
        self._org = urlsplit(org_url)

    def apply(self, url: str) -> str:
        """The address to use in place of `url`."""
        parts = urlsplit(url)
        is_login = SALESFORCE_HOST.search(parts.hostname or "")
        if is_login or (parts.port == self._org.port and is_loopback(url)):
            return urlunsplit(parts._replace(scheme=self._org.scheme, netloc=self._org.netloc))
        return url


class SalesforceAdapter(HTTPAdapter):
    """The transport of one connection. Safe to use from several threads."""

    def __init__(
        self,
        redirect: Redirect | None = None,
        *,
        gate: Gate | None = None,
        sleep: Callable[[float], None] = time.sleep,
        timeout_s: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    ) -> None:
        super().__init__()
        self.meter = UsageMeter()
        self.gate = gate or OpenGate()
        self.token: str | None = None
        self._redirect = redirect
        self._sleep = sleep
        self._timeout_s = timeout_s
        self._login: Login | None = None
        self._login_lock = threading.Lock()

    def use_login(self, token: str, login: Login | None) -> None:
        """Starts to carry `token`, and `login` to renew it once a request is refused with 401."""
        self.token = token
        self._login = login

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Sends one request, with everything this module promises."""
        if options.get("timeout") is None:
            options["timeout"] = self._timeout_s
        if self._redirect is not None:
            request.url = self._redirect.apply(request.url or "")
        token = self._put_token(request)
        answer = self._send_patiently(request, options)
        if token is None or not is_expired(answer) or self._login is None:
            return answer
        self._renew(token)
        answer.close()
        again = request.copy()
        self._put_token(again)
        return self._send_patiently(again, options)

    def _send_patiently(
        self, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response:
        attempts = MAX_ATTEMPTS if is_repeatable(request) else 1
        self._admit(request)
        for attempt in range(1, attempts + 1):
            try:
                answer = self._send_once(request, options)
            except requests.exceptions.SSLError:
                raise
            except (requests.ConnectionError, requests.Timeout):
                if attempt == attempts or not self._may_repeat(request, attempt):
                    raise
            else:
                if answer.status_code not in PASSING_STATUSES:
                    return answer
                if attempt == attempts or not self._may_repeat(request, attempt):
                    return refuse_login_outage(request, answer)
                answer.close()
        raise AssertionError("the last attempt returns or raises")

    def _may_repeat(self, request: requests.PreparedRequest, attempt: int) -> bool:
        """Waits, and books the next attempt.

        Without a call left for it, the failure before it is the last word: that request was sent,
        so "there was no call" would be wrong.
        """
        self._sleep(pause_s(attempt))
        try:
            self._admit(request)
        except BudgetExhausted:
            return False
        return True

    def _admit(self, request: requests.PreparedRequest) -> None:
        """Books the request if the org counts it. Raises BudgetExhausted: it must not be sent."""
        if is_counted(request):
            self.gate.enter(current_purpose())
            self.meter.count()

    def _send_once(
        self, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response:
        word = None
        try:
            answer = super().send(request, **options)
            word = word_of(answer)
        finally:
            if is_counted(request):
                self.gate.leave(word)
            elif word is not None:
                self.gate.hear(word)
        if word is not None:
            self.meter.note(word)
        return answer

    def _put_token(self, request: requests.PreparedRequest) -> str | None:
        """Replaces an older token, which simple-salesforce may still hold after a renewal."""
        carried = str(request.headers.get("Authorization", ""))
        if self.token is None or not carried.startswith("Bearer "):
            return None
        request.headers["Authorization"] = f"Bearer {self.token}"
        return self.token

    def _renew(self, refused: str) -> None:
        """Logs in once, however many threads were refused with the same token."""
        with self._login_lock:
            if self.token == refused and self._login is not None:
                self.token = self._login()


def refuse_login_outage(
    request: requests.PreparedRequest, answer: requests.Response
) -> requests.Response:
    """The org's last word on a request; for a login, its outage is no answer at all.

    simple-salesforce would read an outage's JSON as a login that succeeded without an address.
    """
    if urlsplit(request.url or "").path != LOGIN_PATH:
        return answer
    raise requests.ConnectionError(f"the login answered {answer.status_code}", request=request)


def is_counted(request: requests.PreparedRequest) -> bool:
    """Whether the org counts `request` against its allowance."""
    return bool(COUNTED_PATH.match(urlsplit(request.url or "").path))


def word_of(answer: requests.Response) -> OrgWord | None:
    """What an answer says of the org's allowance, and when; None when it says nothing."""
    at = None
    with suppress(KeyError, ValueError):  # a gateway's answer need not carry a date
        at = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    return read_word(answer.headers.get("Sforce-Limit-Info"), at)


def is_repeatable(request: requests.PreparedRequest) -> bool:
    """Whether sending `request` twice has the effect of sending it once."""
    path = urlsplit(request.url or "").path
    if request.method in ("GET", "HEAD") or path == LOGIN_PATH or BATCH_PATH.search(path):
        return True
    guarded = "If-Unmodified-Since" in request.headers
    return request.method == "PATCH" and not guarded and bool(EXTERNAL_ID_PATH.search(path))


def is_expired(answer: requests.Response) -> bool:
    """Whether the org refused the token itself: the request was not carried out."""
    return answer.status_code == 401 and "INVALID_SESSION_ID" in answer.text


def pause_s(attempt: int) -> float:
    """How long to wait after the given attempt: doubling, with jitter so that crowds disperse."""
    longest = min(FIRST_PAUSE_S * 2 ** (attempt - 1), LONGEST_PAUSE_S)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret


def build_session(adapter: SalesforceAdapter, verify: str | bool) -> requests.Session:
    """A session that uses `adapter` for everything and ignores proxies and CAs of the environment.

    `verify` would lose against REQUESTS_CA_BUNDLE if the environment were trusted (requests).
    """
    session = requests.Session()
    session.trust_env = False
    session.verify = verify
    for prefix in ("https://", "http://"):
        session.mount(prefix, adapter)
    return session
