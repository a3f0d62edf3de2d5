"""What tests of the API speak with: raw HTTP, and simple-salesforce as it comes."""

from __future__ import annotations

from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from sandbox.server import LocalOrgServer

VERSION = "59.0"
#: Ends what hangs; a busy machine is slow, not wrong.
PATIENCE_S = 120


class RestClient:
    """Raw calls as one user. Paths are relative to `/services/data/v59.0/` unless absolute."""

    def __init__(self, server: LocalOrgServer, username: str, *, secure: bool = False) -> None:
        self.server = server
        self.base = server.tls_url if secure else server.url
        self.session = a_session(server)
        self.session.headers["Authorization"] = f"Bearer {server.token_for(username)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        if not path.startswith("/"):
            path = f"/services/data/v{VERSION}/{path}"
        return self.session.request(method, self.base + path, timeout=PATIENCE_S, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("PATCH", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.call("DELETE", path, **options)

    def query(self, soql: str) -> list[dict[str, Any]]:
        answer = self.get("query", params={"q": soql})
        assert answer.status_code == 200, answer.text
        return answer.json()["records"]

    def count(self, sobject: str) -> int:
        soql = f"SELECT COUNT() FROM {sobject}"  # noqa: S608 - names come from the tests
        return self.get("query", params={"q": soql}).json()["totalSize"]

    def create(self, sobject: str, values: dict[str, Any]) -> str:
        answer = self.post(f"sobjects/{sobject}", values)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.session.request(
            method, f"{self.base}/_sandbox/{path}", json=body, timeout=PATIENCE_S
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


def a_session(server: LocalOrgServer) -> requests.Session:
    """A session that trusts the org's own authority and no environment variable."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(server.ca)
    return session


class ToLocalOrg(HTTPAdapter):
    """Sends every https request to the org's listener: what a product does for a local org."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        assert request.url is not None
        path = "/" + request.url.split("//", 1)[1].partition("/")[2]
        request.url = self._base + path
        return super().send(request, **options)


def simple_client(server: LocalOrgServer, *, secure: bool = True, **login: Any) -> Salesforce:
    """simple-salesforce, unpatched, over HTTPS with the org's CA or over HTTP by an adapter."""
    session = a_session(server)
    session.mount("https://", ToLocalOrg(server.tls_url if secure else server.url))
    return Salesforce(session=session, version=VERSION, **login)
