"""What the profiles of the org grant by themselves.

Owns the three profiles that every local org has; permission sets come on top. A profile grants
nothing on custom objects and fields, so a fresh deploy is seen by nobody but administrators until
a permission set names it. Source: Salesforce help, "Standard Profiles". That `Standard User` may
not delete is this org's own choice: in an org it depends on the edition, and least is safest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ADMINISTRATOR = "System Administrator"
STANDARD_USER = "Standard User"
API_ONLY = "Minimum Access - API Only Integrations"

_WORKS_ON = frozenset({"read", "create", "edit"})
_LOOKS_AT = frozenset({"read"})


@dataclass(frozen=True)
class ProfileGrants:
    """The rights that come with a profile."""

    is_admin: bool = False
    objects: dict[str, frozenset[str]] = field(default_factory=dict)
    user_permissions: frozenset[str] = frozenset()
    shows_standard_fields: bool = False  #: all standard fields, to read and to edit


_PROFILES = {
    ADMINISTRATOR: ProfileGrants(is_admin=True),
    STANDARD_USER: ProfileGrants(
        objects={
            "Account": _WORKS_ON,
            "Campaign": _LOOKS_AT,
            "Case": _WORKS_ON,
            "Contact": _WORKS_ON,
            "Contract": _WORKS_ON,
            "Lead": _WORKS_ON,
            "Opportunity": _WORKS_ON,
            "Order": _WORKS_ON,
            "Pricebook2": _LOOKS_AT,
            "Product2": _LOOKS_AT,
        },
        user_permissions=frozenset({"EditEvent", "EditTask"}),
        shows_standard_fields=True,
    ),
}


def profile_grants(name: str) -> ProfileGrants:
    """The grants of a profile; one that the org does not know grants nothing."""
    return _PROFILES.get(name, ProfileGrants())
