"""One failure on demand: what it does, and which requests it hits.

A fault is chosen by the request alone (path, verb, kind, user, body, how many have matched before)
and by a seeded die, never by time, so the same plan over the same requests always gives the same
log. What each action and each key means to a person stands in `fault_help`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.org.errors import ErrorItem, OrgError


class FaultAction(StrEnum):
    """What happens to a request that a fault hits."""

    STATUS = "status"  #: answers `status`, with `body` or a Salesforce error; nothing is done
    REQUEST_LIMIT_EXCEEDED = "REQUEST_LIMIT_EXCEEDED"  #: 403: the daily allowance is spent
    CONCURRENT_LIMIT = "concurrent_limit"  #: 403: too many long calls at once
    UNABLE_TO_LOCK_ROW = "UNABLE_TO_LOCK_ROW"  #: 400: another transaction holds the record
    LATENCY = "latency"  #: waits `latency_s` seconds, then goes on
    DROP_BEFORE = "drop_before"  #: closes the connection; nothing was done
    DROP_AFTER = "drop_after"  #: does the work, commits it, and closes without an answer
    EXPIRE_SESSION = "expire_session"  #: ends the caller's session for good: 401
    LATE_VISIBLE_COMMITS = "late_visible_commits"  #: what is saved can be read `delay_s` later
    TRUNCATED_BODY = "truncated_body"  #: sends the part `keep` of the answer, framed by `framing`
    TRUNCATED_PAGES = "truncated_pages"  #: the same under its older name
    TRUNCATED_BULK_RESULTS = "truncated_bulk_results"  #: a result file that ends after some row
    SHORT_PAGES = "short_pages"  #: a page of a query holds `rows` rows at most, and goes on
    SHUFFLED_BULK_RESULTS = "shuffled_bulk_results"  #: a job created now gives rows out of order
    DUPLICATED_OUTBOUND_MESSAGES = "duplicated_outbound_messages"  #: posts a message twice
    REORDERED_OUTBOUND_MESSAGES = "reordered_outbound_messages"  #: posts it last, shuffled
    HOOK = "hook"  #: holds the request under the name `hold` until it is released


#: May hit a row of a collection or a subrequest of a composite call (`"inner": true`).
INNER_ACTIONS = frozenset({FaultAction.STATUS, FaultAction.UNABLE_TO_LOCK_ROW})
#: Codes that differ from the name of their action.
CODES = {
    FaultAction.STATUS: "SERVER_UNAVAILABLE",
    FaultAction.CONCURRENT_LIMIT: "REQUEST_LIMIT_EXCEEDED",
}
#: Hit the messages that the org sends, and nothing else does.
OUTBOUND_ACTIONS = frozenset(
    {FaultAction.DUPLICATED_OUTBOUND_MESSAGES, FaultAction.REORDERED_OUTBOUND_MESSAGES}
)
#: The kinds of what is no call of its own: a message that the org sends, and a row inside a call.
OUTBOUND_KIND, ROW_KIND = "outbound", "row"
MESSAGES = {
    FaultAction.REQUEST_LIMIT_EXCEEDED: "TotalRequests Limit exceeded.",
    FaultAction.CONCURRENT_LIMIT: "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    FaultAction.UNABLE_TO_LOCK_ROW: "unable to obtain exclusive access to this record",
}
#: How a cut body is framed. With `length` and `chunked` a client can notice, with `close` (the end
#: of the connection ends the body) and `short` (Content-Length of the rest) it cannot.
FRAMINGS = ("length", "chunked", "close", "short")
#: The only requests in which an action can do anything: verbs, and where in the path.
MEANINGFUL: dict[FaultAction, tuple[frozenset[str], str]] = {
    FaultAction.LATE_VISIBLE_COMMITS: (frozenset({"POST", "PATCH", "PUT", "DELETE"}), ""),
    FaultAction.SHORT_PAGES: (frozenset({"GET"}), r"(?i)/v[\d.]+/query(all)?[/?]"),
    FaultAction.SHUFFLED_BULK_RESULTS: (
        frozenset({"POST"}),
        r"(?i)(/jobs/(ingest|query)|/services/async/[^/]+/job)/?(\?|\Z)",
    ),
    FaultAction.TRUNCATED_BULK_RESULTS: (
        frozenset({"GET"}),
        r"(?i)/jobs/(ingest|query)/[^/]+/[a-z]*(results|records)|/batch/[^/]+/result",
    ),
}


@dataclass(frozen=True)
class Target:
    """The part of a request that faults look at."""

    method: str
    path: str  #: with its query string, as sent
    kind: str
    user: str | None = None
    body: Callable[[], bytes] = bytes  #: read only when a fault asks for it
    inner: bool = False
    outbound: bool = False  #: a message that the org sends


@dataclass
class Fault:
    """One entry of the plan. Keys of the JSON form have the same names."""

    action: FaultAction
    id: str = ""
    path: str | None = None  #: regular expression, found anywhere in path and query string
    method: str | None = None
    kind: str | None = None
    user: str | None = None
    request_body: str | None = None  #: regular expression, found anywhere in the body
    call: tuple[int, ...] = ()  #: which of the matching requests are hit, from 1; all when empty
    times: int | None = None  #: how often it may fire; without end when None
    probability: float = 1.0
    seed: int = 0
    inner: bool = False
    status: int = 503
    body: object = None
    error_code: str | None = None
    message: str | None = None
    latency_s: float = 0.0
    delay_s: float = 300.0  #: of the org's time, after which a late commit becomes visible
    hold: str = ""
    when: str = "before"  #: a hook holds, a latency waits `before` the work or `after` the commit
    rows: int = 1  #: of a short page
    keep: float = 0.5  #: the part of a cut body that is sent
    framing: str = "length"  #: how a cut body is framed, one of FRAMINGS
    matched: int = 0
    fired: int = 0
    die: random.Random = field(default_factory=random.Random, repr=False)

    def hits(self, target: Target) -> bool:
        """Whether this fault fires for `target`; counts the match either way."""
        if not self._matches(target):
            return False
        self.matched += 1
        # The die is cast for every match, so that a seed gives one sequence whatever else is set.
        is_spared = self.probability < 1 and self.die.random() >= self.probability
        is_spent = self.times is not None and self.fired >= self.times
        is_other_call = bool(self.call) and self.matched not in self.call
        if is_spared or is_spent or is_other_call:
            return False
        self.fired += 1
        return True

    def _matches(self, target: Target) -> bool:
        same = (
            self.inner == target.inner
            and (self.action in OUTBOUND_ACTIONS) == target.outbound
            and self.method in {None, target.method}
            and self.kind in {None, target.kind}
            and self.user in {None, target.user}
            and self._has_meaning_for(target)
        )
        if not same or (self.path is not None and not re.search(self.path, target.path)):
            return False
        if self.request_body is None:
            return True
        return re.search(self.request_body.encode(), target.body()) is not None

    def _has_meaning_for(self, target: Target) -> bool:
        methods, path = MEANINGFUL.get(self.action, (frozenset({target.method}), ""))
        return target.method in methods and re.search(path, target.path) is not None

    def error(self) -> OrgError:
        """The refusal that this fault stands for."""
        code = self.error_code or CODES.get(self.action, str(self.action))
        text = self.message or MESSAGES.get(self.action, f"fault {self.id} of the plan")
        return OrgError([ErrorItem(code, text)])

    def as_json(self) -> dict[str, object]:
        """The fault as `GET /_sandbox/faults` shows it: what was given, and what it did."""
        given = {name: getattr(self, name) for name in DEFAULTS}
        shown = {name: value for name, value in given.items() if value != DEFAULTS[name]}
        return {
            "id": self.id,
            "action": str(self.action),
            **{k: list(v) if isinstance(v, tuple) else v for k, v in shown.items()},
            "matched": self.matched,
            "fired": self.fired,
        }


def find_hit(faults: Iterable[Fault], action: FaultAction) -> Fault | None:
    """The first of the faults that hit a request which has that action."""
    return next((fault for fault in faults if fault.action is action), None)


_INTERNAL = {"id", "action", "matched", "fired", "die"}
#: What a spec may say, and what holds when it does not.
DEFAULTS: dict[str, object] = {
    name: getattr(Fault(FaultAction.STATUS), name)
    for name in Fault.__dataclass_fields__
    if name not in _INTERNAL
}
