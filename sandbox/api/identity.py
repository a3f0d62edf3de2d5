"""Who a token belongs to, as `userinfo` and identity URLs tell it.

Source: Salesforce help, "Identity URLs" and "The UserInfo Endpoint".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.org.org import Org

#: Names of the identity answer, and the fields of User that hold them.
_FIELDS = {
    "email": "Email",
    "family_name": "LastName",
    "given_name": "FirstName",
    "language": "LanguageLocaleKey",
    "locale": "LocaleSidKey",
    "name": "Name",
    "nickname": "Alias",
}
_PATHS = {
    "enterprise": "/services/Soap/c/{version}/",
    "metadata": "/services/Soap/m/{version}/",
    "partner": "/services/Soap/u/{version}/",
    "query": "/services/data/v{version}/query/",
    "rest": "/services/data/v{version}/",
    "sobjects": "/services/data/v{version}/sobjects/",
}


def describe_user(org: Org, user_id: str, own_url: str) -> dict[str, object]:
    """The identity of a user, in the union of both endpoints' names."""
    actor = org.actor(user_id)
    user = org.schema.sobject("User")
    known = {} if user is None else org.retrieve(actor, "User", user_id)
    described: dict[str, object] = {
        name: str(known[field]) for name, field in _FIELDS.items() if known.get(field) is not None
    }
    return {
        **described,
        "active": True,
        "display_name": described.get("name", actor.username),
        "email_verified": True,
        "id": f"{own_url}/id/{org.org_id}/{user_id}",
        "is_app_installed": True,
        "organization_id": org.org_id,
        "preferred_username": actor.username,
        "sub": f"{own_url}/id/{org.org_id}/{user_id}",
        "timezone": str(actor.time_zone),
        "urls": {name: own_url + path for name, path in _PATHS.items()},
        "user_id": user_id,
        "user_type": "STANDARD",
        "username": actor.username,
        "zoneinfo": str(actor.time_zone),
    }
