"""Writes that still have to reach the org, stored in the transaction of their cause.

Owns what "the same write" means. Every write is an upsert by external ID, so it may be sent twice;
storing it twice is avoided here: values that are already on their way, or have arrived, are not
written again, and a newer write of the same record is folded into one that has not left yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import insert_into
from sfsync import jsonio
from sfsync.bases import find_base
from sfsync.mapping import PUSH_ORDER, find_references
from sfsync.outbox_rows import OutboxWrite, WriteState

__all__ = ["OutboxWrite", "WriteState", "enqueue", "fold_into_newer", "forget_error"]


#: States in which the same values need no second write.
_ON_THEIR_WAY = (WriteState.PENDING, WriteState.SENDING, WriteState.SENT, WriteState.YIELDED)
#: Of these, those that a look at the org came after.
_OVER = (WriteState.SENT, WriteState.YIELDED)


def enqueue(
    session: Session,
    sobject: str,
    external_id: str,
    values: Mapping[str, object],
    cause: str,
    base: Mapping[str, object] | None = None,
) -> bool:
    """Notes that the org's record `external_id` shall have `values`; whether anything was noted.

    Joins the caller's transaction. `values` are by API name; a lookup is given by external ID,
    `{"Account": {"External_Id__c": "HD-1"}}`. `base` is what the caller saw in the org before it
    decided; without it, what the replica and our own writes say. Idempotent: values that are on
    their way or were the last ones to arrive are not noted again, unless the caller has seen the
    org otherwise since; values that were rejected are tried again. A write that has not left yet
    takes over the new values and keeps what its own were changed from.
    Raises ValueError for an sObject that is not pushed, an empty external ID, or a lookup by
    another field than ours: all are bugs, and must not reach the push.
    """
    if sobject not in PUSH_ORDER:
        raise ValueError(f"{sobject} is not pushed; add it to sfsync.mapping.PUSH_ORDER")
    if not external_id:
        raise ValueError(f"a {sobject} without an external ID cannot be pushed")
    cleared = {name: None if value == "" else value for name, value in values.items()}
    wanted = jsonio.loads(jsonio.dumps(cleared))
    _check_references(wanted)
    latest = _latest(session, sobject, external_id)
    has_looked = base is not None
    if latest is not None and _is_known(session, latest, wanted, has_looked=has_looked):
        return False
    if base is None:
        base = find_base(session, sobject, external_id, wanted)
    if latest is not None and latest.state in (WriteState.PENDING, WriteState.REJECTED):
        _replace_values(latest, {**latest.values, **wanted}, {**base, **latest.base_values}, cause)
        session.flush()
        return True
    return _insert(session, sobject, external_id, wanted, base, cause)


def fold_into_newer(session: Session, row: OutboxWrite) -> bool:
    """When a newer write of the record waits already, gives it the values of `row` to carry.

    Whether it did; `row` is then superseded. The newer values win where both have one; what they
    were changed from is then what the older ones were. What was only parted from `row` is no newer
    write: it comes back into `row`.
    """
    newer = session.scalar(
        select(OutboxWrite).where(
            OutboxWrite.sobject == row.sobject,
            OutboxWrite.external_id == row.external_id,
            OutboxWrite.state == WriteState.PENDING,
            OutboxWrite.id > row.id,
        )
    )
    if newer is None:
        return False
    if newer.is_remainder:
        row.payload = jsonio.dumps({**row.values, **newer.values}, sort_keys=True)
        row.base = jsonio.dumps({**newer.base_values, **row.base_values}, sort_keys=True)
        newer.state = WriteState.SUPERSEDED
        session.flush()
        return False
    newer.payload = jsonio.dumps({**row.values, **newer.values}, sort_keys=True)
    newer.base = jsonio.dumps({**newer.base_values, **row.base_values}, sort_keys=True)
    row.state = WriteState.SUPERSEDED
    return True


def _check_references(values: dict[str, Any]) -> None:
    try:
        list(find_references(values))
    except KeyError as error:
        raise ValueError(f"a lookup is given by external ID, {error} is missing") from error


def _is_known(
    session: Session, latest: OutboxWrite, wanted: Mapping[str, object], *, has_looked: bool
) -> bool:
    if latest.state not in _ON_THEIR_WAY or (has_looked and latest.state in _OVER):
        return False
    return _holds(_carried(session, latest), wanted)


def _latest(session: Session, sobject: str, external_id: str) -> OutboxWrite | None:
    query = (
        select(OutboxWrite)
        .where(
            OutboxWrite.sobject == sobject,
            OutboxWrite.external_id == external_id,
            OutboxWrite.state.not_in((WriteState.SUPERSEDED, WriteState.DROPPED)),
        )
        .order_by(OutboxWrite.id.desc())
        .limit(1)
        .with_for_update()
    )
    return session.scalar(query)


def _carried(session: Session, row: OutboxWrite) -> dict[str, Any]:
    """The values of a write; of a remainder, with those of the write that it was parted from."""
    if not row.is_remainder:
        return row.values
    query = select(OutboxWrite).where(
        OutboxWrite.sobject == row.sobject,
        OutboxWrite.external_id == row.external_id,
        OutboxWrite.state.in_([WriteState.SENDING, WriteState.SENT]),
        OutboxWrite.id < row.id,
    )
    whole = session.scalar(query.order_by(OutboxWrite.id.desc()).limit(1))
    return row.values if whole is None else {**whole.values, **row.values}


def _holds(present: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    return all(name in present and present[name] == value for name, value in wanted.items())


def _replace_values(
    row: OutboxWrite, values: Mapping[str, object], base: Mapping[str, object], cause: str
) -> None:
    row.payload = jsonio.dumps(values, sort_keys=True)
    row.base = jsonio.dumps(base, sort_keys=True)
    row.cause, row.state = cause, WriteState.PENDING
    row.attempts, row.due_at, row.waits_for = 0, None, None
    row.is_remainder = False
    forget_error(row)


def forget_error(row: OutboxWrite) -> None:
    """Takes away what the latest attempt ended with."""
    row.error_code = row.error_message = row.error_fields = row.error_remedy = None
    row.failed_at = None


def _insert(
    session: Session,
    sobject: str,
    external_id: str,
    values: Mapping[str, object],
    base: Mapping[str, object],
    cause: str,
) -> bool:
    """Inserts unless another transaction was faster; then that write takes the values over."""
    statement = insert_into(session, OutboxWrite).on_conflict_do_nothing()
    inserted = session.execute(
        statement.values(
            sobject=sobject,
            external_id=external_id,
            payload=jsonio.dumps(values, sort_keys=True),
            base=jsonio.dumps(base, sort_keys=True),
            cause=cause,
            state=WriteState.PENDING,
            attempts=0,
            is_remainder=False,
        ).returning(OutboxWrite.id)
    )
    if inserted.first() is not None:
        return True
    return enqueue(session, sobject, external_id, values, cause, base)
