"""The command `serve`: start, say where, serve until told to stop.

Owns what a person sees when the org cannot start: one message that names the cause and the remedy,
and exit code 2.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from itertools import groupby
from types import FrameType

from sandbox.listener import PortInUseError
from sandbox.metadata import MetadataError
from sandbox.org.ddl import IncompatibleDataError
from sandbox.org.org import SchemaError
from sandbox.server import LocalOrgServer

CANNOT_START = 2
_REFUSALS = (
    MetadataError,
    SchemaError,
    IncompatibleDataError,
    PortInUseError,
    OSError,
    ValueError,
)


def serve(given: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    stopped = _stop_on_signals()
    try:
        server = LocalOrgServer(
            given.metadata,
            port=given.port,
            tls_port=given.tls_port,
            data=given.data,
            proxy_port=given.proxy_port,
            daily_limit=given.daily_limit,
            session_lifetime_s=given.session_lifetime_s,
            outbound_endpoint=given.outbound_endpoint,
        )
    except _REFUSALS as error:
        print(f"The local org cannot start: {error}", file=sys.stderr)
        return CANNOT_START
    with server:
        for line in list_unsupported(server.org.schema.unsupported):
            print(line, file=sys.stderr)
        print(json.dumps(server.start_line), flush=True)
        stopped.wait()
    return 0


def list_unsupported(names: Iterable[str]) -> Iterator[str]:
    """One line per kind of metadata that was read and has no effect, naming each component."""
    for kind, group in groupby(sorted(names), key=lambda name: name.partition(" ")[0]):
        shown = ", ".join(name.partition(" ")[2] for name in group)
        yield f"Loaded without effect: {kind} {shown}".rstrip()


def _stop_on_signals() -> threading.Event:
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopped
