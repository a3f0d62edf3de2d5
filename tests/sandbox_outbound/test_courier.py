"""The way of one message by HTTP."""

from __future__ import annotations

import pytest

from sandbox.loopback import why_not_loopback
from sandbox.outbound.courier import Courier, DeliveryError
from tests.sandbox_outbound.receiver import Answer, Receiver, ack


def test_a_receiver_that_never_answers_is_given_up(receiver: Receiver) -> None:
    receiver.answers = [Answer(hangs=True)]

    with pytest.raises(DeliveryError, match=r"no answer within 1 s"):
        Courier(timeout_s=1).post(receiver.url, b"<x/>")

    receiver.wait_for(1)
    assert [message.body for message in receiver.received] == [b"<x/>"]


def test_the_body_of_the_answer_comes_back(receiver: Receiver) -> None:
    assert Courier().post(f"{receiver.url}?key=1", b"<x/>") == ack()
    assert receiver.received[0].path == "/webhooks/salesforce?key=1"


def test_a_proxy_of_the_environment_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert Courier().post(receiver.url, b"<x/>") == ack()


def test_an_address_elsewhere_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(DeliveryError, match=r"example\.com is not this machine"):
        Courier().post("http://example.com/", b"<x/>")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:5000/a?b=c", "http://127.9.9.9/", "https://localhost", "http://[::1]:8080/"],
)
def test_loopback_is_this_machine(url: str) -> None:
    assert why_not_loopback(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:5000",
        "ftp://127.0.0.1/",
        "http://127.0.0.1.nip.io/",
        "http://127.0.0.1@example.com/",
        "http://localhost.example.com/",
        "http://0.0.0.0:80/",
        "http://[::1/",
        "http://127.0.0.1:port/",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert why_not_loopback(url)
