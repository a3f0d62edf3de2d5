"""The SQL that an org runs, which is what its speed depends on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.org.org import Org


@contextmanager
def statements_of(org: Org) -> Iterator[list[str]]:
    """Every statement of the block, with its parameters filled in."""
    seen: list[str] = []
    org.store.connection.set_trace_callback(seen.append)
    try:
        yield seen
    finally:
        org.store.connection.set_trace_callback(None)
