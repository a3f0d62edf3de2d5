"""Headers of calls of the data API, good ones and such as no client should send."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.sandbox_fuzz.junk import a_text


def some_headers(
    chance: random.Random, tokens: Sequence[str], body: bytes
) -> list[tuple[str, str]]:
    """The headers of one request; `tokens` are good ones."""
    headers = [("Authorization", f"Bearer {chance.choice(tokens)}")]
    if chance.random() < 0.03:
        odd = ["", "Bearer", "Bearer  ", "Basic !!!", "OAuth x", f"Bearer {_plain(chance)}"]
        headers = [("Authorization", chance.choice(odd))]
    if body:
        headers.append(("Content-Type", "application/json"))
        if chance.random() < 0.06:
            headers[-1] = ("Content-Type", chance.choice(_MEDIA_TYPES))
    for name, values in chance.sample(_EXTRA, chance.choice([0, 0, 0, 1, 2])):
        value = chance.choice(values) if chance.random() < 0.7 else _plain(chance)
        headers.append((name, value))
    return headers


def _plain(chance: random.Random) -> str:
    """A text that can stand in a header."""
    return a_text(chance)[:6_000].translate({10: " ", 13: " "})


_MEDIA_TYPES = (
    "",
    "text/csv",
    "text/plain",
    "application/json; charset=utf-16",
    "application/xml",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=",
    "application/x-www-form-urlencoded",
)
_DATES = (
    "Tue, 11 Mar 2025 06:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "x",
)
_EXTRA: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("If-Modified-Since", _DATES),
    ("If-Unmodified-Since", _DATES),
    ("If-Match", ('"x"', "*")),
    ("If-None-Match", ('"x"', "*")),
    ("Sforce-Query-Options", ("batchSize=200", "batchSize=" + "9" * 5_000, "batchSize=²")),
    ("Sforce-Call-Options", ("client=x, defaultNamespace=y",)),
    ("Sforce-Duplicate-Rule-Header", ("allowSave=true",)),
    ("Accept", ("application/xml", "*/*", "text/html")),
    ("Accept-Encoding", ("gzip", "br;q=x")),
    ("Content-Encoding", ("gzip", "identity")),
    ("X-SFDC-Session", ("x",)),
    ("Range", ("bytes=0-1", "bytes=x")),
    ("Cookie", ("a=b; c=\x07",)),
    ("X-HTTP-Method-Override", ("DELETE",)),
    ("Host", ("localhost:99999999", "[::1", "a.my.salesforce.com")),
    ("X-Forwarded-Proto", ("gopher",)),
)
