"""A call of a resource and its answer, free of any web framework.

Owns the shape in which every resource sees a request. HTTP requests and the subrequests of
composite, graph and batch calls all become a `Call`, so a resource is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.api import jsonio
from sandbox.org.errors import refuse

if TYPE_CHECKING:
    from sandbox.api.services import Services
    from sandbox.fault import Fault
    from sandbox.org.actor import Actor

#: Marks a call whose body is still raw bytes (a JSON body may well be `null`).
UNPARSED = object()


@dataclass(frozen=True)
class Call:
    """One request for a resource: who, what, where, with what."""

    services: Services
    actor: Actor
    method: str
    path: str  #: as sent, still percent-encoded, without the query string
    version: str  #: `59.0`
    own_url: str  #: the org's address on the listener that the call came by
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  #: names in lower case
    raw_body: bytes = b""
    parsed_body: object = UNPARSED
    must_be_whole: bool = False  #: the surrounding composite call is all-or-none
    faults: Sequence[Fault] = ()  #: planned failures that hit this very request

    @property
    def data_url(self) -> str:
        """Where this version's resources live: `/services/data/v59.0`."""
        return f"/services/data/v{self.version}"

    def is_at_least(self, version: float) -> bool:
        """Whether the call's API version is that new; shapes of answers changed over the years."""
        return float(self.version) >= version

    def json(self) -> object:
        """The JSON body. Raises OrgError for another media type or text that is not JSON."""
        if self.parsed_body is not UNPARSED:
            return self.parsed_body
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in {"application/json", "application/x-json", "text/json"}:
            raise refuse(
                "UNSUPPORTED_MEDIA_TYPE",
                f"Content-Type header specified in HTTP request is not supported: {media_type}",
            )
        return jsonio.loads(self.raw_body)

    def json_object(self) -> dict[str, object]:
        """The JSON body, which must be an object."""
        body = self.json()
        if not isinstance(body, dict):
            raise refuse("JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object.")
        return body


@dataclass(frozen=True)
class Stream:
    """A body that is no JSON, in pieces: it may be larger than the memory should hold."""

    content_type: str
    size: int  #: bytes
    pieces: Iterable[bytes]


@dataclass(frozen=True)
class Answer:
    """What a resource says. `body` None means an empty body; a Stream is sent as it is."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    has_failed_rows: bool = False  #: a collection answers 200 even when rows were refused

    @property
    def is_success(self) -> bool:
        """True when the resource did what was asked."""
        return self.status < 300


View = Callable[..., Answer]


@dataclass(frozen=True)
class Route:
    """A path pattern such as `sobjects/{sobject}/{record_id}` and who answers each verb.

    `kind` is the name under which calls are counted. `nested` says in which multi-request resources
    it may appear: any of `composite`, `graph`, `batch`.
    """

    pattern: str
    views: Mapping[str, View]
    kind: str
    nested: frozenset[str] = frozenset()
