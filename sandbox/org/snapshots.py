"""Copies of an org's whole database, taken and put back while the org runs.

Owns which copy an org may take over. Columns that the org has gained since are added to the copy,
as at every start; a copy that would be read differently, that holds what the org has no place for,
or whose Ids belong to other objects here is refused, so that nothing is lost or misread in silence.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from sandbox.org.core import Core
from sandbox.org.ddl import holds_values, prepare_tables, quote, stored_shape
from sandbox.org.setup_rows import prepare_rows


class MisfitError(Exception):
    """A copy belongs to an org with other metadata.

    `differences` says for each field or object (`Order.Budget__c`) what stands in the way.
    """

    def __init__(self, differences: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name} {how}" for name, how in sorted(differences.items())))
        self.differences = dict(differences)


def write_copy(source: sqlite3.Connection, path: Path) -> None:
    """Copy everything that is committed into a new file, as of one instant."""
    with closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        # One file that can be moved about: no log beside it, whatever mode the source is in.
        copy.execute("PRAGMA journal_mode = DELETE")


def copy_data(core: Core, path: Path) -> None:
    """Write the org's data into a new file; what is still to become visible is not in it."""
    with core.store.lock:
        core.store.settle()
        write_copy(core.store.connection, path)
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            core.outbound.drop_uncommitted(copy)


def fit_copy(core: Core, path: Path) -> None:
    """Make the tables of a copy those of this org, whose own data stays as it is.

    Raises MisfitError, before anything changed, when that would lose or misread values.
    """
    prefixes = {sobject.name: sobject.key_prefix for sobject in core.schema.objects.values()}
    with core.store.lock, closing(sqlite3.connect(path, isolation_level=None)) as copy:
        check_fit(copy, stored_shape(core.store.connection), prefixes)
        copy.execute("BEGIN IMMEDIATE")
        prepare_tables(copy, core.schema)
        copy.execute("COMMIT")


def take_over(core: Core, path: Path) -> None:
    """Have the data of a copy, its users and numbers included, instead of the present data.

    All or nothing, also when the process dies; what was to become visible later is dropped.
    Raises MisfitError as `fit_copy` does.
    """
    store = core.store
    with store.lock:
        fit_copy(core, path)
        with closing(sqlite3.connect(path)) as copy:
            copy.backup(store.connection)
        store.reload()
        core.purged_at = None
        prepare_rows(core)


def check_fit(
    copy: sqlite3.Connection, shape: Mapping[str, str], prefixes: Mapping[str, str]
) -> None:
    """Raise MisfitError unless an org of that shape can read every value of the copy.

    `prefixes` are the key prefixes of the org's objects, as far as they are known.
    """
    differences = dict(_misread(copy, shape)) | dict(_misplaced(copy, prefixes))
    if differences:
        raise MisfitError(differences)


def _misread(copy: sqlite3.Connection, shape: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, reading in stored_shape(copy).items():
        here = shape.get(name)
        if here == reading or not holds_values(copy, name):
            continue
        if here is None:
            yield name, "holds values and does not exist here"
        else:
            yield name, f"was {reading} and is {here} here"


def _misplaced(copy: sqlite3.Connection, prefixes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Objects whose records have Ids of another prefix: lookups would lead to other objects."""
    present = {row[0] for row in copy.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    for name in sorted(present & set(prefixes)):
        row = copy.execute(f'SELECT substr("Id", 1, 3) FROM {quote(name)} LIMIT 1').fetchone()  # noqa: S608 - quoted names
        if row is not None and row[0] != prefixes[name]:
            yield name, f"has Ids that begin with {row[0]}, and with {prefixes[name]} here"
