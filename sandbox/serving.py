"""The command `serve`: start, say where, serve until told to stop.

Owns what a person sees when the org cannot start: one message that names the cause and the remedy,
and exit code 2.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys

from sandbox.api import jsonio
from sandbox.cli.outcomes import CANNOT_BEGIN
from sandbox.clock_control import move_clock
from sandbox.editions import allow
from sandbox.metadata.idle import render_idle
from sandbox.org.errors import OrgError
from sandbox.server import LocalOrgServer
from sandbox.starting import START_ERRORS

#: What ends a served org.
ENDING = frozenset({signal.SIGTERM, signal.SIGINT})


def serve(given: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    # Waited for, not handled: a handler that sets an Event may interrupt the very thread that holds
    # the Event's lock while it begins to wait, and the org would never end.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        server = LocalOrgServer(
            given.metadata,
            port=given.port,
            tls_port=given.tls_port,
            data=given.data,
            proxy_port=given.proxy_port,
            allowance=allow(given.edition, given.licences, given.daily_limit),
            session_lifetime_s=given.session_lifetime_s,
            outbound_endpoint=given.outbound_endpoint,
        )
    except START_ERRORS as error:
        print(f"The local org cannot start: {error}", file=sys.stderr)
        return CANNOT_BEGIN
    with server:
        try:
            _prepare(server, given)
        except (OrgError, OSError) as error:
            print(f"The local org cannot start: {error}", file=sys.stderr)
            return CANNOT_BEGIN
        for line in render_idle(server.org.schema.unsupported):
            print(line, file=sys.stderr)
        if not server.org.clock.is_real:
            print(f"The org's clock was set: it is {server.org.clock}", file=sys.stderr)
        print(json.dumps(server.start_line), flush=True)
        signal.sigwait(ENDING)
    return 0


def _prepare(server: LocalOrgServer, given: argparse.Namespace) -> None:
    if given.clock or given.frozen:
        moved = {"now": given.clock} if given.clock else {}
        move_clock(server.org.clock, {**moved, "frozen": given.frozen})
    if given.faults:
        server.services.faults.add(jsonio.loads(given.faults.read_bytes()))
