"""Which org a command works on: one that runs, or one started for the command alone.

Owns what the options mean: `--url` for an org that runs, `--metadata` and
`--data` for one in this process, which ends with the command.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.api.sessions import ADMIN_USERNAME
from sandbox.cli.arguments import DEFAULT_URL
from sandbox.cli.client import CannotBeginError, OrgClient
from sandbox.folder_lock import claimed
from sandbox.metadata.ledger import MetadataLedger, read_prefixes
from sandbox.starting import START_ERRORS

if TYPE_CHECKING:
    from sandbox.server import LocalOrgServer


@contextmanager
def reach_org(given: argparse.Namespace) -> Iterator[OrgClient]:
    """A client of the org that the options mean.

    Raises CannotBeginError when they contradict each other, and what starting an org raises.
    """
    token = getattr(given, "token", None)
    username = getattr(given, "user", None) or ADMIN_USERNAME
    if not given.metadata and given.data is None:
        with OrgClient(given.url or DEFAULT_URL, token=token, username=username) as client:
            yield client
        return
    if given.url or token:
        message = "--url and --token speak to an org that runs; --metadata and --data start another"
        raise CannotBeginError(message)
    with _start_org(given) as server, OrgClient(server.url, username=username) as client:
        yield client


def _start_org(given: argparse.Namespace) -> LocalOrgServer:
    # Loading the server takes half a second, which a client does not need.
    from sandbox.server import LocalOrgServer

    try:
        if given.data and not given.metadata:
            _check_metadata_is_known(Path(given.data))
        return LocalOrgServer(given.metadata, data=given.data)
    except START_ERRORS as error:
        raise CannotBeginError(f"The local org cannot start: {error}") from error


def _check_metadata_is_known(data: Path) -> None:
    """Refuse to open an org's data without its objects, which would take them for removed."""
    if not data.is_dir():
        return
    with claimed(data):
        missing = sorted(set(read_prefixes(data)) - set(MetadataLedger((), data).schema.objects))
    if missing:
        names = ", ".join(missing[:3])
        message = f"The org in {data} has objects of its own ({names}): name its --metadata too."
        raise CannotBeginError(message)
