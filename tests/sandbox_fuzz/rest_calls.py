"""Calls of every route of the data API: an address, headers and a body, some of it damaged."""

from __future__ import annotations

import random
from dataclasses import dataclass
from urllib.parse import quote

from tests.sandbox_fuzz.junk import a_text
from tests.sandbox_fuzz.rest_addresses import PATTERNS, SOBJECTS, Addresses
from tests.sandbox_fuzz.rest_bodies import Bodies
from tests.sandbox_fuzz.rest_headers import some_headers
from tests.sandbox_fuzz.target import Target

#: Where records are written; chosen more often than the rest.
WRITING = (
    "sobjects/{sobject}",
    "sobjects/{sobject}/{record_id}",
    "sobjects/{sobject}/{ext_field}/{ext_value}",
    "composite",
    "composite/sobjects",
    "composite/tree/{sobject}",
)


@dataclass(frozen=True)
class RestCall:
    """One request before framing."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    pattern: str


class RestCalls:
    """Makes calls; what the org answers to them may be told to `addresses`."""

    def __init__(self, chance: random.Random, target: Target) -> None:
        self._chance = chance
        self._tokens = target.tokens
        self.addresses = Addresses(chance, target)
        self._bodies = Bodies(chance, self.addresses)

    def make(self) -> RestCall:
        chance, addresses = self._chance, self.addresses
        pattern = chance.choice(PATTERNS if chance.random() < 0.7 else WRITING)
        addresses.kind = chance.choice(SOBJECTS)
        method = addresses.method(pattern)
        path = "/services/data/v" + addresses.version() + "/" + addresses.fill(pattern)
        if chance.random() < 0.03:
            path = chance.choice(["/services/data/", "/services/", "/id/", "//", ""]) + a_text(
                chance
            )
            path = quote(path, safe="/%", errors="replace")
        query = addresses.query(pattern)
        target = (path + ("?" + query if query else ""))[: chance.choice([15_000, 15_000, 20_000])]
        body = b"" if method in {"GET", "HEAD"} else self._bodies.body(pattern)
        return RestCall(
            method, target, tuple(some_headers(chance, self._tokens, body)), body, pattern
        )
