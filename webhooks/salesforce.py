"""`POST /webhooks/salesforce`: outbound messages, kept and then acknowledged.

Owns whose messages are taken. Salesforce does not sign them, so nothing in one is believed but
which record to look at, and that record is read from the org itself. The address may carry a
secret, and the org may be named; a message with another one is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Engine

from config.settings import Settings
from webhooks.inbox import Delivery
from webhooks.intake import Refusals, Refused, is_known_secret, keep, read_body
from webhooks.outbound_messages import ACK, Malformed, Notification, OutboundMessage, read_message

SOURCE = "salesforce"
#: A hundred notifications of ours take some 50 kB; other people's messages may carry long texts.
MOST_BYTES = 1024 * 1024


def build_blueprint(settings: Settings, engine: Engine) -> Blueprint:
    """The endpoint for the org of `settings`, storing in `engine`."""
    blueprint = Blueprint("salesforce_messages", __name__)

    @blueprint.post("/webhooks/salesforce")
    def receive() -> Response:
        refusals: Refusals = current_app.extensions["refusals"]
        try:
            _check_secret(settings, request.args.get("secret", ""))
            message = _read(read_body(request, MOST_BYTES))
            _check_org(settings, message)
            keep(engine, list(_deliveries(message.notifications)))
        except Refused as refused:
            refusals.note(SOURCE, refused)
            return Response(refused.status.phrase, refused.status, mimetype="text/plain")
        return Response(ACK, mimetype="text/xml")

    return blueprint


def _check_secret(settings: Settings, given: str) -> None:
    secrets = settings.salesforce_webhook_secrets
    if secrets and not is_known_secret(given, secrets):
        raise Refused(HTTPStatus.FORBIDDEN, "the address lacks a valid secret")


def _check_org(settings: Settings, message: OutboundMessage) -> None:
    # The first 15 characters are the Id; the last three only repeat their case.
    expected = settings.salesforce_org_id
    if expected and message.org_id[:15] != expected[:15]:
        raise Refused(HTTPStatus.FORBIDDEN, "the message names another org")


def _read(body: bytes) -> OutboundMessage:
    try:
        return read_message(body)
    except Malformed as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from error


def _deliveries(notifications: Iterable[Notification]) -> Iterable[Delivery]:
    for each in notifications:
        yield Delivery(SOURCE, each.notification_id, each.sobject, each.record_id, each.body)
