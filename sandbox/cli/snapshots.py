"""The commands `snapshot`, `restore` and `snapshots`.

Owns what they say. They work on an org that runs, or on a data folder at rest.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sandbox.cli.arguments import DEFAULT_URL
from sandbox.cli.client import OrgClient
from sandbox.cli.outcomes import DONE
from sandbox.resting import restore_at_rest, take_at_rest
from sandbox.snapshots import Snapshots


def run_snapshot(given: argparse.Namespace) -> int:
    """Keep the org's data under a name."""
    if given.data:
        told = take_at_rest(Path(given.data), given.name, replace=given.replace).as_json()
    else:
        with _client(given) as client:
            told = client.control(
                "POST", "snapshots", {"name": given.name, "replace": given.replace}
            )
    print(f"Kept {_describe(told)}.")
    return DONE


def run_restore(given: argparse.Namespace) -> int:
    """Bring the data of a snapshot back."""
    if given.data:
        restore_at_rest(Path(given.data), given.name)
    else:
        with _client(given) as client:
            client.control("POST", f"snapshots/{quote(given.name, safe='')}/restore")
    print(f"Restored {given.name}.")
    return DONE


def run_snapshots(given: argparse.Namespace) -> int:
    """List the snapshots, or delete one."""
    if given.delete:
        _delete(given)
        print(f"Deleted {given.delete}.")
        return DONE
    found = _list(given)
    if given.json:
        print(json.dumps({"snapshots": found}, indent=2))
    else:
        for told in found:
            print(_describe(told))
        if not found:
            print("There are no snapshots.")
    return DONE


def _client(given: argparse.Namespace) -> OrgClient:
    return OrgClient(given.url or DEFAULT_URL)


def _list(given: argparse.Namespace) -> list[Mapping[str, object]]:
    if given.data:
        return [snapshot.as_json() for snapshot in Snapshots(Path(given.data)).all()]
    with _client(given) as client:
        found: list[Mapping[str, object]] = client.control("GET", "snapshots")["snapshots"]
    return found


def _delete(given: argparse.Namespace) -> None:
    if given.data:
        Snapshots(Path(given.data)).delete(given.delete)
        return
    with _client(given) as client:
        client.control("DELETE", f"snapshots/{quote(given.delete, safe='')}")


def _describe(told: Mapping[str, object]) -> str:
    size_kib = -(-int(str(told["size_bytes"])) // 1024)
    taken_at = str(told["taken_at"])[:19].replace("T", " ")
    return f"{told['name']}: {told['records']} records, {size_kib} KiB, of {taken_at} UTC org time"
