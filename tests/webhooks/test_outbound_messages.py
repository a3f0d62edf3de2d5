"""What is read out of an outbound message, and what is no such message."""

from __future__ import annotations

import pytest

from tests.webhooks.messages import ORG_ID, a_message, a_notification, an_id
from webhooks.outbound_messages import Malformed, read_message, read_stored

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    b"<soapenv:Envelope>&b;</soapenv:Envelope>"
)
#: Deeper than any stack of calls.
DEEP = "<a>" * 20_000 + "</a>" * 20_000


def test_a_message_says_which_records_of_which_org_changed() -> None:
    message = read_message(a_message([a_notification(1), a_notification(2, sobject="Account")]))

    assert message.org_id == ORG_ID
    assert [(n.notification_id, n.sobject, n.record_id) for n in message.notifications] == [
        (an_id(1, "04l"), "Order", an_id(1, "801")),
        (an_id(2, "04l"), "Account", an_id(2, "801")),
    ]
    assert message.notifications[0].fields == {
        "Id": an_id(1, "801"),
        "SystemModstamp": "2026-05-04T12:00:00.000Z",
    }


def test_ids_of_15_characters_are_those_of_18() -> None:
    (notification,) = read_message(
        a_message([a_notification(record=an_id(1, "801")[:15])])
    ).notifications

    assert notification.record_id == an_id(1, "801")


def test_what_is_stored_of_a_notification_reads_as_it_did() -> None:
    (notification,) = read_message(a_message()).notifications

    assert read_stored(notification.body) == notification


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "no harmless XML: ParseError"),
        (b"{}", "no harmless XML: ParseError"),
        (b"\xff\xfe\x00", "no harmless XML: ParseError"),
        (a_message()[:-20], "no harmless XML: ParseError"),
        (BOMB, "no harmless XML: DTDForbidden"),
        (b'<?xml version="1.0" encoding="x"?><a/>', "no harmless XML: "),
        (b"<a/>", "no notifications in a SOAP 1.1 envelope"),
        (a_message().replace(b"/soap/envelope/", b"/soap12/"), "no notifications"),
        (a_message([]), "0 notifications, expected 1 to 100"),
        (a_message([a_notification(n) for n in range(101)]), "101 notifications"),
        (a_message(org=""), "no usable OrganizationId"),
        (a_message(org="x" * 300), "no usable OrganizationId"),
        (a_message([a_notification(record="../../etc/passwd")]), "no usable Id"),
        (a_message([a_notification(record="801'; DROP TAB")]), "no usable Id"),
        (a_message([a_notification(sobject="Order; DELETE")]), "whose type is no API name"),
        (a_message([a_notification(sobject="")]), "whose type is no API name"),
        (a_message(["<Notification><Id>1</Id></Notification>"]), "without its sObject"),
        (
            a_message(
                [a_notification().replace("<sf:Id>", "<sf:No>").replace("</sf:Id>", "</sf:No>")]
            ),
            "no usable Id",
        ),
        (a_message([a_notification().replace(an_id(1, "04l"), "")]), "no usable Id"),
        (a_message([a_notification().replace(an_id(1, "04l"), "'; DROP")]), "no usable Id"),
        (a_message([a_notification(record="801000000000001ZZZ")]), "no usable Id"),
        (a_message([a_notification(sobject="O" * 81)]), "whose type is no API name"),
        (a_message([a_notification(sobject="Ördér")]), "whose type is no API name"),
        (a_message([a_notification(sobject="__class__")]), "whose type is no API name"),
        (a_message([a_notification(stamp="yesterday")]), "a SystemModstamp that is no instant"),
        (a_message([a_notification(stamp="2026-05-04T12:00:00")]), "that is no instant"),
        (a_message([a_notification(stamp="2026-02-30T12:00:00Z")]), "that is no instant"),
        (a_message([a_notification(stamp="0001-01-01T00:00:00+14:00")]), "that is no instant"),
        (
            a_message([a_notification(1), a_notification(1, record=an_id(2, "801"))]),
            "one notification Id for two records",
        ),
        (
            a_message([a_notification().replace("</sObject>", f"{DEEP}</sObject>")]),
            "elements nested too deep",
        ),
    ],
)
def test_anything_else_is_refused_by_name(body: bytes, complaint: str) -> None:
    with pytest.raises(Malformed, match=complaint):
        read_message(body)
