"""OAuth: tokens, who a token belongs to, and its end.

Owns the grants that this org takes. Errors are `{error, error_description}` objects here, the one
exception from Salesforce's lists. Source: Salesforce help, "OAuth Tokens and Scopes", "OpenID
Connect Token Introspection" and the flows' pages; texts as public threads quote them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from sandbox.api.call import Answer
from sandbox.api.grants import GRANTS, GrantRefusedError, check_client, find_login_user
from sandbox.api.http import bearer_token, find_username, to_response
from sandbox.api.identity import describe_user
from sandbox.api.sessions import CLIENT_SECRET

if TYPE_CHECKING:
    from sandbox.api.services import Services


def make_oauth_blueprint(services: Services) -> Blueprint:
    """Routes of the authorisation server."""
    blueprint = Blueprint("oauth", __name__)

    @blueprint.post("/services/oauth2/token")
    def issue_token() -> Response:
        try:
            # In the address they count as well; there are clients that put them there.
            form = {**request.values.to_dict(), **_basic_client()}
            return to_response(_issue(services, form))
        except GrantRefusedError as error:
            return _refuse(error, 400)

    @blueprint.post("/services/oauth2/introspect")
    def introspect_token() -> Response:
        try:
            return to_response(_introspect(services, {**request.form, **_basic_client()}))
        except GrantRefusedError as error:
            return _refuse(error, 401)

    @blueprint.route("/services/oauth2/userinfo", methods=["GET", "POST"])
    def show_userinfo() -> Response:
        return _identify(services)

    @blueprint.route("/id/<org_id>/<user_id>", methods=["GET", "POST"])
    def show_identity(org_id: str, user_id: str) -> Response:
        return _identify(services, org_id, user_id)

    @blueprint.route("/services/oauth2/revoke", methods=["GET", "POST"])
    def revoke_token() -> Response:
        if services.sessions.revoke(request.values.get("token", "")):
            return Response(status=200)
        return _refuse(GrantRefusedError("invalid_token", "invalid token"), 400)

    return blueprint


def _issue(services: Services, form: dict[str, str]) -> Answer:
    grant = GRANTS.get(form.get("grant_type", ""))
    if grant is None:
        raise GrantRefusedError("unsupported_grant_type", "grant type not supported")
    own_url = services.settings.own_url(request.scheme)
    user = find_login_user(services, grant(services, form))
    if user is None:
        raise GrantRefusedError("invalid_grant", "authentication failure")
    now = services.org.clock.now()
    identity = f"{own_url}/id/{services.org.org_id}/{user.user_id}"
    issued_at = str(int(now.timestamp() * 1000))
    signature = hmac.new(CLIENT_SECRET.encode(), (identity + issued_at).encode(), hashlib.sha256)
    return Answer(
        body={
            "access_token": services.sessions.issue(user.username, now),
            "signature": base64.b64encode(signature.digest()).decode(),
            "scope": "api",
            "instance_url": own_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
        }
    )


def _introspect(services: Services, form: dict[str, str]) -> Answer:
    check_client(form)
    found = services.sessions.describe(form.get("token", ""), services.org.clock.now())
    if found is None:
        return Answer(body={"active": False})
    user = find_login_user(services, found.username)
    own_url = services.settings.own_url(request.scheme)
    facts: dict[str, object] = {
        "active": user is not None,
        "scope": "api",
        "client_id": form["client_id"],
        "username": found.username,
        "token_type": "refresh_token" if found.is_refresh else "access_token",
        "exp": found.expires_at,
        "iat": found.issued_at,
        "nbf": found.issued_at,
    }
    if user is not None:
        facts["sub"] = f"{own_url}/id/{services.org.org_id}/{user.user_id}"
    return Answer(body=facts)


def _refuse(error: GrantRefusedError, status: int) -> Response:
    body = {"error": error.code, "error_description": error.description}
    return to_response(Answer(status, body))


def _basic_client() -> dict[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise GrantRefusedError("invalid_client", "invalid client credentials") from error
    return {"client_id": client_id, "client_secret": secret}


def _identify(services: Services, org_id: str = "", asked: str = "") -> Response:
    token = (
        bearer_token() or request.values.get("oauth_token") or request.values.get("access_token")
    )
    if token is None:
        return _forbid("Missing_OAuth_Token")
    now = services.org.clock.now()
    username = find_username(services) or services.sessions.username_of(token, now)
    user_id = services.org.find_user(username) if username else None
    if user_id is None:
        return _forbid("Bad_OAuth_Token")
    if org_id and org_id[:15] != services.org.org_id[:15]:
        return _forbid("Wrong_Org")
    if asked and asked[:15] != user_id[:15]:
        return _forbid("Bad_Id")
    own_url = services.settings.own_url(request.scheme)
    return to_response(Answer(body=describe_user(services.org, user_id, own_url)))


def _forbid(why: str) -> Response:
    return Response(why, status=403, content_type="text/html;charset=UTF-8")
