"""What faults can be asked for, in words: `GET /_sandbox/faults?help`.

Owns the description that people read. A test holds it against the code: every action and every key
stands here, and none that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.fault import DEFAULTS, FaultAction

ACTIONS: dict[FaultAction, str] = {
    FaultAction.STATUS: "answers `status` with `body` or a Salesforce error; nothing is done",
    FaultAction.REQUEST_LIMIT_EXCEEDED: "403: the daily allowance of calls is spent",
    FaultAction.CONCURRENT_LIMIT: "403 REQUEST_LIMIT_EXCEEDED: too many long calls at once",
    FaultAction.UNABLE_TO_LOCK_ROW: "400: another transaction holds the record; also `inner`",
    FaultAction.LATENCY: "waits `latency_s` seconds before the work, or after it (`when`)",
    FaultAction.DROP_BEFORE: "closes the connection; nothing was done",
    FaultAction.DROP_AFTER: "does the work, commits it, and closes without an answer",
    FaultAction.EXPIRE_SESSION: "ends the caller's session for good: 401",
    FaultAction.LATE_VISIBLE_COMMITS: (
        "a write is stamped now and can be read `delay_s` seconds of org time later"
    ),
    FaultAction.TRUNCATED_BODY: "sends the part `keep` of the body, framed by `framing`",
    FaultAction.TRUNCATED_PAGES: "the same as truncated_body",
    FaultAction.TRUNCATED_BULK_RESULTS: (
        "a bulk result file ends after a whole row, about `keep` of its bytes; its headers and the "
        "job's counters still tell all rows"
    ),
    FaultAction.SHORT_PAGES: "a page of a query holds `rows` rows at most; the next one follows",
    FaultAction.SHUFFLED_BULK_RESULTS: "a bulk job created now gives its rows in another order",
    FaultAction.DUPLICATED_OUTBOUND_MESSAGES: "posts an outbound message twice",
    FaultAction.REORDERED_OUTBOUND_MESSAGES: (
        "posts an outbound message after all others of its round, its notifications shuffled"
    ),
    FaultAction.HOOK: "holds the request under the name `hold` until it is released",
}
KEYS: dict[str, str] = {
    "path": "only requests with this regular expression in path and query string",
    "method": "only this verb",
    "kind": "only this kind of call, as the request log names it (query, collections, bulk2, ...)",
    "user": "only this username's requests",
    "request_body": "only bodies (or rows, when `inner`) that hold this regular expression",
    "call": "only the matching requests of these numbers, from 1: a number or a list",
    "times": "fires this often at most",
    "probability": "fires for this part of the matching requests, by the seeded die",
    "seed": "of the die and of shuffling; derived from the plan's seed when it has one",
    "inner": "hits subrequests and rows inside calls (status, UNABLE_TO_LOCK_ROW), not calls",
    "status": "of action status: 300 to 599 (503)",
    "body": "of action status: a text is sent as HTML, anything else as JSON",
    "error_code": "Salesforce's code of the refusal",
    "message": "its message",
    "latency_s": "seconds of real time",
    "delay_s": "seconds of org time after which a late commit can be read (300)",
    "hold": "name of a hook's barrier: GET ?waiting_for=NAME, POST /_sandbox/faults/release",
    "when": "a hook holds, a latency waits `before` the work or `after` the commit",
    "rows": "of a short page: a number from 1 (1)",
    "keep": "part of a cut body that is sent, 0 to 1 (0.5)",
    "framing": (
        "of a cut body: `length` (Content-Length of the whole) and `chunked` (no last chunk) let a "
        "client notice; `close` (no length) and `short` (Content-Length of the rest) do not"
    ),
}
PLAN = (
    'POST one fault, a list, or {"seed": 7, "faults": [...]}: every fault without a seed of its '
    "own gets one derived from the plan's. GET shows the faults, what fired (with the number of "
    "the request in /_sandbox/requests; null for rows of a bulk job) and what is held; DELETE "
    "ends all."
)


def describe_faults(kinds: Iterable[str]) -> dict[str, object]:
    """The actions and keys with their meaning, and the kinds of calls."""
    return {
        "plan": PLAN,
        "actions": {str(action): meaning for action, meaning in ACTIONS.items()},
        "keys": {name: KEYS[name] for name in DEFAULTS},
        "kinds": sorted(kinds),
    }
