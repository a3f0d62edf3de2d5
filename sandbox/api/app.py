"""The org as one WSGI application.

Owns the list of resource families: a new family is one more entry in FAMILIES.
"""

from __future__ import annotations

import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from sandbox.api import (
    batch,
    bulk_ingest,
    bulk_query,
    changes,
    collections,
    composite,
    deploys,
    describe_views,
    external_ids,
    graph,
    limits,
    queries,
    records,
    resources,
    search,
    tooling,
    tree,
)
from sandbox.api.bulk1 import make_bulk1_blueprint
from sandbox.api.bulk_jobs import row_fault_check
from sandbox.api.call import Answer
from sandbox.api.data import make_data_blueprint
from sandbox.api.deployments import Deployments
from sandbox.api.dispatch import refuse_method
from sandbox.api.errors import refusal_answer
from sandbox.api.frame import KINDS, frame_requests
from sandbox.api.http import to_response
from sandbox.api.locators import Locators
from sandbox.api.oauth import make_oauth_blueprint
from sandbox.api.router import Router
from sandbox.api.services import ApiSettings, Services
from sandbox.api.soap_apex import make_apex_blueprint
from sandbox.api.soap_login import make_soap_blueprint
from sandbox.api.soap_metadata import make_metadata_blueprint
from sandbox.api.streaming import make_streaming_blueprint
from sandbox.bulk.desk import BulkDesk
from sandbox.control import make_control_blueprint
from sandbox.counters import Counters
from sandbox.faults import FaultPlan
from sandbox.long_calls import LongCalls
from sandbox.org.errors import refuse
from sandbox.outbound.desk import OutboundDesk

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from sandbox.api.sessions import Sessions
    from sandbox.metadata.ledger import MetadataLedger
    from sandbox.org.org import Org
    from sandbox.snapshots import Snapshots

FAMILIES = (
    resources,
    limits,
    describe_views,
    records,
    external_ids,
    changes,
    queries,
    search,
    collections,
    composite,
    graph,
    batch,
    tree,
    bulk_ingest,
    bulk_query,
    deploys,
    tooling,
)


def make_services(
    org: Org,
    settings: ApiSettings,
    sessions: Sessions,
    jwt_key: RSAPublicKey,
    snapshots: Snapshots,
    folder: Path | None = None,
    ledger: MetadataLedger | None = None,
) -> Services:
    """The org with everything that the API keeps around it.

    Bulk jobs survive in `folder`; `ledger` is the org's metadata in files.
    """
    routes = [route for family in FAMILIES for route in family.ROUTES]
    faults = FaultPlan(KINDS.union(route.kind for route in routes))
    return Services(
        org=org,
        settings=settings,
        sessions=sessions,
        counters=Counters(org.clock.now, settings.allowance),
        long_calls=LongCalls(org.clock.now),
        faults=faults,
        locators=Locators(org.clock.now),
        router=Router(routes),
        bulk=BulkDesk(org, folder and folder / "bulk", partial(row_fault_check, faults)),
        deployments=Deployments(org, ledger),
        snapshots=snapshots,
        outbound=OutboundDesk(org, settings, sessions, faults, settings.outbound_endpoint),
        jwt_key=jwt_key,
    )


def create_app(services: Services) -> Flask:
    """The WSGI application that serves `services.org`."""
    app = Flask("sandbox.api", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    frame_requests(app, services)
    for blueprint in (
        make_data_blueprint(services),
        make_oauth_blueprint(services),
        make_soap_blueprint(services),
        make_bulk1_blueprint(services),
        make_metadata_blueprint(services),
        make_apex_blueprint(services),
        make_streaming_blueprint(),
        make_control_blueprint(services),
    ):
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_bug)
    return app


_HTTP_CODES = {
    404: ("NOT_FOUND", "The requested resource does not exist"),
    413: ("BAD_REQUEST", "The request body is too large"),
}


def _answer_http_error(error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowed):
        return to_response(refuse_method(request.method, tuple(error.valid_methods or ())))
    code, message = _HTTP_CODES.get(error.code or 400, ("BAD_REQUEST", str(error)))
    return to_response(Answer(error.code or 400, [{"message": message, "errorCode": code}]))


def _answer_bug(error: Exception) -> Response:
    """A fault of this program, never of the client: told to both sides, hidden from none."""
    traceback.print_exception(error, file=sys.stderr)
    what = f"{type(error).__name__}: {error}"
    return to_response(
        refusal_answer(refuse("UNKNOWN_EXCEPTION", f"An unexpected error occurred. {what}"))
    )
