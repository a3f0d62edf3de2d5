"""A small org in which ops have exactly the rights that a test gives them."""

from __future__ import annotations

from sandbox.org.org import Actor, Org
from sandbox.org.schema import PermissionSet, Schema
from tests.sandbox_org.builders import OPS, a_schema, an_org, the_user

READ = frozenset({"read"})
WORK = frozenset({"read", "create", "edit"})
DEAL = {"Deal__c": WORK}


def an_org_with(
    objects: dict[str, frozenset[str]] | None = None,
    fields: dict[str, frozenset[str]] | None = None,
    user_permissions: frozenset[str] = frozenset(),
    schema: Schema | None = None,
) -> Org:
    """The small org; ops are Standard Users with these grants on top."""
    schema = schema or a_schema()
    schema.permission_sets["Manufaktura_Operations"] = PermissionSet(
        "Manufaktura_Operations",
        "Operations",
        objects=objects or {},
        fields=fields or {},
        user_permissions=user_permissions,
    )
    return an_org(schema)


def ops_of(org: Org) -> Actor:
    return the_user(org, OPS)


def columns(org: Org, soql: str) -> list[dict[str, object]]:
    """The rows of a query as ops see them, without attributes."""
    rows = org.query(ops_of(org), soql).records
    return [{k: v for k, v in row.items() if k != "attributes"} for row in rows]
