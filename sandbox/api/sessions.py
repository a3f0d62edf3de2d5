"""Access and refresh tokens of the org, and the fixed credentials that a laptop logs in with.

Owns who may call: the development credentials below are constants, known to everybody, and worth
nothing beyond loopback, which is the only place this server listens on. Tokens are random and
survive a restart in the data folder.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - a constant of the local org, useless elsewhere
PASSWORD = "sandbox-password"  # noqa: S105 - the same; every user of the org has it
SECURITY_TOKEN = "SANDBOXTOKEN"  # noqa: S105 - the same
ADMIN_USERNAME = "admin@manufaktura.example"
#: Client credentials run as this user, as an External Client App's policy would say.
INTEGRATION_USERNAME = "integration@manufaktura.example"
#: What is told of tokens that stay good until they are revoked: clients insist on an end.
_ENDLESS = timedelta(days=3650)


@dataclass(frozen=True)
class Session:
    """One token: for whom, since when (ISO 8601, org time), and what it is good for."""

    username: str
    issued_at: str
    is_refresh: bool = False


@dataclass(frozen=True)
class TokenFacts:
    """What introspection tells of a live token; times in seconds since 1970."""

    username: str
    is_refresh: bool
    issued_at: int
    expires_at: int


class Sessions:
    """All tokens of the org. `folder` None keeps them in memory only."""

    def __init__(self, org_id: str, folder: Path | None, lifetime_s: int | None = None) -> None:
        self._org_id = org_id
        self._path = folder / "sessions.json" if folder else None
        self._lifetime = timedelta(seconds=lifetime_s) if lifetime_s else None
        self._lock = threading.Lock()
        self._by_token: dict[str, Session] = {}
        if self._path and self._path.exists():
            self._by_token = _read_sessions(self._path)

    def issue(self, username: str, now: datetime, *, is_refresh: bool = False) -> str:
        """A new token. Its form satisfies every client (`00D…!word.characters`)."""
        prefix = "5Aep" if is_refresh else f"{self._org_id}!AQ"
        token = f"{prefix}{secrets.token_hex(24)}"
        with self._lock:
            self._by_token[token] = Session(username, now.isoformat(), is_refresh)
            self._save()
        return token

    def standing_token(self, username: str, now: datetime, *, is_refresh: bool = False) -> str:
        """The user's oldest live token, or a new one: the start line stays true over restarts."""
        for token, session in list(self._by_token.items()):
            if session.username == username and session.is_refresh == is_refresh:
                return token
        return self.issue(username, now, is_refresh=is_refresh)

    def username_of(self, token: str, now: datetime, *, is_refresh: bool = False) -> str | None:
        """Whose token this is; None when it is unknown, revoked, expired or of another sort."""
        found = self.describe(token, now)
        return found.username if found and found.is_refresh == is_refresh else None

    def describe(self, token: str, now: datetime) -> TokenFacts | None:
        """All about a token of either sort; None when it is unknown, revoked or expired."""
        session = self._by_token.get(token)
        if session is None:
            return None
        issued_at = datetime.fromisoformat(session.issued_at)
        lifetime = None if session.is_refresh else self._lifetime
        if lifetime and now > issued_at + lifetime:
            return None
        return TokenFacts(
            session.username,
            session.is_refresh,
            int(issued_at.timestamp()),
            int((issued_at + (lifetime or _ENDLESS)).timestamp()),
        )

    def revoke(self, token: str) -> bool:
        """End a token for good; False when there was none."""
        with self._lock:
            was_there = self._by_token.pop(token, None) is not None
            if was_there:
                self._save()
        return was_there

    def _save(self) -> None:
        if self._path is None:
            return
        rows = {token: asdict(session) for token, session in self._by_token.items()}
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(rows, file)
        draft.replace(self._path)


def _read_sessions(path: Path) -> dict[str, Session]:
    try:
        return {token: Session(**row) for token, row in json.loads(path.read_text()).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} holds no sessions; delete it and log in again ({error})"
        ) from error
