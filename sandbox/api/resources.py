"""`/services/data/vNN.0`: the list of resources of a version."""

from __future__ import annotations

from sandbox.api.call import Answer, Call, Route

#: Resource name -> path below the version. Only what this org serves is listed.
_RESOURCES = {
    "composite": "composite",
    "jobs": "jobs",
    "limits": "limits",
    "metadata": "metadata",
    "query": "query",
    "queryAll": "queryAll",
    "search": "search",
    "sobjects": "sobjects",
    "tooling": "tooling",
}


def list_resources(call: Call) -> Answer:
    """The URLs of a version's resources, and who the caller is (`identity`)."""
    body: dict[str, object] = {name: f"{call.data_url}/{path}" for name, path in _RESOURCES.items()}
    body["identity"] = f"{call.own_url}/id/{call.services.org.org_id}/{call.actor.user_id}"
    return Answer(body=body)


def list_composites(call: Call) -> Answer:
    """The URLs of the resources that take several requests at once."""
    base = f"{call.data_url}/composite"
    return Answer(body={name: f"{base}/{name}" for name in ("batch", "graph", "sobjects", "tree")})


ROUTES = [
    Route("", {"GET": list_resources}, "resources", frozenset({"batch"})),
]
