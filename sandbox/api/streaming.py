"""The Streaming API, which is not here: it says so instead of answering like a wrong address.

Owns that refusal. Change Data Capture and platform events reach clients by CometD or by the Pub/Sub
API (gRPC, on a host of its own); this org pushes by outbound messages only.
"""

from __future__ import annotations

from flask import Blueprint, Response

from sandbox.api.errors import refusal_answer
from sandbox.api.http import to_response
from sandbox.org.errors import not_implemented

_VERBS = ["GET", "POST"]


def make_streaming_blueprint() -> Blueprint:
    """Every path of CometD, which answers 501 by name."""
    blueprint = Blueprint("streaming", __name__, url_prefix="/cometd")

    @blueprint.route("/<path:rest>", methods=_VERBS)
    def refuse_streaming(rest: str) -> Response:
        what = f"Streaming API /cometd/{rest} (Change Data Capture, platform events)"
        return to_response(refusal_answer(not_implemented(what)))

    return blueprint
