"""When the org's describe is asked for, and what a pull has to do about the answer.

Owns the occasions: the first pull of a process, once a day, at each pull while a column is paused,
and at once when the org surprises a pull in the middle. The describes ride in the call that a pull
makes anyway, so that they cost bytes and no call; that is also why they are not asked for with
If-Modified-Since, which no part of a batch can carry. Source: REST API guide, "Batch".
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Facts
from datetime import datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakSet

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync.about_org import org_time
from sfsync.batch import BatchAnswer, get_many, with_parameters
from sfsync.client import Salesforce
from sfsync.comparing import judge, record, tell_verdict
from sfsync.errors import SalesforceRejected
from sfsync.mapping import BY_SOBJECT, Mapping
from sfsync.org_rows import VALUE_MISFIT
from sfsync.schema import (
    SyncField,
    Trouble,
    compared_at,
    find_paused,
    find_troubles,
    lock_schema,
    read_fields,
)
from sfsync.sync_state import credible_to, read_state

logger = logging.getLogger(__name__)

#: How old a comparison may become in a process that runs for long.
PERIOD = timedelta(days=1)
#: The connections of this process whose org was compared already.
_COMPARED: WeakSet[Salesforce] = WeakSet()

#: What the org answers when a field, or an sObject, is not what it was when it was described, and
#: what we say of a value that is not of its column's kind.
SURPRISES = frozenset({"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND", VALUE_MISFIT})
#: So often in one pull; each time at least one column has been paused.
MOST_SURPRISES = 3

T = TypeVar("T")
Describes = Facts[str, Facts[str, Any] | None]


def find_due(sf: Salesforce, session: Session, sobjects: Sequence[str], at: datetime) -> list[str]:
    """The sObjects whose describe a pull that begins at the org's time `at` should ask for."""
    paused = find_paused(session, sobjects)
    return [
        name
        for name in sobjects
        if sf not in _COMPARED or name in paused or _is_stale(compared_at(session, name), at)
    ]


def describe_paths(sobjects: Iterable[str]) -> list[str]:
    """The resources that describe these sObjects, to be read in a batch."""
    return [f"sobjects/{name}/describe" for name in sobjects]


def read_describes(sobjects: Sequence[str], answers: Sequence[BatchAnswer]) -> Describes:
    """What the org answered to `describe_paths`; None for an sObject that it does not show."""
    pairs = zip(sobjects, answers, strict=True)
    return {name: None if each.status == 404 else each.unwrap() for name, each in pairs}


def take_in(sf: Salesforce, engine: Engine, describes: Describes, at: datetime) -> bool:
    """Compares and records; whether any column's state changed.

    `at` is the org's time before it described. Costs one call when a field was added to a replica
    that has rows, to find out whether any of them holds a value.
    """
    changes = [_compare(engine, BY_SOBJECT[name], each, at) for name, each in describes.items()]
    _COMPARED.add(sf)
    added = [row for rows, _ in changes for row in rows]
    _settle_additions(sf, engine, added)
    return any(is_changed for _, is_changed in changes)


def check_now(sf: Salesforce, engine: Engine, sobjects: Sequence[str], at: datetime) -> bool:
    """Asks for the describes and takes them in, at one call; whether any column changed."""
    describes = read_describes(sobjects, get_many(sf, describe_paths(sobjects)))
    return take_in(sf, engine, describes, at)


def surviving_surprises(
    sf: Salesforce, engine: Engine, names: Sequence[str], work: Callable[[], T]
) -> T:
    """Does `work`; when the org surprises it with another schema, compares at once and goes on.

    Raises the surprise when the describe does not explain it.
    """
    for _ in range(MOST_SURPRISES):
        try:
            return work()
        except SalesforceRejected as error:
            if error.code not in SURPRISES:
                raise
            logger.warning("the org's fields are not what they were", extra={"error": str(error)})
            if not check_now(sf, engine, names, org_time(sf)):
                raise
    return work()


def find_all_troubles(session: Session, describes: Describes) -> list[Trouble]:
    """Every column in trouble, also by what `describes` say and no pull has noted. Read only."""
    known = find_troubles(session)
    names = {each.name for each in known}
    for sobject, describe in describes.items():
        mapping = BY_SOBJECT[sobject]
        for verdict in judge(session, mapping, describe):
            if verdict.loss is not None and f"{sobject}.{verdict.field.path}" not in names:
                known.append(tell_verdict(mapping, verdict))
    return known


def _is_stale(compared: datetime | None, at: datetime) -> bool:
    # A comparison of a future that the org's clock took back is none.
    return compared is None or not at - PERIOD < compared <= credible_to(at)


def _compare(
    engine: Engine, mapping: Mapping, describe: Facts[str, Any] | None, at: datetime
) -> tuple[list[SyncField], bool]:
    with transaction(engine) as session:
        if not lock_schema(session, mapping.sobject, at):
            return [], True
        before = _states(session, mapping)
        added = record(session, mapping, judge(session, mapping, describe), at)
        session.flush()
        return added, _states(session, mapping) != before


def _states(session: Session, mapping: Mapping) -> set[tuple[str, str]]:
    return {(name, row.state) for name, row in read_fields(session, mapping.sobject).items()}


def _settle_additions(sf: Salesforce, engine: Engine, added: Sequence[SyncField]) -> None:
    """Spares the reading of everything where no row holds a value of a field that was added.

    Asked after the columns were recorded: what is set later is read by pulls that know them.
    """
    by_sobject: defaultdict[str, list[SyncField]] = defaultdict(list)
    for row in added:
        by_sobject[row.sobject].append(row)
    countable = {name: rows for name, rows in by_sobject.items() if all(map(_is_countable, rows))}
    answers = get_many(sf, [_count_path(name, rows) for name, rows in countable.items()])
    with transaction(engine) as session:
        for (name, rows), answer in zip(countable.items(), answers, strict=True):
            # An export that is under way was begun without the field.
            is_exporting = read_state(session, name).export_job_id is not None
            if int(answer.unwrap()["totalSize"]) or is_exporting:
                continue
            fields = [row.name for row in rows]
            mine = update(SyncField).where(SyncField.sobject == name, SyncField.name.in_(fields))
            session.execute(mine.values(needs_read=False))


def _is_countable(row: SyncField) -> bool:
    """Whether the org can say which rows hold a value; of long texts it cannot."""
    return row.description is not None and row.description.is_filterable


def _count_path(sobject: str, rows: Sequence[SyncField]) -> str:
    held = " OR ".join(f"{row.name} != null" for row in rows)
    query = f"SELECT COUNT() FROM {sobject} WHERE {held}"  # noqa: S608 - SOQL, names of the org
    return with_parameters("queryAll", {"q": query})
