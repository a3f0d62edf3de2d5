"""Whatever bytes come as a body, they are a body, no body, or a client that went away."""

from __future__ import annotations

import zlib
from email.message import Message
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.request_bodies import BodyCutError, read_body

MOST = 200
BODIES = st.binary(max_size=2 * MOST)


def headers(**values: str) -> Message:
    message = Message()
    for name, value in values.items():
        message[name.replace("_", "-")] = value
    return message


def chunked(body: bytes, size: int) -> bytes:
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@given(BODIES, st.sampled_from(["", "gzip", "deflate"]), st.integers(0, MOST))
@settings(max_examples=300)
def test_no_bytes_make_a_body_of_more_than_the_most(data: bytes, encoding: str, size: int) -> None:
    for framing in ({"Transfer_Encoding": "chunked"}, {"Content_Length": str(size)}):
        try:
            body = read_body(BytesIO(data), headers(**framing, Content_Encoding=encoding), MOST)
        except (ValueError, BodyCutError):
            continue
        assert len(body) <= MOST


@given(BODIES, st.integers(1, 50), st.booleans())
@settings(max_examples=200)
def test_a_body_in_chunks_is_what_was_cut_up(data: bytes, size: int, is_packed: bool) -> None:
    data = data[: MOST // 2]
    source = BytesIO(chunked(zlib.compress(data) if is_packed else data, size) + b"next request")
    given_headers = headers(
        Transfer_Encoding="chunked", Content_Encoding="deflate" if is_packed else "identity"
    )

    assert read_body(source, given_headers, MOST) == data
    assert source.read() == b"next request"
