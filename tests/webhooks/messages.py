"""Outbound messages as Salesforce writes them."""

from __future__ import annotations

from collections.abc import Sequence

ORG_ID = "00D000000000001EAA"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
    "<OrganizationId>{org}</OrganizationId><ActionId>04k000000000001AAA</ActionId>"
    '<SessionId xsi:nil="true"/><EnterpriseUrl>https://x/c</EnterpriseUrl>'
    "<PartnerUrl>https://x/u</PartnerUrl>{notifications}</notifications></soapenv:Body>"
    "</soapenv:Envelope>"
)
NOTIFICATION = (
    '<Notification><Id>{id}</Id><sObject xsi:type="sf:{sobject}"'
    ' xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
    "<sf:Id>{record}</sf:Id><sf:SystemModstamp>{stamp}</sf:SystemModstamp></sObject></Notification>"
)


def an_id(number: int, prefix: str) -> str:
    """An 18-character Id."""
    return f"{prefix}{number:012d}AAA"


def a_notification(
    number: int = 1,
    *,
    sobject: str = "Order",
    record: str | None = None,
    stamp: str = "2026-05-04T12:00:00.000Z",
) -> str:
    record = record or an_id(number, "801")
    return NOTIFICATION.format(id=an_id(number, "04l"), sobject=sobject, record=record, stamp=stamp)


def a_message(notifications: Sequence[str] | None = None, org: str = ORG_ID) -> bytes:
    parts = [a_notification()] if notifications is None else notifications
    return ENVELOPE.format(org=org, notifications="".join(parts)).encode()
