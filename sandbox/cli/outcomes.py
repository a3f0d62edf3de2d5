"""Exit codes of the commands, and how an error is told.

Owns that no expected error shows a traceback: a person reads one message on stderr.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Callable

from sandbox.cli.client import CannotBeginError, RefusedError
from sandbox.folder_lock import FolderInUseError
from sandbox.org.errors import OrgError

DONE = 0
WRONG = 1
CANNOT_BEGIN = 2
STOPPED = 130  #: by Ctrl-C, as shells say it
_CANNOT_BEGIN_ERRORS = (CannotBeginError, FolderInUseError, OSError, sqlite3.DatabaseError)


def report_errors(run: Callable[[argparse.Namespace], int], given: argparse.Namespace) -> int:
    """Run a command; 1 when the org refused, 2 when it could not begin, each told on stderr."""
    try:
        return run(given)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return WRONG
    except OrgError as error:
        for item in error.items:
            print(f"{item.code}: {item.message}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python must not try to flush the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except _CANNOT_BEGIN_ERRORS as error:
        print(error, file=sys.stderr)
        return CANNOT_BEGIN
