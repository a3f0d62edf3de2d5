"""The deploys that the org has seen, and the way from a zip to a live schema.

Owns their life: a deploy is done when its call answers, although clients poll for it as they would
in Salesforce; the last hundred results are kept in memory, which is as long as anybody asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.metadata.deployment import DeployOptions, DeployReport, UnfitSchemaError, deploy
from sandbox.org.ddl import IncompatibleDataError
from sandbox.org.errors import OrgError, not_implemented, refuse
from sandbox.org.ids import MalformedIdError, make_id, normalize_id
from sandbox.org.org import SchemaError

if TYPE_CHECKING:
    from sandbox.metadata.ledger import MetadataLedger
    from sandbox.org.actor import Actor
    from sandbox.org.org import Org
    from sandbox.org.schema import Schema

_KEPT = 100
_ADMINISTRATOR = "System Administrator"
_CHANGE = "holds values that cannot be kept: it {change}; empty the field first"


@dataclass(frozen=True)
class DeployRecord:
    """One deploy, finished."""

    id: str
    user_id: str
    username: str
    started_at: datetime
    completed_at: datetime
    ignore_warnings: bool
    report: DeployReport


class Deployments:
    """Deploys into one org. Without a ledger (an org made from a ready schema) none is taken."""

    def __init__(self, org: Org, ledger: MetadataLedger | None) -> None:
        self._org = org
        self._ledger = ledger
        self._records: dict[str, DeployRecord] = {}
        self._lock = threading.Lock()

    @property
    def ledger(self) -> MetadataLedger:
        """The org's metadata. Raises OrgError when the org knows only its schema."""
        if self._ledger is None:
            raise not_implemented("metadata of an org that was started with a ready schema")
        return self._ledger

    def run(
        self, actor: Actor, data: bytes, options: DeployOptions, *, ignore_warnings: bool = False
    ) -> DeployRecord:
        """Deploy a zip in this user's name. Raises OrgError when the user may not deploy."""
        check_rights(actor)
        started_at = self._org.clock.now()
        report = deploy(self.ledger, self._adopt, data, options)
        record = DeployRecord(
            id=self.new_id("0Af"),
            user_id=actor.user_id,
            username=actor.username,
            started_at=started_at,
            completed_at=self._org.clock.now(),
            ignore_warnings=ignore_warnings,
            report=report,
        )
        with self._lock:
            self._records[record.id] = record
            for oldest in list(self._records)[:-_KEPT]:
                del self._records[oldest]
        return record

    def find(self, deploy_id: str) -> DeployRecord:
        """The deploy of that Id, in 15 or 18 characters. Raises OrgError when there is none."""
        try:
            record = self._records.get(normalize_id(deploy_id))
        except MalformedIdError:
            record = None
        if record is None:
            raise refuse("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id {deploy_id}")
        return record

    def new_id(self, prefix: str) -> str:
        """An Id for something that has no table."""
        with self._org.transaction():
            return make_id(prefix, self._org.store.next_number(f"id:{prefix}"))

    def _adopt(self, schema: Schema, commit: Callable[[], None] | None) -> None:
        try:
            self._org.adopt(schema, commit)
        except IncompatibleDataError as error:
            reasons = {name: _CHANGE.format(change=how) for name, how in error.fields.items()}
            raise UnfitSchemaError(reasons) from error
        except SchemaError as error:
            raise UnfitSchemaError({"The metadata cannot run": str(error)}) from error


def check_rights(actor: Actor) -> None:
    """Raises OrgError unless the user may use the Metadata API."""
    if actor.profile != _ADMINISTRATOR:
        raise refuse(
            "INSUFFICIENT_ACCESS",
            "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata "
            "permissions",
        )


def refuse_cancel(record: DeployRecord) -> OrgError:
    """The refusal to cancel a deploy: it was over when it answered. The caller raises it."""
    return refuse("INVALID_ID_FIELD", f"Deployment {record.id} already completed")
