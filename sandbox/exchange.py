"""The requests on one connection, and their answers.

Owns the order on a connection. Werkzeug's own handler closes every connection and lingers before it
does, so only its parsing is used here: a body is read whole before the application runs, which is
what makes the next request on the same connection safe.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, cast

from werkzeug.serving import WSGIRequestHandler

from sandbox.request_bodies import (
    BodyCutError,
    check_announced,
    is_compressed,
    largest_body,
    read_body,
)
from sandbox.wire import CUT_KEY, DROP_KEY, Form, render_answer, render_cut

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from sandbox.listener import Listener

_REFUSALS: dict[int, str] = {
    HTTPStatus.REQUEST_URI_TOO_LONG: "URI_TOO_LONG",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "HEADERS_TOO_LARGE",
}


class Handler(WSGIRequestHandler):
    """Serves one connection until either side closes it."""

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

    def handle_expect_100(self) -> bool:
        # Asked for the body only once its announced length is found good.
        return True

    def run_wsgi(self) -> None:
        try:
            environ = self.make_environ()
            body = self._read_body()
        except ValueError as error:
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
            return
        except BodyCutError as error:
            self._tell_cut(error)
            return
        environ["wsgi.input"] = BytesIO(body)
        environ["wsgi.input_terminated"] = True
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if is_compressed(self.headers):
            environ.pop("HTTP_CONTENT_ENCODING", None)
        with _run(self.server.app, environ) as (status, headers, pieces):
            self._answer(environ, status, headers, pieces)

    def _tell_cut(self, error: BodyCutError) -> None:
        """A client that only stopped sending still hears why."""
        try:
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
        except OSError:
            # It is gone altogether.
            self.close_connection = True

    def _answer(
        self,
        environ: dict[str, Any],
        status: str,
        headers: list[tuple[str, str]],
        pieces: Iterable[bytes],
    ) -> None:
        if environ.get(DROP_KEY):
            self._drop()
            return
        cut = environ.get(CUT_KEY)
        if cut is None:
            self._write(render_answer(self._form(), status, headers, pieces))
            return
        self.close_connection = self.close_connection or cut.ends_connection
        self._write(render_cut(self._form(), status, headers, pieces, cut))
        if cut.ends_connection:
            self._drop()

    def _form(self) -> Form:
        return Form(
            takes_body=self.command != "HEAD",
            takes_chunks=self.request_version == "HTTP/1.1",
            accept_encoding=self.headers.get("Accept-Encoding", ""),
            is_last=self.close_connection,
        )

    def _write(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self.wfile.write(piece)

    def _drop(self) -> None:
        self.close_connection = True
        hang_up(self.connection)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the parser refuses (line or headers too long, nonsense), as Salesforce's list."""
        self.close_connection = True
        name = _REFUSALS.get(code, "BAD_REQUEST")
        body = json.dumps([{"message": message or name, "errorCode": name}]).encode()
        status = f"{int(code)} {HTTPStatus(code).phrase}"
        headers = [("Content-Type", "application/json;charset=UTF-8")]
        self._write(render_answer(Form(is_last=True), status, headers, [body]))

    def _read_body(self) -> bytes:
        most = largest_body(self.path)
        lengths = self.headers.get_all("Content-Length", [])
        if len(set(lengths)) > 1:
            raise ValueError(f"Content-Length {', '.join(lengths):.60} is no size.")
        check_announced(self.headers, most)
        waits = self.headers.get("Expect", "").strip().lower() == "100-continue"
        if waits and self.request_version != "HTTP/1.0":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return read_body(cast(IO[bytes], self.rfile), self.headers, most)


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


def hang_up(connection: socket.socket) -> None:
    """End a connection, whatever is under way on it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The client was quicker.
        pass
