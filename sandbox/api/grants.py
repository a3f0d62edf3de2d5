"""The ways to get an access token, each a function from a form to a username.

Owns who may log in and how. Source: Salesforce help, pages of the OAuth 2.0 flows named below.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.api.jwt import BadAssertionError, check_claims, read_assertion
from sandbox.api.sessions import (
    CLIENT_ID,
    CLIENT_SECRET,
    INTEGRATION_USERNAME,
    PASSWORD,
    SECURITY_TOKEN,
)

if TYPE_CHECKING:
    from sandbox.api.services import Services


class GrantRefusedError(Exception):
    """No token. `code` and `description` are what the client is told, with HTTP 400."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


@dataclass(frozen=True)
class LoginUser:
    """A user who may log in, under the name that the org holds."""

    user_id: str
    username: str


def find_login_user(services: Services, username: str) -> LoginUser | None:
    """The active user of that name, whatever its case; None when nobody may log in so."""
    org = services.org
    user_id = org.find_user(username)
    if user_id is None:
        return None
    actor = org.actor(user_id)
    is_active = org.retrieve(actor, "User", user_id, ["IsActive"])["IsActive"]
    return LoginUser(user_id, actor.username) if is_active else None


Grant = Callable[["Services", Mapping[str, str]], str]


def check_client(form: Mapping[str, str], *, needs_secret: bool = True) -> None:
    """Raise GrantRefusedError unless the form carries this org's client."""
    if form.get("client_id") != CLIENT_ID:
        raise GrantRefusedError("invalid_client_id", "client identifier invalid")
    secret = form.get("client_secret")
    if secret is None and not needs_secret:
        return
    if not hmac.compare_digest((secret or "").encode(), CLIENT_SECRET.encode()):
        raise GrantRefusedError("invalid_client", "invalid client credentials")


def is_password(given: str) -> bool:
    """Whether that is a user's password, with or without the security token behind it."""
    return given in {PASSWORD, PASSWORD + SECURITY_TOKEN}


def _by_client_credentials(_: Services, form: Mapping[str, str]) -> str:
    check_client(form)
    return INTEGRATION_USERNAME


def _by_password(_: Services, form: Mapping[str, str]) -> str:
    check_client(form)
    if not is_password(form.get("password", "")):
        raise GrantRefusedError("invalid_grant", "authentication failure")
    return form.get("username", "")


def _by_assertion(services: Services, form: Mapping[str, str]) -> str:
    own = (services.settings.url, services.settings.tls_url)
    try:
        claims = read_assertion(form.get("assertion", ""), services.jwt_key)
        check_claims(claims, CLIENT_ID, own, services.org.clock.now())
    except BadAssertionError as error:
        raise GrantRefusedError("invalid_grant", str(error)) from error
    return str(claims.get("sub", ""))


def _by_refresh_token(services: Services, form: Mapping[str, str]) -> str:
    check_client(form, needs_secret=False)
    username = services.sessions.username_of(
        form.get("refresh_token", ""), services.org.clock.now(), is_refresh=True
    )
    if username is None:
        raise GrantRefusedError("invalid_grant", "expired access/refresh token")
    return username


#: `grant_type` -> how the user is found.
GRANTS: dict[str, Grant] = {
    "client_credentials": _by_client_credentials,
    "password": _by_password,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": _by_assertion,
    "refresh_token": _by_refresh_token,
}
