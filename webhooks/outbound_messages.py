"""Reads Salesforce's outbound messages and writes their acknowledgement.

Owns that SOAP and nothing of what it means. A message carries up to 100 notifications, may arrive
twice, late and out of order, and is sent again for 24 hours until it is acknowledged. Source: SOAP
API guide, "Outbound Messaging" ("Understanding Notifications", "Acknowledging").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
SOBJECT = "{urn:sobject.enterprise.soap.sforce.com}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: Salesforce puts at most this many into one message.
MOST_NOTIFICATIONS = 100
ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    "</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


class Malformed(ValueError):
    """These bytes are no outbound message. The sender is refused; nothing is stored."""


@dataclass(frozen=True)
class Notification:
    """One record that was created or changed."""

    notification_id: str  #: Salesforce's own Id, the same whenever it is sent again
    sobject: str
    record_id: str
    body: bytes  #: its element, as XML
    fields: dict[str, str]  #: the values that the message carries, as text; blank ones are absent


@dataclass(frozen=True)
class OutboundMessage:
    """One message: the org it says to come from, and what it tells."""

    org_id: str
    notifications: tuple[Notification, ...]


def read_message(body: bytes) -> OutboundMessage:
    """The message in `body`. Raises Malformed naming what is wrong with it."""
    root = _parse(body)
    message = root.find(f"{SOAP}Body/{OUTBOUND}notifications")
    if root.tag != f"{SOAP}Envelope" or message is None:
        raise Malformed("no notifications in a SOAP 1.1 envelope")
    notifications = tuple(map(read_notification, message.findall(f"{OUTBOUND}Notification")))
    if not 1 <= len(notifications) <= MOST_NOTIFICATIONS:
        raise Malformed(f"{len(notifications)} notifications, expected 1 to {MOST_NOTIFICATIONS}")
    return OutboundMessage(_text_of(message, f"{OUTBOUND}OrganizationId"), notifications)


def read_stored(body: bytes) -> Notification:
    """The notification that was kept. Raises Malformed, as `read_message` would have."""
    return read_notification(_parse(body))


def read_notification(element: Element) -> Notification:
    """One Notification element. Raises Malformed."""
    record = element.find(f"{OUTBOUND}sObject")
    if record is None:
        raise Malformed("a notification without its sObject")
    sobject = record.get(TYPE, "").rpartition(":")[2]
    record_id = _text_of(record, f"{SOBJECT}Id")
    if not sobject.isidentifier():
        raise Malformed(f"an sObject of type {sobject[:80]!r}")
    return Notification(
        _text_of(element, f"{OUTBOUND}Id"),
        sobject,
        _checked_id(record_id),
        tostring(element),
        dict(_values_of(record)),
    )


def _parse(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Malformed(f"no harmless XML: {type(error).__name__}") from error
    return root


def _text_of(parent: Element, tag: str) -> str:
    text = (parent.findtext(tag) or "").strip()
    if not text or len(text) > 255:
        raise Malformed(f"no usable {tag.rpartition('}')[2]}")
    return text


def _checked_id(text: str) -> str:
    if len(text) not in (15, 18) or not (text.isascii() and text.isalnum()):
        raise Malformed(f"{text[:30]!r} is no record Id")
    return text


def _values_of(record: Element) -> Iterator[tuple[str, str]]:
    for child in record:
        if child.tag.startswith(SOBJECT) and child.text:
            yield child.tag.removeprefix(SOBJECT), child.text
