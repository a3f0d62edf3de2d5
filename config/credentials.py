"""The ways to log in to an org, as values.

Owns the local org's fixed development credentials, so that nobody needs an account to begin, and
production can refuse them by comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: The local org accepts these on loopback only; they open nothing anywhere else.
LOCAL_CLIENT_ID = "sandbox-client"
LOCAL_CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - a published constant of the local org


@dataclass(frozen=True)
class AccessToken:
    """A ready token: nothing to renew it with, so an expired one is a person's task."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class ClientCredentials:
    """OAuth 2.0 client credentials of an External Client App."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class JwtBearer:
    """OAuth 2.0 JWT bearer: the app's certificate signs for one named user."""

    client_id: str
    username: str
    private_key: str = field(repr=False)


Credentials = AccessToken | ClientCredentials | JwtBearer
LOCAL_ORG = ClientCredentials(LOCAL_CLIENT_ID, LOCAL_CLIENT_SECRET)
