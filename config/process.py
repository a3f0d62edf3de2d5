"""Names this process, and tells whether another one that left its name is gone.

Owns the name that leases, runs and slots carry. It is unlike that of every other process start, so
a restarted worker never passes for the old one; and it says where the process lived, so that work
held by a process that died on this very machine is taken up at once instead of after its lease.
"""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

LENGTH = 128


def name_process() -> str:
    """`machine:process:random`, at most 128 characters. A new one at every call."""
    return f"{_machine()}:{os.getpid()}:{secrets.token_hex(4)}"[-LENGTH:]


def is_gone(name: str | None) -> bool:
    """Whether the process of that name surely ended: it lived here, and its number is free.

    False for other machines and whenever there is doubt: then only the lease tells.
    """
    machine, _, rest = (name or "").partition(":")
    number = rest.partition(":")[0]
    if machine != _machine() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _machine() -> str:
    """The host and, in containers that share its name, which of them."""
    namespace = ""
    with suppress(OSError):  # only Linux has it; elsewhere the host's name is enough
        namespace = os.readlink(Path("/proc/self/ns/pid")).strip("pid:[]")
    return f"{socket.gethostname().replace(':', '-')}/{namespace}"
