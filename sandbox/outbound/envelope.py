"""Outbound messages as SOAP: the notifications that go out, the acknowledgement that comes back.

Owns both shapes. Fields stand in the order of the metadata with the prefix `sf:`, blank ones stay
away. An answer counts only when it is the acknowledgement itself, in its own namespace. Source:
SOAP API guide, "Understanding Notifications" and "Acknowledging"; the details of the form were read
in public receivers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from sandbox.api.describe_fields import field_types
from sandbox.org.schema import Field
from sandbox.xml_text import drop_unwritable

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<soapenv:Envelope xmlns:soapenv="{_SOAP}" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    f'<notifications xmlns="{_OUTBOUND}">'
    "<OrganizationId>{org_id}</OrganizationId><ActionId>{action_id}</ActionId>{session}"
    "<EnterpriseUrl>{enterprise_url}</EnterpriseUrl><PartnerUrl>{partner_url}</PartnerUrl>"
    "{notifications}</notifications></soapenv:Body></soapenv:Envelope>"
)
_NOTIFICATION = (
    '<Notification><Id>{id}</Id><sObject xsi:type="sf:{sobject}" '
    'xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{fields}</sObject></Notification>'
)
_ACK = f"{{{_SOAP}}}Body/{{{_OUTBOUND}}}notificationsResponse/{{{_OUTBOUND}}}Ack"


class AckError(Exception):
    """The answer does not acknowledge the message; the sender tries again later."""


@dataclass(frozen=True)
class Frame:
    """What all notifications of one message share."""

    org_id: str
    action_id: str
    session_id: str | None
    enterprise_url: str
    partner_url: str


def write_notifications(
    frame: Frame, sobject: str, records: Iterable[tuple[str, Sequence[tuple[Field, object]]]]
) -> bytes:
    """The message for these records: notification Id and canonical values of each."""
    session = (
        '<SessionId xsi:nil="true"/>'
        if frame.session_id is None
        else f"<SessionId>{escape(frame.session_id)}</SessionId>"
    )
    notifications = "".join(
        _NOTIFICATION.format(id=notification_id, sobject=sobject, fields=_fields(values))
        for notification_id, values in records
    )
    text = _ENVELOPE.format(
        org_id=frame.org_id,
        action_id=frame.action_id,
        session=session,
        enterprise_url=escape(frame.enterprise_url),
        partner_url=escape(frame.partner_url),
        notifications=notifications,
    )
    return text.encode()


def _fields(values: Sequence[tuple[Field, object]]) -> str:
    return "".join(
        f"<sf:{field.name}>{_escape(to_soap(field, value))}</sf:{field.name}>"
        for field, value in values
        if value is not None
    )


def to_soap(field: Field, value: object) -> str:
    """A canonical value, not None, as XML Schema writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        is_whole = field_types(field)[0] == "int"
        return str(int(value)) if is_whole else _double(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.000Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="milliseconds") + "Z"
    return str(value)


def _double(value: Decimal) -> str:
    """At least one decimal place, and no zeros after it that say nothing."""
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def _escape(text: str) -> str:
    # A parser turns a bare carriage return into a line feed.
    return escape(drop_unwritable(text), {"\r": "&#13;"})


def check_ack(body: bytes) -> None:
    """Return when the answer says Ack true. Raises AckError with the reason otherwise."""
    try:
        envelope = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise AckError(f"the answer is no SOAP: {error}") from error
    found = envelope.find(_ACK)
    if envelope.tag != f"{{{_SOAP}}}Envelope" or found is None:
        fault = next((e.text for e in envelope.iter() if e.tag == "faultstring"), None)
        raise AckError(f"SOAP fault: {fault}" if fault else "the answer holds no Ack")
    if (found.text or "").strip() not in {"true", "1"}:
        raise AckError(f"the receiver answered Ack {(found.text or '').strip()!r}")
