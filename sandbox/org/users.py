"""Who acts: users with their time zone, profile and rights.

Owns the reading of User, Profile and PermissionSetAssignment rows, so that changing such a row
through the API changes what the user may do at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from sandbox.org.access import Access
from sandbox.org.actor import Actor
from sandbox.org.errors import refuse
from sandbox.org.profiles import profile_grants
from sandbox.org.schema import PermissionSet, Schema
from sandbox.org.store import Store

#: Writes to these sObjects change who an actor is.
IDENTITY_SOBJECTS = frozenset({"User", "Profile", "PermissionSet", "PermissionSetAssignment"})


class Users:
    """Actors by user Id, read from the rows and remembered until such a row changes."""

    def __init__(self, schema: Schema, store: Store) -> None:
        self._schema = schema
        self._store = store
        self._actors: dict[str, Actor] = {}
        store.forget_on_rollback(self.forget)

    def adopt(self, schema: Schema) -> None:
        """Take permissions from another schema from now on."""
        self._schema = schema
        self.forget()

    def forget(self) -> None:
        """Read users anew: one of their rows changed."""
        self._actors.clear()

    def actor(self, user_id: str) -> Actor:
        """The user of that Id. Raises OrgError NOT_FOUND; the caller's session is worthless."""
        actor = self._actors.get(user_id)
        if actor is None:
            actor = self._actors[user_id] = self._read(user_id)
        return actor

    def find(self, username: str) -> str | None:
        """The Id of the user who logs in with that name, whatever its case."""
        rows = self._store.tables["User"].find("Username", username, ignore_case=True, limit=1)
        return str(rows[0]["Id"]) if rows else None

    def _read(self, user_id: str) -> Actor:
        row = self._store.tables["User"].get(user_id)
        if row is None:
            raise refuse("NOT_FOUND", f"There is no user with Id {user_id}.")
        row_of_profile = self._store.tables["Profile"].get(str(row["ProfileId"]))
        profile = str(row_of_profile["Name"]) if row_of_profile else ""
        permission_sets = self._permission_sets(user_id)
        return Actor(
            user_id=user_id,
            username=str(row["Username"]),
            time_zone=ZoneInfo(str(row["TimeZoneSidKey"] or "UTC")),
            profile=profile,
            permissions=frozenset().union(*(s.custom_permissions for s in permission_sets)),
            access=_access(profile, permission_sets),
        )

    def _permission_sets(self, user_id: str) -> list[PermissionSet]:
        assignments = self._store.tables["PermissionSetAssignment"].find("AssigneeId", user_id)
        rows = [
            self._store.tables["PermissionSet"].get(str(assignment["PermissionSetId"]))
            for assignment in assignments
        ]
        found = (self._schema.permission_sets.get(str(row["Name"])) for row in rows if row)
        return [permission_set for permission_set in found if permission_set is not None]


def _access(profile: str, permission_sets: list[PermissionSet]) -> Access:
    """Everything that the profile or any of the permission sets grants."""
    base = profile_grants(profile)
    return Access(
        is_admin=base.is_admin,
        objects=_merge([base.objects, *(s.objects for s in permission_sets)]),
        fields=_merge(s.fields for s in permission_sets),
        user_permissions=base.user_permissions.union(
            *(s.user_permissions for s in permission_sets)
        ),
        shows_standard_fields=base.shows_standard_fields,
    )


def _merge(grants: Iterable[Mapping[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    merged: dict[str, frozenset[str]] = {}
    for grant in grants:
        for name, words in grant.items():
            merged[name] = merged.get(name, frozenset()) | words
    return merged
