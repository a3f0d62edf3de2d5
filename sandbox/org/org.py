"""One Salesforce org: everything that the APIs can ask of it.

Owns the public face of this package. Callers speak in API names, raw JSON values and actors; all
rules apply whoever calls. Thread-safe: one lock serialises everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.org.actor import Actor
from sandbox.org.clock import OrgClock
from sandbox.org.core import Core
from sandbox.org.deletes import delete_record, undelete_record
from sandbox.org.erasing import empty_from_bin, erase_record, erased_between, purge_bin
from sandbox.org.errors import MultipleMatches, refuse
from sandbox.org.evolution import adopt_schema
from sandbox.org.formula_library import FormulaLibrary, SchemaError
from sandbox.org.ids import MalformedIdError, normalize_id
from sandbox.org.lookup_filters import LookupFilters
from sandbox.org.merging import merge_records
from sandbox.org.outbound_queue import OutboundQueue
from sandbox.org.plans import plan_saves
from sandbox.org.reading import FormulaReader, retrieve_record
from sandbox.org.saving import insert_record, update_record
from sandbox.org.schema import Schema, SObject
from sandbox.org.seeding import seed_org, seed_record
from sandbox.org.setup_rows import ORG_ID, prepare_rows
from sandbox.org.snapshots import copy_data, fit_copy, take_over
from sandbox.org.store import Store
from sandbox.org.triggers import Triggers
from sandbox.org.upserts import upsert_record
from sandbox.org.users import Users

if TYPE_CHECKING:
    from sandbox.soql import QueryEnv, QueryResult
    from sandbox.soql.export import Export

__all__ = ["Actor", "MultipleMatches", "Org", "SchemaError"]


class Org:
    """An org with this schema. `data_dir` None keeps its data in memory.

    Raises SchemaError when a formula or a lookup filter of the schema cannot work, and
    IncompatibleDataError when the data folder was written under an incompatible schema.
    """

    def __init__(
        self, schema: Schema, data_dir: Path | None = None, clock: OrgClock | None = None
    ) -> None:
        self.org_id = ORG_ID
        self.clock = clock or OrgClock(folder=data_dir)
        formulas = FormulaLibrary(schema, ORG_ID)
        filters = LookupFilters(schema)
        triggers = Triggers(schema, formulas.resolver)
        self.store = Store(schema, data_dir, self.clock.now)
        self.outbound = OutboundQueue(self.store, self.clock)
        self.core = Core(
            schema,
            self.store,
            self.clock,
            formulas,
            filters,
            plan_saves(schema),
            Users(schema, self.store),
            triggers,
            self.outbound,
        )
        prepare_rows(self.core)
        self.schema_since = self.core.moment()  #: when the schema in force came into force

    @property
    def schema(self) -> Schema:
        """The schema in force; a deploy replaces it."""
        return self.core.schema

    def adopt(self, schema: Schema, commit: Callable[[], None] | None = None) -> None:
        """Put another schema into force, all or nothing; without `commit` only try it.

        `commit` is called when all else is done, and its error undoes everything. Raises
        SchemaError and IncompatibleDataError as the constructor does; nothing has changed then.
        """
        adopt_schema(self.core, schema, commit)
        if commit is not None:
            self.schema_since = self.core.moment()

    def close(self) -> None:
        """Release the data file; the org is of no use afterwards."""
        self.store.close()

    def actor(self, user_id: str) -> Actor:
        """The user of that Id, with today's rights. Raises OrgError NOT_FOUND."""
        with self.store.lock:
            return self.core.users.actor(user_id)

    def find_user(self, username: str) -> str | None:
        """The Id of the user with that login name."""
        with self.store.lock:
            return self.core.users.find(username)

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing. Errors that the caller wants to survive belong inside `savepoint`."""
        return self.store.transaction()

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo only what happens inside when it raises; the error goes on to the caller."""
        return self.store.savepoint()

    def chunk(self) -> AbstractContextManager[None]:
        """A transaction whose rows all carry one SystemModstamp: the rows of a collections call."""
        return self.core.chunk()

    def insert(self, actor: Actor, sobject: str, values: Mapping[str, object]) -> str:
        """Create a record from raw JSON values; returns its Id. Raises OrgError."""
        return insert_record(self.core, actor, self.core.sobject(sobject), values)

    def update(
        self,
        actor: Actor,
        sobject: str,
        record_id: str,
        values: Mapping[str, object],
        *,
        unmodified_since: datetime | None = None,
    ) -> None:
        """Change the given fields. Raises OrgError, PRECONDITION_FAILED among its codes."""
        found = self.core.sobject(sobject)
        update_record(self.core, actor, found, _id(record_id), values, unmodified_since)

    def upsert(
        self,
        actor: Actor,
        sobject: str,
        ext_field: str,
        ext_value: object,
        values: Mapping[str, object],
        *,
        update_only: bool = False,
    ) -> tuple[str, bool]:
        """Save by external ID; returns (Id, created). Raises OrgError and MultipleMatches."""
        found = self.core.sobject(sobject)
        return upsert_record(
            self.core, actor, found, ext_field, ext_value, values, update_only=update_only
        )

    def delete(self, actor: Actor, sobject: str, record_id: str) -> None:
        """Put a record into the recycle bin. Raises OrgError."""
        delete_record(self.core, actor, self.core.sobject(sobject), _id(record_id))

    def erase(self, actor: Actor, sobject: str, record_id: str) -> None:
        """Delete a record past the recycle bin, or out of it. Raises OrgError."""
        erase_record(self.core, actor, self.core.sobject(sobject), _id(record_id))

    def empty_from_bin(self, actor: Actor, sobject: str, record_id: str) -> None:
        """Erase a record that is in the recycle bin. Raises OrgError."""
        purge_bin(self.core)
        empty_from_bin(self.core, actor, self.core.sobject(sobject), _id(record_id))

    def erased(self, sobject: str, start: datetime, end: datetime) -> list[tuple[str, datetime]]:
        """Records deleted in that span that are in no recycle bin: Id and time of deletion."""
        with self.store.lock:
            return erased_between(self.core, self.core.sobject(sobject), start, end)

    def merge(
        self,
        actor: Actor,
        sobject: str,
        master_id: str,
        loser_ids: Sequence[str],
        values: Mapping[str, object],
    ) -> list[str]:
        """Let one record take over from others; returns what was re-pointed. Raises OrgError."""
        losers = [_id(loser_id) for loser_id in loser_ids]
        found = self.core.sobject(sobject)
        return merge_records(self.core, actor, found, _id(master_id), losers, values)

    def undelete(self, actor: Actor, sobject: str, record_id: str) -> None:
        """Take a record out of the recycle bin. Raises OrgError."""
        purge_bin(self.core)
        undelete_record(self.core, actor, self.core.sobject(sobject), _id(record_id))

    def retrieve(
        self, actor: Actor, sobject: str, record_id: str, fields: Sequence[str] | None = None
    ) -> dict[str, object]:
        """Canonical values by canonical field name, formulas computed. Raises OrgError."""
        found = self.core.sobject(sobject)
        self.store.settle()
        return retrieve_record(self.core, actor, found, _id(record_id), fields)

    def formula_value(self, actor: Actor, sobject: str, field: str, record_id: str) -> object:
        """The canonical value of one formula field."""
        return self.retrieve(actor, sobject, record_id, [field])[field]

    def query(self, actor: Actor, soql: str, *, include_deleted: bool = False) -> QueryResult:
        """The result of a SOQL query as this user sees it. Raises OrgError."""
        # SOQL is built on this package's values; importing it at the top would close a circle.
        from sandbox.soql import execute, parse

        query = parse(soql)
        with self.store.lock:
            env = self._query_env(actor, include_deleted=include_deleted)
            return execute(self.store.connection, self.schema, query, env)

    def export(self, actor: Actor, soql: str, *, include_deleted: bool = False) -> Export:
        """The same result as `query`, to be read piece by piece and closed. Raises OrgError."""
        from sandbox.soql import parse
        from sandbox.soql.export import Export

        query = parse(soql)
        with self.store.lock:
            env = self._query_env(actor, include_deleted=include_deleted)
            return Export(self.store.connection, self.store.lock, self.schema, query, env)

    def check_export(self, actor: Actor, soql: str) -> str:
        """The name of the sObject that an export of this query reads. Raises its OrgError."""
        from sandbox.soql import parse
        from sandbox.soql.export import check_export

        query = parse(soql)
        with self.store.lock:
            return check_export(self.schema, query, self._query_env(actor, include_deleted=False))

    def _query_env(self, actor: Actor, *, include_deleted: bool) -> QueryEnv:
        """What this user may read at this moment. Belongs inside the lock, as the reading does."""
        from sandbox.soql import QueryEnv

        access = actor.access
        self.store.settle()
        if include_deleted:
            purge_bin(self.core)
        return QueryEnv(
            now=self.core.moment(),
            time_zone=actor.time_zone,
            include_deleted=include_deleted,
            formula=FormulaReader(self.core, actor).values,
            can_read=None if access.is_admin else access.can_read,
            can_see=None if access.is_admin else access.can_see,
            user_id=actor.user_id,
        )

    def reset(self) -> None:
        """Empty the org: users, rates and sequences are as on the first day."""
        with self.store.transaction():
            self.store.clear()
            self.core.purged_at = None
            self.core.users.forget()
            prepare_rows(self.core)

    def copy_to(self, path: Path) -> None:
        """Write all data into a new file, as of one instant."""
        copy_data(self.core, path)

    def fit_copy(self, path: Path) -> None:
        """Make a copy fit for `take_over`. Raises MisfitError when this org cannot read it all."""
        fit_copy(self.core, path)

    def take_over(self, path: Path) -> None:
        """Have the data of a copy instead of the present data. Raises MisfitError."""
        take_over(self.core, path)

    def seed(self, plan: object) -> dict[str, str]:
        """Store a data plan; returns the Id of each record by its referenceId. Raises OrgError."""
        return seed_org(self.core, plan)

    def seed_record(
        self, sobject: SObject, values: Mapping[str, object], username: str | None = None
    ) -> str:
        """Store one record as a data load does; returns its Id. Raises OrgError."""
        return seed_record(self.core, sobject, values, username)


def _id(text: str) -> str:
    try:
        return normalize_id(text)
    except MalformedIdError:
        raise refuse("MALFORMED_ID", f"malformed id {text}") from None
