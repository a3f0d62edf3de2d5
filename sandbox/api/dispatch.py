"""Runs one call of a data resource, whether it came by HTTP or inside a composite call.

Owns the step from a path to the function that answers it, and from a refusal to its answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from sandbox.api.call import Answer, Call, Route
from sandbox.api.errors import refusal_answer
from sandbox.api.router import Match, split_path
from sandbox.fault import Target
from sandbox.org.errors import OrgError, refuse

#: The order in which Salesforce's 405 names what is allowed.
_VERBS = ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE")


def answer_match(call: Call, match: Match) -> Answer:
    """The answer of a resource that was already found; a refusal becomes its answer."""
    try:
        view = match.route.views.get("GET" if call.method == "HEAD" else call.method)
        if view is None:
            return _refuse_method(call.method, match.route)
        return view(call, **match.arguments)
    except OrgError as error:
        return refusal_answer(error)


def _refuse_method(method: str, route: Route) -> Answer:
    return refuse_method(method, {*route.views, *(["HEAD"] if "GET" in route.views else [])})


def refuse_method(method: str, verbs: Collection[str]) -> Answer:
    """The 405 of a resource that takes these verbs only."""
    allowed = ",".join(verb for verb in _VERBS if verb in verbs)
    message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    return replace(
        refusal_answer(refuse("METHOD_NOT_ALLOWED", message)), headers={"Allow": allowed}
    )


def find_nested(parent: Call, url: str, resource: str) -> Match:
    """The route of a subrequest's URL (path only).

    Raises OrgError when there is no such resource, or `resource` (composite, graph, batch) does
    not take it, or its version differs from the parent's where Salesforce wants the same.
    """
    path = split_path(url)
    match = parent.services.router.match(path.segments)
    if resource not in match.route.nested:
        raise refuse(
            "INVALID_INPUT" if resource == "graph" else "NOT_FOUND",
            f"The resource {url} cannot be a subrequest of {resource}.",
        )
    return match


def nested_call(
    parent: Call, method: str, url: str, body: object, headers: Mapping[str, str]
) -> Call:
    """The call that a subrequest stands for: the parent's user, its own path, body and headers."""
    path, _, query = url.partition("?")
    return replace(
        parent,
        method=method.upper(),
        path=path,
        version=split_path(path).version,
        params=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.lower(): str(value) for name, value in headers.items()},
        raw_body=b"",
        parsed_body=body,
    )


def answer_nested(call: Call, resource: str) -> Answer:
    """The answer of a subrequest; refusals, also of a wrong URL, become its answer."""
    try:
        match = find_nested(call, call.path, resource)
        hit_by_inner_fault(call, match.route.kind)
    except OrgError as error:
        return refusal_answer(error)
    return answer_match(call, match)


def hit_by_inner_fault(call: Call, kind: str) -> None:
    """Raise the refusal of a fault that was planned for subrequests or rows, if one hits."""
    faults = call.services.faults
    if not faults.has_inner:
        return
    faults.fire_inner(
        Target(
            method=call.method,
            path=call.path,
            kind=kind,
            user=call.actor.username,
            body=lambda: str(call.parsed_body).encode(),
            inner=True,
        )
    )
