"""HTTP/1.1 listeners on loopback that keep connections alive.

Owns the transport. Werkzeug's own handler closes every connection and lingers before it does, so
only its parsing is used here: a body is read whole (chunked or not) before the application runs,
which is what makes the next request on the same connection safe.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import HTTPServer
from io import BytesIO
from socketserver import ThreadingMixIn
from typing import IO, TYPE_CHECKING, Any, cast

from werkzeug.serving import WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
#: Salesforce takes request bodies of 50 MB at most.
LARGEST_BODY = 50 * 1024 * 1024
#: Data of a bulk job may have 150 MB.
LARGEST_UPLOAD = 150 * 1024 * 1024
_UPLOAD_PATH = re.compile(r"/jobs/ingest/[^/]+/batches/?\Z", re.IGNORECASE)
_CHUNK_LENGTH = re.compile(rb"[0-9a-fA-F]{1,8}")
_REFUSALS: dict[int, str] = {
    HTTPStatus.REQUEST_URI_TOO_LONG: "URI_TOO_LONG",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "HEADERS_TOO_LARGE",
}
#: The application sets this key in the environ to have the connection closed without an answer.
DROP_KEY = "sandbox.drop_connection"
#: The same, to have it closed in the middle of the body.
TRUNCATE_KEY = "sandbox.truncate_body"
#: Bodies up to this size are sent in one piece.
_LARGEST_PIECE = 1024 * 1024


class PortInUseError(Exception):
    """The port cannot be listened on. Message names the port and the remedy."""


class Listener(ThreadingMixIn, HTTPServer):
    """One listening socket, bound at once, serving `app` from `start` to `close`."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128
    multithread = True
    multiprocess = False
    _server_version = "SalesforceLocalOrg"

    def __init__(self, port: int, ssl_context: ssl.SSLContext | None = None) -> None:
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            raise PortInUseError(
                f"Port {port} on {HOST} cannot be used ({error}); stop the program that holds it "
                "or choose another port (0 takes any free one)."
            ) from error
        self.ssl_context = ssl_context
        self.app: WSGIApplication | None = None
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on, also when 0 was asked for."""
        return int(self.server_address[1])

    def start(self, app: WSGIApplication) -> None:
        """Serve `app` in a thread of its own."""
        self.app = app
        self._thread.start()

    def close(self) -> None:
        """Stop serving, end open connections, and free the port."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._open_lock:
            for connection in self._open:
                _hang_up(connection)

    def server_bind(self) -> None:
        # The inherited method asks the name service for the host's name, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.ssl_context is not None:
            # The handshake waits for the handler's thread: a silent client must not stop others.
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, (OSError, ValueError)):  # clients that go away are no news
            traceback.print_exc(file=sys.stderr)

    def log(self, kind: str, message: str, *args: object) -> None:
        """Werkzeug's parsing reports here; failures are worth a line, requests are not."""
        if kind == "error":
            print(message % args if args else message, file=sys.stderr)


class _Handler(WSGIRequestHandler):
    server: Listener  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    timeout = 300

    def handle(self) -> None:
        if isinstance(self.connection, ssl.SSLSocket):
            try:
                self.connection.do_handshake()
            except OSError:
                # A client that does not trust our authority, or speaks plain HTTP, hangs up.
                return
        super().handle()

    def run_wsgi(self) -> None:
        try:
            environ = self.make_environ()
            body = self._read_body()
        except ValueError as error:
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
            return
        environ["wsgi.input"] = BytesIO(body)
        environ["wsgi.input_terminated"] = True
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        with _run(self.server.app, environ) as (status, headers, pieces):
            if environ.get(DROP_KEY):
                self._drop()
            elif environ.get(TRUNCATE_KEY):
                body = b"".join(pieces)
                self._send(status, headers, body[: len(body) // 2], len(body))
                self._drop()
            elif _size(headers) > _LARGEST_PIECE and self.command != "HEAD":
                self._send(status, headers, b"")
                for piece in pieces:
                    self.wfile.write(piece)
            else:
                self._send(status, headers, b"".join(pieces))

    def _drop(self) -> None:
        self.close_connection = True
        _hang_up(self.connection)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the parser refuses (line or headers too long, nonsense), as Salesforce's list."""
        self.close_connection = True
        name = _REFUSALS.get(code, "BAD_REQUEST")
        body = json.dumps([{"message": message or name, "errorCode": name}]).encode()
        status = f"{int(code)} {HTTPStatus(code).phrase}"
        self._send(status, [("Content-Type", "application/json;charset=UTF-8")], body)

    def _read_body(self) -> bytes:
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        most = LARGEST_UPLOAD if _UPLOAD_PATH.search(self.path.partition("?")[0]) else LARGEST_BODY
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return _read_chunks(cast(IO[bytes], self.rfile), most)
        length = _read_length(self.headers.get_all("Content-Length", []))
        if length > most:
            raise ValueError(f"A body of {length} bytes is not served; {most} is the most.")
        body = self.rfile.read(length)
        if len(body) < length:
            # Half an upload must not be taken for the whole.
            raise ValueError(f"The body ends after {len(body)} of {length} bytes.")
        return body

    def _send(
        self, status: str, headers: list[tuple[str, str]], body: bytes, size: int | None = None
    ) -> None:
        lines = [f"HTTP/1.1 {status}".encode("latin-1")]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
        code = int(status[:3])
        command = getattr(self, "command", None)  # missing when the request line was nonsense
        if code not in {204, 304} and not any(n.lower() == "content-length" for n, _ in headers):
            lines.append(b"Content-Length: %d" % (len(body) if size is None else size))
        if self.close_connection:
            lines.append(b"Connection: close")
        if command == "HEAD" or code in {204, 304}:
            body = b""
        # One write: two small packets would wait for each other's acknowledgement.
        self.wfile.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)


@contextmanager
def _run(
    app: WSGIApplication | None, environ: dict[str, Any]
) -> Iterator[tuple[str, list[tuple[str, str]], Iterable[bytes]]]:
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        started[:] = [status, headers]
        return started.append

    assert app is not None  # noqa: S101 - a listener is started with its application
    answer = app(environ, start_response)
    try:
        yield started[0], started[1], answer
    finally:
        if hasattr(answer, "close"):
            answer.close()


def _size(headers: list[tuple[str, str]]) -> int:
    return int(next((value for name, value in headers if name.lower() == "content-length"), 0))


def _read_length(given: list[str]) -> int:
    """The one Content-Length of a request, 0 without any. Raises ValueError for nonsense."""
    lengths = set(given) or {"0"}
    text = lengths.pop().strip()
    if lengths or not (text.isascii() and text.isdecimal()):
        raise ValueError(f"Content-Length {', '.join(given)} is no size.")
    return int(text)


def _read_chunks(source: IO[bytes], most: int) -> bytes:
    """A chunked body. Werkzeug's reader crashes the process when a chunk ends early."""
    pieces, size = [], 0
    while length := _read_chunk_length(source.readline(1_024)):
        size += length
        if size > most:
            raise ValueError(f"A body over {most} bytes is not served.")
        piece = source.read(length)
        if len(piece) < length or source.readline(3).strip(b"\r\n"):
            raise ValueError("A chunk is not as long as it says.")
        pieces.append(piece)
    while source.readline(65_537).strip():
        pass  # trailers, which nobody here reads
    return b"".join(pieces)


def _read_chunk_length(line: bytes) -> int:
    text = line.partition(b";")[0].strip()
    if not _CHUNK_LENGTH.fullmatch(text):
        raise ValueError("Invalid chunk header")
    return int(text, 16)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The client was quicker.
        pass
