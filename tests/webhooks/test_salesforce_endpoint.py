"""The endpoint for outbound messages: kept once before it is acknowledged, or refused."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from config.database import transaction
from config.settings import Settings
from tests.webhooks.conftest import client_of
from tests.webhooks.messages import ORG_ID, a_message, a_notification, an_id
from webhooks.inbox import InboxEvent
from webhooks.intake import Refusals
from webhooks.salesforce import MOST_BYTES

PATH = "/webhooks/salesforce"
#: What gunicorn says of a body: that it ends by itself.
GUNICORN: dict[str, object] = {"wsgi.input_terminated": True}


def stored(engine: Engine) -> list[tuple[str, str, str, str, str]]:
    with transaction(engine) as session:
        events = session.scalars(select(InboxEvent).order_by(InboxEvent.external_id)).all()
    return [(e.source, e.external_id, e.kind, e.subject, e.state) for e in events]


def test_each_notification_is_kept_and_the_message_acknowledged(
    client: FlaskClient, engine: Engine
) -> None:
    answer = client.post(PATH, data=a_message([a_notification(1), a_notification(2)]))

    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert b"<Ack>true</Ack>" in answer.data
    assert stored(engine) == [
        ("salesforce", an_id(1, "04l"), "Order", an_id(1, "801"), "new"),
        ("salesforce", an_id(2, "04l"), "Order", an_id(2, "801"), "new"),
    ]


def test_a_message_that_comes_again_in_other_company_adds_what_is_new(
    client: FlaskClient, engine: Engine
) -> None:
    client.post(PATH, data=a_message([a_notification(2)]))

    answers = [
        client.post(PATH, data=a_message([a_notification(2), a_notification(1), a_notification(2)]))
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [row[1] for row in stored(engine)] == [an_id(1, "04l"), an_id(2, "04l")]


def test_many_at_once_keep_each_notification_once(settings: Settings, engine: Engine) -> None:
    bodies = [a_message([a_notification(n), a_notification(n + 1)]) for n in range(40)] * 5

    def post(body: bytes) -> int:
        return client_of(settings, engine).post(PATH, data=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(post, bodies))

    assert statuses == {200}
    assert [row[1] for row in stored(engine)] == [an_id(n, "04l") for n in range(41)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"<a/>", 400),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", 400),
        (b"x" * (MOST_BYTES + 1), 413),
        (a_message([a_notification(record="no Id")]), 400),
        (a_message([a_notification(sobject="O" * 300)]), 400),
        (a_message([a_notification(stamp="yesterday")]), 400),
        (a_message([a_notification(1), a_notification(1, record=an_id(2, "801"))]), 400),
    ],
)
def test_what_is_no_message_is_refused_and_leaves_no_trace(
    client: FlaskClient, engine: Engine, body: bytes, status: int
) -> None:
    answer = client.post(PATH, data=body)

    assert answer.status_code == status
    assert stored(engine) == []
    refusals: Refusals = client.application.extensions["refusals"]
    assert sum(refusals.counts().values()) == 1


class _Broken(io.BytesIO):
    """What a server hands on of a sender that breaks off."""

    def read(self, size: int | None = -1) -> bytes:
        raise RuntimeError("a chunk without a length")


def test_a_body_that_breaks_on_its_way_is_refused(client: FlaskClient, engine: Engine) -> None:
    answer = client.post(PATH, input_stream=_Broken(), environ_overrides=GUNICORN)

    assert (answer.status_code, stored(engine)) == (400, [])


def test_a_body_shorter_than_announced_is_refused_although_it_is_a_message(
    client: FlaskClient, engine: Engine
) -> None:
    body = a_message()
    told = GUNICORN | {"CONTENT_LENGTH": str(len(body) + 1)}

    answer = client.post(PATH, input_stream=io.BytesIO(body), environ_overrides=told)

    assert (answer.status_code, stored(engine)) == (400, [])


def test_only_posts_are_taken(client: FlaskClient) -> None:
    assert client.get(PATH).status_code == 405


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?secret=older", 200),
        ("?secret=newer", 200),
        ("", 403),
        ("?secret=", 403),
        ("?secret=newerx", 403),
        ("?secret=newer%F0", 403),
    ],
)
def test_the_address_carries_one_of_the_secrets_when_there_are_any(
    settings: Settings, engine: Engine, query: str, status: int
) -> None:
    with_secrets = replace(settings, salesforce_webhook_secrets=("newer", "older"))

    answer = client_of(with_secrets, engine).post(PATH + query, data=a_message())

    assert answer.status_code == status
    assert len(stored(engine)) == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    ("expected", "named", "status"),
    [
        (ORG_ID, ORG_ID, 200),
        (ORG_ID[:15], ORG_ID, 200),
        (ORG_ID, "00D000000000002EAA", 403),
    ],
)
def test_another_orgs_messages_are_refused_when_ours_is_named(
    settings: Settings, engine: Engine, expected: str, named: str, status: int
) -> None:
    ours = replace(settings, salesforce_org_id=expected)

    answer = client_of(ours, engine).post(PATH, data=a_message(org=named))

    assert answer.status_code == status
    assert len(stored(engine)) == (1 if status == 200 else 0)


def test_nothing_is_acknowledged_while_the_database_is_down(
    settings: Settings, broken: Engine
) -> None:
    answer = client_of(settings, broken).post(PATH, data=a_message())

    assert (answer.status_code, answer.data) == (503, b"Service Unavailable")
