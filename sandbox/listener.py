"""HTTP/1.1 listeners on loopback, each a socket with a thread per connection.

Owns the sockets: bound at once to loopback only, with or without TLS, and freed at the end. What is
said on a connection is `exchange`'s business.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import traceback
from http.server import HTTPServer
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any

from sandbox.exchange import Handler, hang_up

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"


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
            super().__init__((HOST, port), Handler)
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
                hang_up(connection)

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
