"""Filling the org from a data plan, as an administrator's data load does.

Owns the two passes that let records refer to each other in any order: first all rows are stored,
then all of them are checked as new records with the whole plan in sight. One refusal undoes the
whole plan. `"checks": false` skips the second pass, for rows that an older org let in, and with it
the outbound messages, which that org has sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sandbox.org.actor import Actor
from sandbox.org.autonumbers import assign_auto_numbers
from sandbox.org.core import Core
from sandbox.org.errors import ErrorItem, OrgError, refuse
from sandbox.org.history import write_history
from sandbox.org.inputs import read_input
from sandbox.org.json_values import from_json
from sandbox.org.related import RelatedRows
from sandbox.org.rollups import roll_up
from sandbox.org.save import Save
from sandbox.org.saving import check_save, prepare_insert, stamp
from sandbox.org.schema import SObject
from sandbox.org.seed_plans import SeedPlan, SeedRecord, read_plans
from sandbox.org.setup_rows import LOADER
from sandbox.org.tables import Record
from sandbox.org.triggers import queue_messages

#: Fields that only a data load may set, as with the permission "Set Audit Fields upon Creation".
_AUDIT_FIELDS = frozenset(
    {
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "SystemModstamp",
        "IsDeleted",
    }
)


def seed_org(core: Core, raw: object) -> dict[str, str]:
    """Store the records of a plan; returns the Id of each by its reference.

    Runs as the loader, whose permission bypasses the rules meant for daily work, unless the plan
    names another user. Records without a referenceId are called `Order1`, `Order2`, … Raises
    OrgError naming the record that was refused; nothing is stored then.
    """
    plans = read_plans(core.schema, raw)
    with core.store.savepoint(), core.chunk():
        ids = _give_ids(core, plans)
        stored: list[tuple[SeedRecord, Save]] = []
        for plan in plans:
            actor = _actor(core, plan.user or LOADER)
            rows = RelatedRows(core.store)
            saves = [(r, _store_named(core, actor, r, ids, rows)) for r in plan.records]
            rows.forget()
            if plan.checks:
                _check(saves)
                _announce(saves)
            stored += saves
        _roll_up(core, stored)
    return ids


def seed_record(
    core: Core, sobject: SObject, raw: Mapping[str, object], username: str | None = None
) -> str:
    """Store one record as `seed_org` does, checked at once; returns its Id. Raises OrgError."""
    with core.store.savepoint():
        actor = _actor(core, username or LOADER)
        seed = SeedRecord("", sobject, dict(raw))
        ids = {seed.reference: core.store.new_id(sobject)}
        save = _store(core, actor, seed, ids, RelatedRows(core.store))
        check_save(save)
        queue_messages(save)
        roll_up(core, actor, sobject, [save.record])
    return ids[seed.reference]


def _roll_up(core: Core, saves: list[tuple[SeedRecord, Save]]) -> None:
    """Summaries come last: a plan may name details before their masters."""
    details: dict[str, list[Save]] = {}
    for _, save in saves:
        details.setdefault(save.sobject.name, []).append(save)
    for same in details.values():
        first = same[0]
        roll_up(core, first.actor, first.sobject, [save.record for save in same])


def _actor(core: Core, username: str) -> Actor:
    user_id = core.users.find(username)
    if user_id is None:
        raise refuse("NOT_FOUND", f"There is no user {username}.")
    return core.users.actor(user_id)


def _give_ids(core: Core, plans: list[SeedPlan]) -> dict[str, str]:
    ids: dict[str, str] = {}
    for plan in plans:
        for record in plan.records:
            if record.reference in ids:
                message = f"referenceId {record.reference} is used for two records"
                raise refuse("DUPLICATE_VALUE", message)
            ids[record.reference] = core.store.new_id(record.sobject)
    return ids


def _store_named(
    core: Core, actor: Actor, seed: SeedRecord, ids: Mapping[str, str], rows: RelatedRows
) -> Save:
    with _naming(seed):
        return _store(core, actor, seed, ids, rows)


def _store(
    core: Core, actor: Actor, seed: SeedRecord, ids: Mapping[str, str], rows: RelatedRows
) -> Save:
    raw = _resolve_references(seed, ids)
    audit = _read_audit(seed.sobject, raw)
    given = {name: value for name, value in raw.items() if not _is_audit(seed.sobject, name)}
    values = read_input(core, seed.sobject, given, is_new=True)
    save = prepare_insert(core, actor, seed.sobject, values, rows)
    save.record["Id"] = ids[seed.reference]
    assign_auto_numbers(save)
    stamp(save.record, actor.user_id, save.now, is_new=True)
    save.record |= audit
    core.store.table(seed.sobject).insert([save.record])
    write_history(save)
    core.written(seed.sobject)
    return save


def _is_audit(sobject: SObject, name: str) -> bool:
    field = sobject.field(name)
    return field is not None and field.name in _AUDIT_FIELDS


def _resolve_references(seed: SeedRecord, ids: Mapping[str, str]) -> dict[str, object]:
    """The raw values with `@ref` in lookups replaced by Ids. Elsewhere an @ is just text."""
    raw = dict(seed.values)
    for name, value in raw.items():
        if isinstance(value, str) and value.startswith("@"):
            field = seed.sobject.field(name)
            if field is not None and field.is_reference:
                raw[name] = _referred(value, field.name, ids)
    return raw


def _referred(value: str, field: str, ids: Mapping[str, str]) -> str:
    record_id = ids.get(value[1:])
    if record_id is None:
        message = f"{field}: no record of this plan has the referenceId {value[1:]}"
        raise refuse("INVALID_CROSS_REFERENCE_KEY", message, field)
    return record_id


def _read_audit(sobject: SObject, raw: Mapping[str, object]) -> Record:
    fields = {name: sobject.field(name) for name in raw if _is_audit(sobject, name)}
    return {field.name: from_json(field, raw[name]) for name, field in fields.items() if field}


def _check(saves: list[tuple[SeedRecord, Save]]) -> None:
    for seed, save in saves:
        if not save.record.get("IsDeleted"):
            with _naming(seed):
                check_save(save)


def _announce(saves: list[tuple[SeedRecord, Save]]) -> None:
    for seed, save in saves:
        if not save.record.get("IsDeleted"):
            with _naming(seed):
                queue_messages(save)


@contextmanager
def _naming(seed: SeedRecord) -> Iterator[None]:
    """Say which record of the plan was refused: a plan may have thousands."""
    try:
        yield
    except OrgError as error:
        where = f"record {seed.reference} ({seed.sobject.name}): "
        items = [ErrorItem(item.code, where + item.message, item.fields) for item in error.items]
        raise OrgError(items) from error
