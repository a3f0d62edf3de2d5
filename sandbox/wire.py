"""How an answer goes over the wire: its head, its framing, its compression, and how it is cut.

Owns the bytes. An answer is compressed when the client says that it takes gzip, as an org does it;
one that a fault cuts is not, so that the cut is where the plan says and not in some dictionary.
Source: RFC 9112, section 6; REST API guide, "Using Compression".
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

#: The application sets this key in the environ to have the connection closed without an answer.
DROP_KEY = "sandbox.drop_connection"
#: The same with a `Cut`, to have only a part of the body sent.
CUT_KEY = "sandbox.cut_body"
Headers = Sequence[tuple[str, str]]

#: Bodies up to this size are sent in one piece.
_LARGEST_PIECE = 1024 * 1024
#: Smaller ones gain nothing from compression.
_SMALLEST_COMPRESSED = 1024
#: Speed before size: both ends of the wire are on one machine.
_LEVEL = 1
_GZIP = 31
_BODILESS = frozenset({204, 304})


@dataclass(frozen=True)
class Cut:
    """What a fault leaves of a body: the part that is sent, and how it is framed."""

    keep: float
    framing: str  #: one of fault.FRAMINGS

    @property
    def ends_connection(self) -> bool:
        """Whether the connection closes where the body is cut."""
        return self.framing != "short"


@dataclass(frozen=True)
class Form:
    """What the request says about the form of its answer."""

    takes_body: bool = True  #: not for HEAD
    takes_chunks: bool = False  #: HTTP/1.1
    accept_encoding: str = ""
    is_last: bool = False  #: the connection closes after it


def render_answer(
    form: Form, status: str, headers: Headers, pieces: Iterable[bytes]
) -> Iterator[bytes]:
    """The bytes of a whole answer. Small answers are one piece: two packets would wait."""
    size = _announced_size(headers)
    if not _has_body(form, status):
        has_size = size is None and int(status[:3]) not in _BODILESS
        yield _head(form, status, headers, _length(len(b"".join(pieces))) if has_size else [])
    elif size is not None and size > _LARGEST_PIECE:
        yield from _render_large(form, status, headers, pieces)
    else:
        yield _render_small(form, status, headers, b"".join(pieces))


def render_cut(
    form: Form, status: str, headers: Headers, pieces: Iterable[bytes], cut: Cut
) -> Iterator[bytes]:
    """The bytes of an answer that ends too early, if it has a body; see fault.FRAMINGS."""
    if not _has_body(form, status):
        yield from render_answer(form, status, headers, pieces)
        return
    body = b"".join(pieces)
    kept = body[: int(len(body) * cut.keep)]
    others = [pair for pair in headers if pair[0].lower() != "content-length"]
    framing = {
        "length": _length(len(body)),
        "short": _length(len(kept)),
        "chunked": [("Transfer-Encoding", "chunked")],
        "close": [],
    }[cut.framing]
    is_chunk = cut.framing == "chunked" and kept
    yield _head(form, status, others, framing) + (_chunk(kept) if is_chunk else kept)


def _has_body(form: Form, status: str) -> bool:
    return form.takes_body and int(status[:3]) not in _BODILESS


def _render_small(form: Form, status: str, headers: Headers, body: bytes) -> bytes:
    extra: list[tuple[str, str]] = []
    if len(body) >= _SMALLEST_COMPRESSED and takes_gzip(form.accept_encoding):
        machine = _compressor()
        body = machine.compress(body) + machine.flush()
        extra = _compression()
    others = [pair for pair in headers if pair[0].lower() != "content-length"]
    return _head(form, status, others, [*_length(len(body)), *extra]) + body


def _render_large(
    form: Form, status: str, headers: Headers, pieces: Iterable[bytes]
) -> Iterator[bytes]:
    if not (form.takes_chunks and takes_gzip(form.accept_encoding)):
        yield _head(form, status, headers, [])
        yield from pieces
        return
    others = [pair for pair in headers if pair[0].lower() != "content-length"]
    yield _head(form, status, others, [("Transfer-Encoding", "chunked"), *_compression()])
    machine = _compressor()
    for piece in pieces:
        if packed := machine.compress(piece):
            yield _chunk(packed)
    yield _chunk(machine.flush()) + b"0\r\n\r\n"


@lru_cache(64)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client with this Accept-Encoding takes gzip."""
    return parse_accept_header(accept_encoding, Accept).quality("gzip") > 0


def _head(form: Form, status: str, headers: Headers, framing: Headers) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in (*headers, *framing))]
    if form.is_last:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _length(size: int) -> list[tuple[str, str]]:
    return [("Content-Length", str(size))]


def _compression() -> list[tuple[str, str]]:
    return [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _compressor() -> zlib._Compress:
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)


def _announced_size(headers: Headers) -> int | None:
    return next((int(value) for name, value in headers if name.lower() == "content-length"), None)
