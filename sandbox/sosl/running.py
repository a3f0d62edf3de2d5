"""Answers a search from an org's records.

Owns which sObjects and fields are searched. There is no index: every record of a searched sObject
is read, which is quick enough for what a laptop holds. Rights are those of the user's queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sandbox.org.errors import refuse
from sandbox.org.schema import TEXT_TYPES, Field, FieldType, SObject
from sandbox.sosl.statement import Returning, Search
from sandbox.sosl.terms import Condition, split_words

if TYPE_CHECKING:
    from sandbox.org.actor import Actor
    from sandbox.org.org import Org
    from sandbox.soql.results import Row

_NAMES = frozenset({"Name", "FirstName", "LastName"})
#: The types of fields that a scope looks into.
_TYPES = {
    "ALL": TEXT_TYPES | {FieldType.PICKLIST, FieldType.MULTISELECT},
    "EMAIL": frozenset({FieldType.EMAIL}),
    "PHONE": frozenset({FieldType.PHONE}),
}


def run_search(org: Org, actor: Actor, search: Search) -> list[Row]:
    """The records found, by the order of RETURNING, as a query would show them.

    Raises OrgError INVALID_TYPE for an unknown sObject and what SOQL refuses in RETURNING.
    """
    wanted = search.returning or tuple(_everything(org, actor))
    rows: list[Row] = []
    for each in wanted:
        rows += _find(org, actor, search, each)
    return rows[: search.limit]


def is_searchable(sobject: SObject) -> bool:
    """Whether a search looks at this sObject: what people create, and not its history."""
    return sobject.queryable and sobject.createable and sobject.history_of is None


def _everything(org: Org, actor: Actor) -> Iterator[Returning]:
    for name, sobject in sorted(org.schema.objects.items()):
        if is_searchable(sobject) and actor.access.can_see(sobject):
            yield Returning(name)


def _find(org: Org, actor: Actor, search: Search, wanted: Returning) -> list[Row]:
    sobject = org.schema.sobject(wanted.sobject)
    if sobject is None or not is_searchable(sobject) or not actor.access.can_see(sobject):
        raise refuse("INVALID_TYPE", f"sObject type '{wanted.sobject}' is not supported.")
    names = [f.name for f in _searched_fields(actor, sobject, search.scope)]
    if not names:
        return []
    narrowed = f" WHERE {wanted.where}" if wanted.where else ""
    soql = f"SELECT Id, {', '.join(names)} FROM {sobject.name}{narrowed}"  # noqa: S608 - SOQL
    ids = [
        str(row["Id"])
        for row in org.query(actor, soql).records
        if _is_match(search.matches, row, names)
    ]
    if not ids:
        return []
    listed = ", ".join(f"'{record_id}'" for record_id in ids[: search.limit])
    soql = f"SELECT {wanted.fields} FROM {sobject.name} WHERE Id IN ({listed}) {wanted.rest}"  # noqa: S608
    return org.query(actor, soql).records


def _searched_fields(actor: Actor, sobject: SObject, scope: str) -> Iterator[Field]:
    for field in sobject.fields.values():
        if field.is_formula or not actor.access.can_read(sobject, field):
            continue
        is_name = field.name in _NAMES or field.name == sobject.name_field
        if is_name if scope == "NAME" else field.type in _TYPES[scope]:
            yield field


def _is_match(matches: Condition, row: Row, names: list[str]) -> bool:
    return matches([split_words(str(row[name])) for name in names if row[name] is not None])
