"""Reads Salesforce's outbound messages and writes their acknowledgement.

Owns that SOAP and nothing of what it means. A message carries up to 100 notifications, may arrive
twice, late and out of order, and is sent again for 24 hours until it is acknowledged. Source: SOAP
API guide, "Outbound Messaging" ("Understanding Notifications", "Acknowledging").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from sfsync.ids import normalise_id
from sfsync.values import read_instant

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
SOBJECT = "{urn:sobject.enterprise.soap.sforce.com}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: Salesforce puts at most this many into one message.
MOST_NOTIFICATIONS = 100
#: An API name; it becomes part of a query.
SOBJECT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
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
    record_id: str  #: of 18 characters
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
    elements = message.findall(f"{OUTBOUND}Notification")
    if not 1 <= len(elements) <= MOST_NOTIFICATIONS:
        raise Malformed(f"{len(elements)} notifications, expected 1 to {MOST_NOTIFICATIONS}")
    notifications = tuple(map(read_notification, elements))
    _check_unlike(notifications)
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
    if not SOBJECT_NAME.fullmatch(sobject):
        raise Malformed("an sObject whose type is no API name")
    fields = dict(_values_of(record))
    _check_stamp(fields)
    return Notification(
        _id_of(element, f"{OUTBOUND}Id"),
        sobject,
        _id_of(record, f"{SOBJECT}Id"),
        _spell(element),
        fields,
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


def _id_of(parent: Element, tag: str) -> str:
    try:
        return normalise_id(_text_of(parent, tag))
    except ValueError as error:
        raise Malformed(f"no usable {tag.rpartition('}')[2]}") from error


def _check_stamp(fields: dict[str, str]) -> None:
    """Who applies the notification compares its stamp: one that is none is refused here."""
    try:
        read_instant(fields.get("SystemModstamp", "1970-01-01T00:00:00Z"))
    except (ValueError, OverflowError) as error:
        raise Malformed("a SystemModstamp that is no instant") from error


def _check_unlike(notifications: Sequence[Notification]) -> None:
    """One Id for two records would let the second one be taken for the first."""
    told = {each.notification_id: (each.sobject, each.record_id) for each in notifications}
    if any(told[each.notification_id] != (each.sobject, each.record_id) for each in notifications):
        raise Malformed("one notification Id for two records")


def _spell(element: Element) -> bytes:
    try:
        return bytes(tostring(element))
    except RecursionError as error:
        raise Malformed("elements nested too deep") from error


def _values_of(record: Element) -> Iterator[tuple[str, str]]:
    for child in record:
        if child.tag.startswith(SOBJECT) and child.text:
            yield child.tag.removeprefix(SOBJECT), child.text
