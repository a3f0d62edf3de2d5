"""Calls of SOAP, OAuth and the control plane: sound ones, which are then damaged."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from tests.sandbox_fuzz.junk import a_text, damage_bytes, damage_json, damage_text, raw, write_json
from tests.sandbox_fuzz.target import ADMIN, Target

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:x">'
    "<soapenv:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader>"
    "</soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)
_OPERATIONS = {
    "u": (
        (
            "<login><username>admin@manufaktura.example</username>"
            "<password>sandbox-password</password></login>"
        ),
        "<getUserInfo/>",
        "<undelete><ids>{id}</ids><ids>{id}</ids></undelete>",
        "<emptyRecycleBin><ids>{id}</ids></emptyRecycleBin>",
        (
            "<merge><request><masterRecord><type>Account</type><Id>{id}</Id><Name>M</Name>"
            "</masterRecord><recordToMergeIds>{id}</recordToMergeIds></request></merge>"
        ),
        "<query><queryString>SELECT Id FROM Account</queryString></query>",
    ),
    "m": (
        (
            "<deploy><ZipFile>UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==</ZipFile><DeployOptions>"
            "<checkOnly>true</checkOnly></DeployOptions></deploy>"
        ),
        "<checkDeployStatus><asyncProcessId>{id}</asyncProcessId></checkDeployStatus>",
        "<describeMetadata><asOfVersion>62.0</asOfVersion></describeMetadata>",
        "<listMetadata><queries><type>CustomField</type></queries></listMetadata>",
        (
            "<retrieve><retrieveRequest><apiVersion>62.0</apiVersion><unpackaged><types>"
            "<members>*</members><name>CustomObject</name></types><version>62.0</version>"
            "</unpackaged></retrieveRequest></retrieve>"
        ),
        "<checkRetrieveStatus><asyncProcessId>{id}</asyncProcessId></checkRetrieveStatus>",
        "<cancelDeploy><String>{id}</String></cancelDeploy>",
        "<createMetadata/>",
    ),
    "s": ("<executeAnonymous><String>1</String></executeAnonymous>",),
}
_HOSTILE_XML = (
    '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    '<?xml-stylesheet href="http://127.0.0.1/"?>',
    "<!--" + "-" * 50,
    "&#0;&#xD800;&undefined;",
    "<a>" * 3_000,
    '<a xmlns:b="c" b:d="1" d="2" d="3"/>',
    "]]>",
)
_GRANTS = (
    "client_credentials",
    "password",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
)
_FAULTS: tuple[Any, ...] = (
    {"action": "status", "status": 503, "path": "/sobjects/", "times": 3, "seed": 7},
    {"action": "REQUEST_LIMIT_EXCEEDED", "kind": "query", "probability": raw("0.5")},
    {"action": "latency", "latency_s": raw("0.001"), "call": [1, 2]},
    {"action": "status", "inner": True, "error_code": "X", "message": "no"},
    {"faults": [{"action": "drop_before", "request_body": "(a+)+$"}]},
)
_CONTROLS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "seed", {"records": [{"attributes": {"type": "Account"}, "Name": "Seeded"}]}),
    ("POST", "seed", [{"sobject": "Account", "files": ["Account.json"]}]),
    ("POST", "clock", {"now": "2026-11-20T08:00:00+01:00", "frozen": True}),
    ("POST", "clock", {"advance_s": 60}),
    ("POST", "clock", {"real": True}),
    ("GET", "clock", None),
    ("POST", "requests", {"daily_limit": 10**9, "spend": 0}),
    ("GET", "requests", None),
    ("DELETE", "requests", None),
    *(("POST", "faults", fault) for fault in _FAULTS),
    ("GET", "faults", None),
    ("DELETE", "faults", None),
    ("POST", "faults/release", {"hold": "h"}),
)


@dataclass(frozen=True)
class OtherCall:
    """One request before framing; `door` names which of the APIs it knocks at."""

    door: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class OtherCalls:
    """Makes calls of everything but the data API."""

    def __init__(self, chance: random.Random, target: Target) -> None:
        self._chance = chance
        self._tokens = target.tokens
        self._ids = list(target.ids.values())
        self._refresh = target.server.token_for(ADMIN, is_refresh=True)
        self._doors: tuple[Callable[[], OtherCall], ...] = (
            self._soap,
            self._oauth,
            self._control,
        )

    def make(self) -> OtherCall:
        return self._chance.choice(self._doors)()

    def _soap(self) -> OtherCall:
        chance = self._chance
        api = chance.choice(list(_OPERATIONS))
        body = chance.choice(_OPERATIONS[api]).replace("{id}", chance.choice(self._ids))
        text = _ENVELOPE.format(token=chance.choice(self._tokens), body=body)
        roll = chance.random()
        if roll < 0.5:
            text = damage_text(text, chance)
        elif roll < 0.65:
            place = chance.choice([0, text.index("?>") + 2, text.index("Body>") + 5])
            text = text[:place] + chance.choice(_HOSTILE_XML) + text[place:]
        encoding = chance.choice(["utf-8"] * 9 + ["utf-16", "latin-1", "utf-7"])
        data = text.encode(encoding, "replace")
        data = damage_bytes(data, chance) if chance.random() < 0.1 else data
        version = chance.choice(["62.0", "62.0", "59.0", "67.0", "x", "1.0", "099.0", "٦٢.0"])
        path = f"/services/Soap/{api}/{quote_plus(version)}"
        path += chance.choice(["", "", "/00Dxx", "/a/b"])
        headers = (("Content-Type", "text/xml"), ("SOAPAction", chance.choice(['""', "x"])))
        return OtherCall("soap", "POST", path, headers, data)

    def _oauth(self) -> OtherCall:
        chance = self._chance
        form = {
            "grant_type": chance.choice(_GRANTS),
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
            "username": chance.choice([ADMIN, "nobody"]),
            "password": "sandbox-password",
            "refresh_token": self._refresh,
            "assertion": self._assertion(),
        }
        for _ in range(chance.choice([0, 1, 1, 2])):
            form[chance.choice(list(form))] = a_text(chance)
        text = "&".join(f"{name}={quote_plus(v, errors='replace')}" for name, v in form.items())
        data = damage_bytes(text.encode(), chance) if chance.random() < 0.2 else text.encode()
        path = chance.choice(
            ["oauth2/token"] * 4 + ["oauth2/userinfo", "oauth2/revoke?token=x", "oauth2/revoke"]
        )
        media = chance.choice(
            ["application/x-www-form-urlencoded"] * 8
            + ["multipart/form-data; boundary=x", "application/json", "multipart/form-data"]
        )
        headers = [("Content-Type", media)]
        if chance.random() < 0.2:
            pair = a_text(chance).encode("utf-8", "surrogatepass")[:2_000]
            coded = base64.b64encode(pair).decode()
            headers.append(("Authorization", f"{chance.choice(['Basic', 'basic', 'B'])} {coded}"))
        return OtherCall("oauth", "POST", f"/services/{path}", tuple(headers), data)

    def _assertion(self) -> str:
        """Three parts in base 64, as a JWT has; nobody here can sign one."""
        chance = self._chance
        claims = {"iss": "sandbox-client", "sub": ADMIN, "aud": "https://login.salesforce.com"}
        head, body = ({"alg": "RS256"}, {**claims, "exp": 9_999_999_999})
        parts = [write_json(damage_json(part, chance), chance)[:3_000] for part in (head, body)]
        parts.append(chance.randbytes(chance.choice([0, 8, 256])))
        text = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        return damage_text(text, chance) if chance.random() < 0.3 else text

    def _control(self) -> OtherCall:
        chance = self._chance
        method, path, body = chance.choice(_CONTROLS)
        for _ in range(chance.choice([0, 1, 1, 2])):
            body = damage_json(body, chance)
        # What advances the clock or waits is kept short: time itself is not under attack.
        data = b"" if method == "GET" else write_json(body, chance)
        if path == "faults" and method == "GET" and chance.random() < 0.3:
            path += f"?waiting_for=x&timeout_s={chance.choice(['0', '-1', 'nan', '1e-3'])}"
        headers = [("Content-Type", chance.choice(["application/json", "text/plain"]))]
        if chance.random() < 0.1:
            headers.append(
                ("Origin", chance.choice(["http://localhost", "x", "http://[::1", "null"]))
            )
        if chance.random() < 0.05:
            method = chance.choice(["PUT", "PATCH", "HEAD", "OPTIONS"])
        return OtherCall("control", method, f"/_sandbox/{path}", tuple(headers), data)
