"""Data plans: records with references among them, in any of the accepted spellings.

Owns the reading of a plan into a flat list, parents before their nested children. Accepted are one
plan object, a list of them, `[{"sobject", "records"}]`, and what `sf data export tree` writes.
Source: developer.salesforce.com, Salesforce CLI reference, `data import tree`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sandbox.org.errors import refuse
from sandbox.org.schema import Schema, SObject


@dataclass(frozen=True)
class SeedRecord:
    """One record to be: its name in the plan and its raw JSON values."""

    reference: str
    sobject: SObject
    values: dict[str, object]


@dataclass
class SeedPlan:
    """Records stored together, by whom, and whether the org's rules apply."""

    user: str | None
    checks: bool
    records: list[SeedRecord] = field(default_factory=list)


def read_plans(schema: Schema, raw: object) -> list[SeedPlan]:
    """The plans in `raw`. Raises OrgError when it is no plan, or names an unknown sObject."""
    entries = raw if isinstance(raw, list) else [raw]
    counter: Counter[str] = Counter()
    return [_read_plan(schema, entry, counter) for entry in entries]


def _read_plan(schema: Schema, raw: object, counter: Counter[str]) -> SeedPlan:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("records"), list):
        message = 'A data plan is an object (or a list of them) with a list "records".'
        raise refuse("JSON_PARSER_ERROR", message)
    user = raw.get("as")
    plan = SeedPlan(user=str(user) if user else None, checks=raw.get("checks", True) is True)
    default_type = raw.get("sobject")
    for record in raw["records"]:
        plan.records.extend(_flatten(schema, record, default_type, counter))
    return plan


def _flatten(
    schema: Schema,
    raw: object,
    default_type: object,
    counter: Counter[str],
    parent: tuple[str, str] | None = None,
) -> Iterator[SeedRecord]:
    """The record, then its nested children. `parent` is (lookup, reference) for a child."""
    if not isinstance(raw, Mapping):
        raise refuse("JSON_PARSER_ERROR", f"A record of a data plan is an object, got {raw!r}.")
    attributes = raw.get("attributes")
    attributes = attributes if isinstance(attributes, Mapping) else {}
    sobject = _sobject(schema, attributes.get("type", default_type))
    counter[sobject.name] += 1
    reference = str(attributes.get("referenceId") or f"{sobject.name}{counter[sobject.name]}")
    nested = {name: value for name, value in raw.items() if _is_nested(sobject, name, value)}
    values = {n: v for n, v in raw.items() if n not in nested and n != "attributes"}
    if parent is not None:
        values[parent[0]] = f"@{parent[1]}"
    yield SeedRecord(reference, sobject, values)
    for name, block in nested.items():
        yield from _children(schema, sobject, reference, name, block, counter)


def _is_nested(sobject: SObject, name: str, value: object) -> bool:
    return isinstance(value, Mapping) and "records" in value and sobject.field(name) is None


def _children(
    schema: Schema,
    parent: SObject,
    reference: str,
    name: str,
    block: Mapping[str, object],
    counter: Counter[str],
) -> Iterator[SeedRecord]:
    wanted = name.lower()
    link = next(
        (c for c in schema.children_of(parent.name) if (c.name or "").lower() == wanted), None
    )
    records = block["records"]
    if link is None or not isinstance(records, list):
        raise refuse("INVALID_FIELD", f"{parent.name} has no child relationship {name}.")
    for record in records:
        yield from _flatten(schema, record, link.child, counter, (link.field.name, reference))


def _sobject(schema: Schema, name: object) -> SObject:
    sobject = schema.sobject(str(name)) if name else None
    if sobject is None:
        message = f"sObject type '{name}' is not supported; say it in attributes.type."
        raise refuse("INVALID_TYPE", message)
    return sobject
