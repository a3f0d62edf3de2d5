"""What is not acknowledged is sent again, as a whole, later and later, for a day of org time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.clients import RestClient
from tests.sandbox_outbound.conftest import MORNING
from tests.sandbox_outbound.receiver import FAULT, OUTBOUND, SOAP, Answer, Receiver, ack
from tests.sandbox_outbound.steps import advance, deliver, one_order, queue, some_orders

_ENTITIES = b"<!DOCTYPE x [<!ENTITY a 'true'>]>"
_ELSEWHERE = ack().replace(OUTBOUND.encode(), b"urn:elsewhere")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(ack("false")), "the receiver answered Ack 'false'"),
        (Answer(ack(), status=500), "the receiver answered HTTP 500"),
        (Answer(ack(), status=302), "the receiver answered HTTP 302"),
        (Answer(FAULT), "SOAP fault: too busy"),
        (Answer(b""), "the answer is no SOAP: no element found: line 1, column 0"),
        (Answer(ack()[:-9]), "the answer is no SOAP: unclosed token: line 1, column 215"),
        (Answer(_ENTITIES + ack()), "the answer is no SOAP: DTDForbidden(name='x'"),
        (Answer(_ELSEWHERE), "the answer holds no Ack"),
        (Answer(f'<Envelope xmlns="{SOAP}"/>'.encode()), "the answer holds no Ack"),
        (Answer(b" " * 70_000 + ack()), "the answer is longer than 65536 bytes"),
    ],
    ids=["nack", "500", "302", "fault", "empty", "cut", "doctype", "elsewhere", "no ack", "long"],
)
def test_anything_but_an_ack_is_tried_again(
    rest: RestClient, receiver: Receiver, answer: Answer, error: str
) -> None:
    one_order(rest)
    receiver.answers = [answer]

    (first,) = deliver(rest)
    (entry,) = queue(rest)
    at_once = deliver(rest)
    advance(rest, 30)
    (second,) = deliver(rest)

    assert first["acknowledged"] is False
    assert first["error"].startswith(error)
    assert entry["last_error"] == first["error"]
    assert (entry["state"], entry["attempts"]) == ("waiting", 1)
    assert entry["next_attempt"] == "2025-03-11T07:00:30+00:00"
    assert at_once == []
    assert (second["acknowledged"], second["attempt"]) == (True, 2)
    assert receiver.received[0].ids == receiver.received[1].ids
    assert queue(rest) == []


def test_a_receiver_that_is_not_there_is_tried_again(rest: RestClient, receiver: Receiver) -> None:
    rest.control("POST", "outbound", {"endpoint": "http://127.0.0.1:1/nobody"})
    one_order(rest)

    (first,) = deliver(rest)
    rest.control("POST", "outbound", {"endpoint": receiver.url})
    advance(rest, 30)
    (second,) = deliver(rest)

    assert first["error"].startswith("ConnectionRefusedError")
    assert second["acknowledged"] is True


def test_the_whole_message_is_sent_again_with_the_state_of_then(
    rest: RestClient, receiver: Receiver
) -> None:
    orders = some_orders(rest, 3)
    receiver.answers = [Answer(ack("false"))]
    deliver(rest)
    rest.patch(f"sobjects/Order/{orders[1]}", {"External_Id__c": "later"})
    advance(rest, 30)

    deliver(rest)

    again = next(message for message in receiver.received[1:] if len(message.ids) == 3)
    assert again.ids == receiver.received[0].ids
    assert [record["External_Id__c"] for record in again.records] == ["O-0", "later", "O-2"]


def test_pauses_double_up_to_two_hours_and_end_after_a_day(
    rest: RestClient, receiver: Receiver
) -> None:
    one_order(rest)
    receiver.answers = [Answer(ack("false"))] * 100
    pauses = []
    now = start = datetime.fromisoformat(MORNING)
    while True:
        assert len(deliver(rest)) == 1
        (entry,) = queue(rest)
        following = datetime.fromisoformat(entry["next_attempt"])
        pauses.append((following - now).total_seconds())
        if following - start >= timedelta(hours=24):
            break
        advance(rest, pauses[-1])
        now = following

    advance(rest, pauses[-1])
    too_late = deliver(rest)
    (dropped,) = queue(rest)

    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3840] + [7200] * 11
    assert too_late == []
    assert len(receiver.received) == len(pauses)
    assert (dropped["state"], dropped["next_attempt"]) == ("failed", None)
    assert dropped["last_error"] == (
        "dropped after 24 hours without Ack; last: the receiver answered Ack 'false'"
    )


def test_what_was_held_for_a_day_is_dropped(rest: RestClient, receiver: Receiver) -> None:
    rest.control("POST", "outbound", {"endpoint": None})
    one_order(rest)

    advance(rest, 24 * 3600 - 1)
    (held,) = queue(rest)
    advance(rest, 1)
    rest.control("POST", "outbound", {"endpoint": receiver.url})

    assert held["state"] == "held"
    assert deliver(rest) == []
    (entry,) = queue(rest)
    assert (entry["state"], entry["last_error"]) == (
        "failed",
        "dropped after 24 hours without Ack",
    )
    assert receiver.received == []


def test_a_moved_clock_wakes_the_sender(rest: RestClient, receiver: Receiver) -> None:
    receiver.answers = [Answer(ack("false"))]
    rest.control("POST", "outbound", {"automatic": True})
    one_order(rest)
    receiver.wait_for(1)
    deliver(rest)  # returns when the round under way is over

    advance(rest, 30)

    receiver.wait_for(2)
    assert receiver.received[1].ids == receiver.received[0].ids


def test_a_message_under_way_does_not_keep_the_org_from_closing(receiver: Receiver) -> None:
    receiver.answers = [Answer(hangs=True)]
    with (
        LocalOrgServer([ROOT / "salesforce"], outbound_endpoint=receiver.url) as server,
        RestClient(server, "admin@manufaktura.example") as rest,
    ):
        one_order(rest)
        receiver.wait_for(1)

    assert len(receiver.received) == 1


def test_emptying_the_queue_cuts_off_what_is_under_way(
    rest: RestClient, receiver: Receiver
) -> None:
    receiver.answers = [Answer(hangs=True)]
    rest.control("POST", "outbound", {"automatic": True})
    some_orders(rest, 2)
    receiver.wait_for(1)

    rest.control("DELETE", "outbound")

    assert queue(rest) == []


def test_what_waits_in_a_restored_snapshot_is_sent_by_itself(
    rest: RestClient, receiver: Receiver
) -> None:
    one_order(rest)
    rest.control("POST", "snapshots", {"name": "waiting"})
    deliver(rest)
    rest.control("POST", "outbound", {"automatic": True})

    rest.control("POST", "snapshots/waiting/restore")
    receiver.wait_for(2)

    first, second = receiver.received
    assert second.ids == first.ids


def test_a_restore_cuts_off_the_message_under_way_and_sends_what_it_brings_back(
    rest: RestClient, receiver: Receiver
) -> None:
    one_order(rest)
    rest.control("POST", "snapshots", {"name": "waiting"})
    receiver.answers = [Answer(hangs=True)]
    rest.control("POST", "outbound", {"automatic": True})
    receiver.wait_for(1)

    rest.control("POST", "snapshots/waiting/restore")
    receiver.wait_for(2)
    rest.control("POST", "outbound", {"automatic": False})

    first, second = receiver.received
    assert second.ids == first.ids
    assert queue(rest) == []


def test_a_snapshot_holds_no_message_of_a_commit_that_it_does_not_hold(
    rest: RestClient, receiver: Receiver
) -> None:
    prompt = one_order(rest)
    late = {"action": "late_visible_commits", "delay_s": 600, "path": "sobjects/Order"}
    rest.control("POST", "faults", late)
    unseen = one_order(rest)
    rest.control("POST", "snapshots", {"name": "early"})
    queued = [entry["record"] for entry in queue(rest)]

    rest.control("POST", "snapshots/early/restore")

    assert queued == [prompt, unseen]
    assert [entry["record"] for entry in queue(rest)] == [prompt]
