"""Who acts: users with their time zone, profile and custom permissions.

Owns the reading of User, Profile and PermissionSetAssignment rows, so that changing such a row
through the API changes what the user may do at once.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sandbox.org.actor import Actor
from sandbox.org.errors import refuse
from sandbox.org.schema import Schema
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
        profile = self._store.tables["Profile"].get(str(row["ProfileId"]))
        return Actor(
            user_id=user_id,
            username=str(row["Username"]),
            time_zone=ZoneInfo(str(row["TimeZoneSidKey"] or "UTC")),
            profile=str(profile["Name"]) if profile else "",
            permissions=self._permissions(user_id),
        )

    def _permissions(self, user_id: str) -> frozenset[str]:
        granted: set[str] = set()
        assignments = self._store.tables["PermissionSetAssignment"].find("AssigneeId", user_id)
        for assignment in assignments:
            row = self._store.tables["PermissionSet"].get(str(assignment["PermissionSetId"]))
            permission_set = self._schema.permission_sets.get(str(row["Name"])) if row else None
            if permission_set is not None:
                granted |= permission_set.custom_permissions
        return frozenset(granted)
