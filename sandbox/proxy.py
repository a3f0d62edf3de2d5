"""A loopback CONNECT proxy that leads Salesforce's names to the local org.

Owns the promise that nothing leaves this machine: a client that hard-codes login.salesforce.com
reaches the org's own HTTPS listener, with the org's own certificate, and any other host is refused.
"""

from __future__ import annotations

import re
import selectors
import socket
import socketserver
import threading

_CONNECT = re.compile(rb"CONNECT ([A-Za-z0-9.-]+):(\d+) HTTP/1\.[01]\r\n")
_SALESFORCE = re.compile(r"(?:[a-z0-9-]+\.)+(?:salesforce|force)\.com", re.IGNORECASE)
_LONGEST_HEAD = 16_384
_IDLE_S = 120.0


class LoginProxy(socketserver.ThreadingTCPServer):
    """Serves CONNECT on 127.0.0.1:`port` and tunnels to `tls_port`, until `close`."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, tls_port: int) -> None:
        super().__init__(("127.0.0.1", port), _Tunnel)
        self.tls_port = tls_port
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """What goes into HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and free the port."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()


class _Tunnel(socketserver.BaseRequestHandler):
    server: LoginProxy

    def handle(self) -> None:
        head = self._read_head()
        wanted = _CONNECT.match(head)
        if wanted is None:
            self._answer("405 Method Not Allowed", "This proxy serves CONNECT only.")
            return
        host, port = wanted[1].decode(), int(wanted[2])
        if port != 443 or not _SALESFORCE.fullmatch(host):
            self._answer("403 Forbidden", f"{host}:{port} is not Salesforce; nothing else passes.")
            return
        with socket.create_connection(("127.0.0.1", self.server.tls_port)) as org:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pump(self.request, org)

    def _read_head(self) -> bytes:
        self.request.settimeout(_IDLE_S)
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
            piece = self.request.recv(4096)
            if not piece:
                break
            head += piece
        return head

    def _answer(self, status: str, text: str) -> None:
        body = text.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        self.request.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _pump(client: socket.socket, org: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, (client, org))
        selector.register(org, selectors.EVENT_READ, (org, client))
        while ready := selector.select(_IDLE_S):
            if not all(_pass_on(*key.data) for key, _ in ready):
                return


def _pass_on(source: socket.socket, sink: socket.socket) -> bool:
    try:
        piece = source.recv(65_536)
        sink.sendall(piece)
    except ConnectionError:
        # One side went away; closing the tunnel tells the other.
        return False
    return bool(piece)
