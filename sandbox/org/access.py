"""What one user may see and do: object permissions and field-level security.

Owns the answer to "may this user", worked out once per user and sObject from the profile and the
assigned permission sets. Who lacks read on an object is told that it does not exist, and so with
fields, as an org does: a client cannot tell a hidden field from a misspelt one. Sharing is not
modelled; every record has the org-wide default Public Read/Write, under which everybody with the
object permission reads and edits all records, and deletes their own. Rules, defaults and formulas
run with the org's own eyes, not the user's. Source: Salesforce help, "Object Permissions",
"Field-Level Security", "Organization-Wide Sharing Defaults".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.org.errors import OrgError, refuse
from sandbox.org.field_security import grant_name, is_permissionable, is_setup
from sandbox.org.schema import Field, SObject

_ALL = frozenset({"read", "create", "edit", "delete", "viewAll", "modifyAll"})
#: Objects without permissions of their own, and the object whose permissions they follow.
_FOLLOWS = {"CampaignMember": "Campaign", "OrderItem": "Order", "PricebookEntry": "Pricebook2"}
#: Activities have no object permissions; everybody reads them, this user permission writes them.
_ACTIVITIES = {"Event": "EditEvent", "Task": "EditTask"}


@dataclass(frozen=True)
class ObjectRights:
    """A user's rights on one sObject."""

    words: frozenset[str]  #: read, create, edit, delete, viewAll, modifyAll
    hidden: frozenset[str] = frozenset()  #: fields that do not exist for this user
    read_only: frozenset[str] = frozenset()  #: fields that this user sees and may not set

    def can_read(self, wanted: Field) -> bool:
        """True when the field exists for the user, on an sObject that does."""
        return "read" in self.words and wanted.name not in self.hidden

    def can_set(self, wanted: Field) -> bool:
        """True when field-level security lets the user write the field."""
        return wanted.name not in self.read_only


_FULL = ObjectRights(_ALL)


@dataclass(frozen=True)
class Access:
    """The rights of one user. Without grants it allows nothing but what everybody sees."""

    is_admin: bool = False
    objects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)  #: by `Order.Name`
    user_permissions: frozenset[str] = frozenset()
    shows_standard_fields: bool = False
    _rights: dict[str, ObjectRights] = field(default_factory=dict, repr=False, compare=False)

    def rights(self, sobject: SObject) -> ObjectRights:
        """The rights on one sObject."""
        if self.is_admin:
            return _FULL
        known = self._rights.get(sobject.name)
        if known is None:
            known = self._rights[sobject.name] = self._work_out(sobject)
        return known

    def allows(self, sobject: SObject, word: str) -> bool:
        """True when the user has that object permission."""
        return word in self.rights(sobject).words

    def can_see(self, sobject: SObject) -> bool:
        """True when the sObject exists for the user."""
        return "read" in self.rights(sobject).words

    def can_read(self, sobject: SObject, wanted: Field) -> bool:
        """True when the field exists for the user, on an sObject that does."""
        return self.rights(sobject).can_read(wanted)

    def can_set(self, sobject: SObject, wanted: Field) -> bool:
        """True when field-level security lets the user write the field."""
        return self.rights(sobject).can_set(wanted)

    def require(self, sobject: SObject, word: str) -> None:
        """Raise OrgError unless the user has that object permission."""
        words = self.rights(sobject).words
        if "read" not in words:
            raise refuse("INVALID_TYPE", f"sObject type '{sobject.name}' is not supported.")
        if word not in words:
            raise _lacking(sobject, word)

    def _work_out(self, sobject: SObject) -> ObjectRights:
        optional = [f for f in sobject.fields.values() if is_permissionable(sobject, f)]
        granted = {f.name: self._field_words(sobject, f) for f in optional}
        return ObjectRights(
            self._object_words(sobject),
            frozenset(name for name, words in granted.items() if "read" not in words),
            frozenset(name for name, words in granted.items() if "edit" not in words),
        )

    def _object_words(self, sobject: SObject) -> frozenset[str]:
        if sobject.name in _ACTIVITIES:
            may_edit = _ACTIVITIES[sobject.name] in self.user_permissions
            return frozenset({"read", "create", "edit", "delete"} if may_edit else {"read"})
        if is_setup(sobject):
            return frozenset({"read"})
        name = sobject.history_of or _FOLLOWS.get(sobject.name, sobject.name)
        words = self.objects.get(name, frozenset())
        if "ModifyAllData" in self.user_permissions:
            return _ALL
        return words | {"read", "viewAll"} if "ViewAllData" in self.user_permissions else words

    def _field_words(self, sobject: SObject, wanted: Field) -> frozenset[str]:
        if self.shows_standard_fields and not wanted.custom:
            return frozenset({"read", "edit"})
        words = self.fields.get(grant_name(sobject, wanted), frozenset())
        sees_all = "viewAllFields" in self.objects.get(sobject.name, ())
        return words | {"read"} if sees_all else words


#: The rights of an administrator, and of what the org does by itself.
FULL_ACCESS = Access(is_admin=True)


def insufficient() -> OrgError:
    """Salesforce's refusal of a change to a record that the user may see and not change."""
    return refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def _lacking(sobject: SObject, word: str) -> OrgError:
    if word != "create":
        return insufficient()
    message = f"entity type cannot be inserted: {sobject.label}"
    return refuse("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
