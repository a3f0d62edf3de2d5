"""`/services/data`: the version list, and everything under a version.

Parses a request into a `Call`, and writes the `Answer`; the resources themselves never see HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from sandbox.api.call import Answer, Call
from sandbox.api.dispatch import answer_match
from sandbox.api.errors import refusal_answer
from sandbox.api.http import admit_caller, request_target, to_response
from sandbox.api.router import NEWEST_VERSION, OLDEST_VERSION, split_path
from sandbox.org.errors import OrgError, not_implemented, refuse

if TYPE_CHECKING:
    from sandbox.api.services import Services

VERBS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]
#: Salesforce's release names of API versions: three a year, 31.0 was Summer '14.
_SEASONS = ("Summer", "Winter", "Spring")


def make_data_blueprint(services: Services) -> Blueprint:
    """Routes of the data API."""
    blueprint = Blueprint("data", __name__)

    @blueprint.get("/services/data")
    def list_versions() -> Response:
        return to_response(Answer(body=_versions()))

    @blueprint.route("/services/data/<path:rest>", methods=VERBS, provide_automatic_options=False)
    def answer_data_call(rest: str) -> Response:
        return to_response(_answer(services))

    return blueprint


def _versions() -> list[dict[str, str]]:
    return [
        {
            "label": _release_name(number),
            "url": f"/services/data/v{number}.0",
            "version": f"{number}.0",
        }
        for number in range(OLDEST_VERSION, NEWEST_VERSION + 1)
    ]


def _release_name(number: int) -> str:
    seasons_on = number - OLDEST_VERSION
    # Winter and Spring releases carry the next year's number.
    year = 14 + (seasons_on + 2) // 3
    return f"{_SEASONS[seasons_on % 3]} '{year}"


def _answer(services: Services) -> Answer:
    path = request_target().partition("?")[0]
    try:
        data_path = split_path(path)
        actor = admit_caller(services, g.kind)
        match = g.match if "match" in g else services.router.match(data_path.segments)
        _check_headers()
        call = Call(
            services=services,
            actor=actor,
            method=_method(),
            path=path,
            version=data_path.version,
            own_url=services.settings.own_url(request.scheme),
            params=request.args.to_dict(),
            headers={name.lower(): value for name, value in request.headers},
            raw_body=request.get_data(),
            faults=tuple(g.faults),
        )
    except OrgError as error:
        return refusal_answer(error)
    return answer_match(call, match)


def _check_headers() -> None:
    accept = request.headers.get("Accept", "*/*")
    if "xml" in accept and "json" not in accept and "*" not in accept:
        raise not_implemented("XML answers of the REST API")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise refuse(
            "UNSUPPORTED_MEDIA_TYPE",
            "Of Content-Encoding only gzip and deflate are served; send the body as it is.",
        )


def _method() -> str:
    # Clients whose HTTP library knows no PATCH send POST with this parameter.
    return request.args.get("_HttpMethod", "POST") if request.method == "POST" else request.method
