"""How tables of the command line reach a terminal or a file."""

from __future__ import annotations

import sys

from rich.console import Console

#: Width of tables that go into a file or a pipe, where no window sets one.
PIPE_WIDTH = 120


def open_console() -> Console:
    """A console as wide as the window, or as PIPE_WIDTH where there is none."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
