"""Speaks to a running local org as its commands need it: data API and control plane.

Owns the login. Everybody knows the local org's credentials, so a command logs in by itself; and
because those commands delete and overwrite, an address beyond loopback is refused.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import requests

from sandbox.api import jsonio
from sandbox.api.sessions import ADMIN_USERNAME, CLIENT_ID, CLIENT_SECRET, PASSWORD
from sandbox.loopback import why_not_loopback

_VERSION = "62.0"
_SESSION_ENDED = 401
_PATIENCE_S = 600.0  #: loading a large file is one request


class CannotBeginError(Exception):
    """There is no org to speak to, or nothing fit to tell it; the message says what to do."""


class RefusedError(Exception):
    """The org refused a call: its HTTP status and what it answered."""

    def __init__(self, status: int, body: object) -> None:
        self.status = status
        self.body = body
        super().__init__("\n".join(_error_lines(status, body)))


class OrgClient:
    """A running org at `url`, as the user of `token`, or logged in as `username`.

    Raises CannotBeginError when the address is not this machine's or nobody answers there.
    """

    def __init__(
        self, url: str, *, token: str | None = None, username: str = ADMIN_USERNAME
    ) -> None:
        self.url = url.rstrip("/")
        if why_not_loopback(self.url):
            raise CannotBeginError(f"{url} is not on this machine; only a local org is spoken to.")
        self._session = requests.Session()
        self._session.trust_env = False
        self._username = username
        self._given_token = token
        self._token: str | None = None
        self.data_url = f"/services/data/v{_VERSION}"

    def __enter__(self) -> OrgClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def data(self, method: str, path: str, body: bytes | None = None, **params: str) -> Any:
        """What the org answers; a path without a slash at its start is one of the data API.

        Raises RefusedError. JSON comes parsed, numbers with fractions as Decimal; an empty answer
        is None, anything else text.
        """
        target = path if path.startswith("/") else f"{self.data_url}/{path}"
        if self._given_token is None and self._token is None:
            self._token = self._log_in()
        answer = self._send(method, target, body, self._authorization, params)
        if answer.status_code == _SESSION_ENDED and self._given_token is None:
            self._token = self._log_in()
            answer = self._send(method, target, body, self._authorization, params)
        return _read(answer)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """What the control plane answers. Raises RefusedError."""
        content = None if body is None else jsonio.dumps(body)
        return _read(self._send(method, f"/_sandbox/{path}", content, {}, {}))

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._given_token or self._token}"}

    def _log_in(self) -> str:
        form = {
            "grant_type": "password",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "username": self._username,
            "password": PASSWORD,
        }
        try:
            answer = self._session.post(
                f"{self.url}/services/oauth2/token", form, timeout=_PATIENCE_S
            )
        except requests.RequestException as error:
            raise self._nobody(error) from error
        granted = _read(answer)
        if not isinstance(granted, dict):
            raise CannotBeginError(f"What answers at {self.url} is no local org.")
        return str(granted["access_token"])

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        params: dict[str, str],
    ) -> requests.Response:
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        try:
            return self._session.request(
                method,
                self.url + path,
                params=params,
                data=body,
                headers=headers,
                timeout=_PATIENCE_S,
            )
        except requests.RequestException as error:
            raise self._nobody(error) from error

    def _nobody(self, error: Exception) -> CannotBeginError:
        if not isinstance(error, requests.ConnectionError):
            return CannotBeginError(f"The call to {self.url} failed: {error}")
        return CannotBeginError(
            f"No local org answers at {self.url}. Start one with `python -m sandbox serve`, "
            "or say where it is with --url."
        )


def _read(answer: requests.Response) -> Any:
    is_json = "json" in answer.headers.get("Content-Type", "")
    body = jsonio.loads(answer.content) if is_json and answer.content else answer.text or None
    if answer.status_code >= 300:
        raise RefusedError(answer.status_code, body)
    return body


def _error_lines(status: int, body: object) -> list[str]:
    items = body if isinstance(body, list) else [body]
    lines = []
    for item in items:
        if isinstance(item, dict) and "errorCode" in item:
            lines.append(f"{item['errorCode']}: {item.get('message', '')}")
        elif isinstance(item, dict) and "error" in item:
            lines.append(f"{item['error']}: {item.get('error_description', '')}")
        else:
            lines.append(f"HTTP {status}: {item if item is not None else 'no more was said'}")
    return lines
