"""Reads the body of a request from its connection: by length or in chunks, plain or compressed.

Owns what is believed about a body. It is read to its end before the application sees any of it, so
a client that goes away in the middle has sent nothing at all, and the next request on the same
connection starts where it should. Source: RFC 9112, sections 6 and 7; REST API guide, "Using
Compression" (gzip and deflate are taken).
"""

from __future__ import annotations

import re
import zlib
from typing import IO, Protocol

#: Salesforce takes request bodies of 50 MB at most.
LARGEST_BODY = 50 * 1024 * 1024
#: Data of a bulk job may have 150 MB.
LARGEST_UPLOAD = 150 * 1024 * 1024
_UPLOAD_PATH = re.compile(r"/jobs/ingest/[^/]+/batches/?\Z", re.IGNORECASE)
_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_LONGEST_LINE = 65_536
_MOST_TRAILERS = 100
#: zlib's sign for "gzip or zlib, whichever it is".
_ANY_WRAPPER = 47


class Headers(Protocol):
    """A request's headers, found whatever the case of their names."""

    def get(self, name: str, default: str, /) -> str: ...


class BodyCutError(Exception):
    """The client stopped sending, or went away, before its body had ended."""

    def __init__(self) -> None:
        super().__init__("The body ends before it is whole.")


def largest_body(path: str) -> int:
    """How many bytes a body sent to this path (query string allowed) may have."""
    return LARGEST_UPLOAD if _UPLOAD_PATH.search(path.partition("?")[0]) else LARGEST_BODY


def check_announced(headers: Headers, most: int) -> int:
    """The announced length, 0 when there is none. Raises ValueError when it is not served."""
    given = headers.get("Content-Length", "0") or "0"
    if not (given.isascii() and given.isdecimal()) or len(given) > 15 or int(given) > most:
        raise ValueError(f"A body of {given:.30} bytes is not served; {most} is the most.")
    return int(given)


def read_body(source: IO[bytes], headers: Headers, most: int) -> bytes:
    """The body, decompressed when `is_compressed`.

    Raises ValueError for a body that is no body (the client must send another one), and
    BodyCutError.
    """
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        body = _read_chunks(source, most)
    else:
        body = _read_exactly(source, check_announced(headers, most))
    return _decompress(body, most) if body and is_compressed(headers) else body


def is_compressed(headers: Headers) -> bool:
    """Whether the body is in an encoding that is undone here."""
    return headers.get("Content-Encoding", "").strip().lower() in _ENCODINGS


def _read_exactly(source: IO[bytes], size: int) -> bytes:
    body = source.read(size) if size else b""
    if len(body) < size:
        raise BodyCutError
    return body


def _read_chunks(source: IO[bytes], most: int) -> bytes:
    pieces, total = [], 0
    while size := _read_chunk_size(source):
        total += size
        if total > most:
            raise ValueError(f"A body over {most} bytes is not served.")
        pieces.append(_read_exactly(source, size))
        if _read_line(source):
            raise ValueError("A chunk of the body is longer than it says.")
    for _ in range(_MOST_TRAILERS):
        if not _read_line(source):
            return b"".join(pieces)
    raise ValueError("The body has too many trailers.")


def _read_chunk_size(source: IO[bytes]) -> int:
    digits = _read_line(source).partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", digits):
        raise ValueError("A chunk of the body does not start with its size.")
    return int(digits, 16)


def _read_line(source: IO[bytes]) -> bytes:
    line = source.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        if len(line) < _LONGEST_LINE:
            raise BodyCutError
        raise ValueError("A line of the body's framing is too long.")
    return line.rstrip(b"\r\n")


def _decompress(body: bytes, most: int) -> bytes:
    machine = zlib.decompressobj(_ANY_WRAPPER)
    try:
        plain = machine.decompress(body, most + 1)
    except zlib.error as error:
        raise ValueError(f"The body is not what its Content-Encoding says: {error}") from error
    if len(plain) > most:
        raise ValueError(f"A body that unpacks to over {most} bytes is not served.")
    if not machine.eof:
        raise ValueError("The compressed body ends too early.")
    return plain
