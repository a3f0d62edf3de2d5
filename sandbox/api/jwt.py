"""Checks the signed assertion of a JWT bearer login.

Owns what is accepted: RS256 with the org's one development key; the org's own address or
Salesforce's login hosts as audience; an expiry written as number or text, in seconds or, as the sf
CLI does, in milliseconds. Source: Salesforce help, "OAuth 2.0 JWT Bearer Flow".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from sandbox.api import jsonio
from sandbox.org.errors import OrgError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_LOGIN_HOSTS = frozenset({"https://login.salesforce.com", "https://test.salesforce.com"})
#: An expiry beyond this many seconds (the year 5138) is meant in milliseconds.
_MILLISECONDS_FROM = 10**11


class BadAssertionError(Exception):
    """The assertion is refused; the message says why, in Salesforce's words where known."""


def read_assertion(token: str, key: RSAPublicKey) -> dict[str, object]:
    """The claims of an assertion whose signature is right. Raises BadAssertionError."""
    parts = token.split(".")
    if len(parts) != 3:
        raise BadAssertionError("invalid assertion")
    header, claims = (_read_json(part) for part in parts[:2])
    if header.get("alg") != "RS256":
        raise BadAssertionError("invalid assertion: the algorithm must be RS256")
    try:
        signed = f"{parts[0]}.{parts[1]}".encode()
        key.verify(_decode(parts[2]), signed, PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise BadAssertionError("invalid assertion: the signature does not match") from error
    return claims


def check_claims(
    claims: Mapping[str, object], client_id: str, own_urls: tuple[str, ...], now: datetime
) -> None:
    """Raise BadAssertionError unless the assertion is for us, by our client, and still valid.

    `now` is the org's clock. A client signs by the machine's clock, so an assertion has expired
    only when both clocks say so.
    """
    if claims.get("iss") != client_id:
        raise BadAssertionError("client identifier invalid")
    audience = str(claims.get("aud", "")).rstrip("/")
    if audience not in _LOGIN_HOSTS and audience not in own_urls:
        raise BadAssertionError(f"audience is invalid: {audience}")
    expiry = _read_expiry(claims.get("exp"))
    if expiry <= min(now.timestamp(), datetime.now(UTC).timestamp()):
        raise BadAssertionError("expired authorization code: the assertion is past its exp")


def _read_expiry(given: object) -> float:
    try:
        expiry = Decimal(str(given))
    except InvalidOperation as error:
        raise BadAssertionError(f"exp {given!r} is not a time") from error
    if not expiry.is_finite():
        raise BadAssertionError(f"exp {given!r} is not a time")
    return float(expiry / 1000 if expiry >= _MILLISECONDS_FROM else expiry)


def _read_json(part: str) -> dict[str, object]:
    try:
        value = jsonio.loads(_decode(part))
    except OrgError as error:
        raise BadAssertionError("invalid assertion") from error
    if not isinstance(value, dict):
        raise BadAssertionError("invalid assertion")
    return value


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadAssertionError("invalid assertion") from error
