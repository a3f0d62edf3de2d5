"""Connects to the org and hands out simple-salesforce, set up so that it cannot misbehave.

Owns the login. simple-salesforce is always constructed with a ready session id: that way its own
unbounded re-login never runs, and the transport renews the token instead, once per request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import cast
from urllib.parse import urlsplit

import requests
from jwt.exceptions import PyJWTError
from simple_salesforce.api import Salesforce, SFType
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from config.credentials import AccessToken, ClientCredentials, Credentials, JwtBearer
from config.settings import Settings
from sfsync.edge import unreachable, untrusted_certificate
from sfsync.errors import SalesforceAuthFailed, SalesforceUnavailable
from sfsync.transport import Redirect, SalesforceAdapter, build_session
from sfsync.usage import ApiUsage, Gate

__all__ = ["Salesforce", "adapter_of", "connect", "sobject", "spares_calls", "usage"]

#: What a person does about an OAuth error (RFC 6749 §5.2; Salesforce Help, "OAuth Error Codes").
LOGIN_REMEDIES = {
    "invalid_client_id": "Correct SALESFORCE_CLIENT_ID: the org knows no such app.",
    "invalid_client": "Correct SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET.",
    "invalid_client_credentials": "Correct SALESFORCE_CLIENT_SECRET.",
    "invalid_app_access": "Ask the admin to pre-authorise the integration user for the app.",
    "invalid_grant": (
        "Check SALESFORCE_USERNAME, that SALESFORCE_PRIVATE_KEY belongs to the app's certificate,"
        " and that the app may act for this user."
    ),
    "unsupported_grant_type": "Ask the admin to enable this OAuth flow for the app.",
}


def connect(
    settings: Settings,
    *,
    gate: Gate | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Salesforce:
    """A logged-in connection to the org of `settings`, for one process.

    Every counted call passes `gate`; without one none is refused.
    Raises SalesforceAuthFailed (a person corrects the settings) or SalesforceUnavailable (the
    caller tries again later). With a given token nothing is sent yet.
    """
    credentials = settings.credentials
    if credentials is None:
        raise SalesforceAuthFailed(
            "There is no login for the org.", remedy="Set SALESFORCE_CLIENT_ID and its secret."
        )
    redirect = Redirect(settings.salesforce_url) if settings.is_local_org else None
    adapter = SalesforceAdapter(redirect, gate=gate, sleep=sleep)
    ca = settings.salesforce_ca
    session = build_session(adapter, verify=str(ca) if ca else True)
    token, instance = _log_in(settings, credentials, session)
    adapter.use_login(token, _renewal(settings, credentials, session))
    return Salesforce(
        session_id=token,
        instance=instance,
        session=session,
        version=settings.salesforce_api_version,
        parse_float=Decimal,
        object_pairs_hook=dict,
    )


def adapter_of(sf: Salesforce) -> SalesforceAdapter:
    """The transport that carries the requests of `sf`."""
    return cast(SalesforceAdapter, sf.session.get_adapter("https://"))


def usage(sf: Salesforce) -> ApiUsage:
    """The API calls made through this connection, and the org's latest word on its allowance."""
    return adapter_of(sf).meter.snapshot()


def spares_calls(sf: Salesforce) -> bool:
    """Whether API calls are scarce, so that a slower way with fewer calls is the better one."""
    return adapter_of(sf).gate.spares_calls


def sobject(sf: Salesforce, name: str) -> SFType:
    """simple-salesforce's handle of one sObject, such as "Order_Proposal__c"."""
    return cast(SFType, getattr(sf, name))


def _renewal(
    settings: Settings, credentials: Credentials, session: requests.Session
) -> Callable[[], str] | None:
    if isinstance(credentials, AccessToken):
        return None
    return lambda: _log_in(settings, credentials, session)[0]


def _log_in(
    settings: Settings, credentials: Credentials, session: requests.Session
) -> tuple[str, str]:
    """The token, and the host (and port) that serves it."""
    if isinstance(credentials, AccessToken):
        return credentials.token, urlsplit(settings.salesforce_url).netloc
    try:
        return _request_token(settings, credentials, session)
    except SalesforceAuthenticationFailed as error:
        raise _login_failure(settings, error) from error
    except PyJWTError as error:
        raise SalesforceAuthFailed(
            f"The login cannot be signed: {error}",
            remedy="Correct SALESFORCE_PRIVATE_KEY: it is no RSA private key in PEM.",
        ) from error
    except AttributeError as error:
        # simple-salesforce takes the instance's address of a successful login for granted.
        raise SalesforceAuthFailed(
            f"{settings.salesforce_url} answered the login without an instance address.",
            remedy="Check SALESFORCE_URL: this does not look like an org's login.",
        ) from error
    except requests.exceptions.SSLError as error:
        raise untrusted_certificate(settings.salesforce_url) from error
    except requests.RequestException as error:
        raise unreachable(settings.salesforce_url, error) from error


def _request_token(
    settings: Settings, credentials: ClientCredentials | JwtBearer, session: requests.Session
) -> tuple[str, str]:
    host = urlsplit(settings.salesforce_url).hostname or ""
    my_domain = "local.my" if settings.is_local_org else host.removesuffix(".salesforce.com")
    if isinstance(credentials, ClientCredentials):
        return SalesforceLogin(
            consumer_key=credentials.client_id,
            consumer_secret=credentials.client_secret,
            domain=my_domain,
            session=session,
        )
    # The audience of a JWT is the login service, never the org's own address.
    return SalesforceLogin(
        username=credentials.username,
        consumer_key=credentials.client_id,
        privatekey=credentials.private_key,
        instance_url=my_domain,
        domain="test" if settings.is_local_org or ".sandbox." in host else "login",
        session=session,
    )


def _login_failure(
    settings: Settings, error: SalesforceAuthenticationFailed
) -> SalesforceAuthFailed | SalesforceUnavailable:
    # A login answer that is not JSON carries its HTTP status as the code (simple_salesforce.login).
    if isinstance(error.code, int) and error.code >= 500:
        return unreachable(settings.salesforce_url, error)
    code = str(error.code)
    return SalesforceAuthFailed(
        f"{settings.salesforce_url} refuses the login: {code}: {error.auth_message[:200]}.",
        code=code,
        remedy=LOGIN_REMEDIES.get(code, "Check the SALESFORCE_* settings with the org's admin."),
    )
