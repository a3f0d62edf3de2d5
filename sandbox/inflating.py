"""Request bodies that a client compressed.

Owns how large a body may grow: compression must be no way around the limit of a plain body.
Source: REST API guide, "Use Compression"; clients of the SOAP API compress every envelope.
"""

from __future__ import annotations

import zlib

#: `Content-Encoding` -> zlib's window: 31 reads gzip's header, 15 zlib's own.
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def is_inflatable(encoding: str) -> bool:
    """Whether a body of that `Content-Encoding` can be read here."""
    return encoding.strip().lower() in _WINDOWS


def inflate(body: bytes, encoding: str, most: int) -> bytes:
    """The plain body, of at most `most` bytes.

    Raises ValueError for a larger one, and for one that is damaged or cut off.
    """
    reader = zlib.decompressobj(_WINDOWS[encoding.strip().lower()])
    try:
        plain = reader.decompress(body, most + 1)
    except zlib.error as error:
        raise ValueError(f"The body is no {encoding}: {error}") from error
    if len(plain) > most:
        raise ValueError(f"The body unpacks to more than {most} bytes.")
    if not reader.eof:
        raise ValueError(f"The body is no {encoding}: it ends too early")
    return plain
