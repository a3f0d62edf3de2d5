"""Who a session belongs to, as SOAP tells it at login and on getUserInfo.

Owns the complete list: clients of the SOAP API read every element and stop at a missing one.
Source: SOAP API guide, "GetUserInfoResult".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.api.soap import to_xml

if TYPE_CHECKING:
    from sandbox.api.services import Services

#: Elements that are fields of the user or of the organisation.
_USER_FIELDS = {
    "profileId": "ProfileId",
    "userEmail": "Email",
    "userFullName": "Name",
    "userLanguage": "LanguageLocaleKey",
    "userLocale": "LocaleSidKey",
}
_ATTACHMENT_LIMIT_BYTES = 5 * 1024 * 1024
#: Two hours, the default of a Salesforce org, for sessions that last until they are revoked.
_SESSION_S = 7200


def describe_soap_user(services: Services, user_id: str) -> str:
    """The elements of a GetUserInfoResult."""
    org = services.org
    actor = org.actor(user_id)
    user = org.retrieve(actor, "User", user_id)
    organization = org.retrieve(actor, "Organization", org.org_id)
    is_multi = org.schema.multi_currency
    currency = org.schema.corporate_currency
    facts: dict[str, object] = {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": currency,
        "orgAttachmentFileSizeLimit": _ATTACHMENT_LIMIT_BYTES,
        "orgDefaultCurrencyIsoCode": "" if is_multi else currency,
        "orgDefaultCurrencyLocale": organization.get("DefaultLocaleSidKey"),
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": False,
        "organizationId": org.org_id,
        "organizationMultiCurrency": is_multi,
        "organizationName": organization.get("Name"),
        **{name: user.get(field) for name, field in _USER_FIELDS.items()},
        "roleId": "",
        "sessionSecondsValid": services.settings.session_lifetime_s or _SESSION_S,
        "userDefaultCurrencyIsoCode": currency if is_multi else "",
        "userId": user_id,
        "userName": actor.username,
        "userTimeZone": str(actor.time_zone),
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }
    # The WSDL's sequence is that of the alphabet.
    return "".join(
        to_xml(name, "" if held is None else held) for name, held in sorted(facts.items())
    )
