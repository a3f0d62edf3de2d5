"""The bodies of calls of the control plane, which are JSON whatever their Content-Type says."""

from __future__ import annotations

from flask import request

from sandbox.api import jsonio
from sandbox.org.errors import refuse


def read_body() -> object:
    """The body of the request at hand. Raises OrgError JSON_PARSER_ERROR."""
    return jsonio.loads(request.get_data())


def read_object() -> dict[str, object]:
    """The same where only a JSON object will do."""
    body = read_body()
    if not isinstance(body, dict):
        raise refuse("JSON_PARSER_ERROR", "The body must be a JSON object.")
    return body
