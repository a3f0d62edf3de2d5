"""Finds the resource that a path under `/services/data/vNN.N` names.

Owns which resources exist, which are known but missing here, and which versions are alive. Paths
are split before they are decoded, because an external ID may itself hold a slash (`A%2F1`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from sandbox.api.call import Route
from sandbox.org.errors import OrgError, not_implemented, refuse

#: Newest first answer of `GET /services/data`; older ones than 31 were retired by Salesforce.
OLDEST_VERSION = 31
NEWEST_VERSION = 67
_DATA_PATH = re.compile(r"/services/data/v(\d{1,3})\.(\d)(?:/(.*))?\Z", re.DOTALL)

#: Real resources that this org lacks. They answer 501 by name, not 404.
KNOWN_ELSEWHERE = frozenset(
    {
        "actions",
        "analytics",
        "appMenu",
        "async-queries",
        "chatter",
        "commerce",
        "compactLayouts",
        "connect",
        "consent",
        "dedupe",
        "domino",
        "eclair",
        "event",
        "flexipage",
        "folders",
        "graphql",
        "iot",
        "jobs",
        "knowledgeManagement",
        "licensing",
        "localizedvalue",
        "metadata",
        "nouns",
        "parameterizedSearch",
        "payments",
        "process",
        "query-explain",
        "quickActions",
        "recent",
        "recordCount",
        "scheduling",
        "search",
        "smartdatadiscovery",
        "support",
        "tabs",
        "theme",
        "tooling",
        "ui-api",
        "wave",
        "dataset",
    }
)
#: The same below `sobjects/X`, where they would be taken for a record's Id or an external ID.
PARTS_ELSEWHERE = frozenset(
    {"approvallayouts", "compactlayouts", "defaultvalues", "layouts", "listviews", "quickactions"}
)


@dataclass(frozen=True)
class DataPath:
    """A path below `/services/data`: its version (`59.0`) and decoded segments."""

    version: str
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """The route of a path, with the values that fill its pattern."""

    route: Route
    arguments: Mapping[str, str]


# A subrequest's path is split twice in a row; few are kept, as a path may be long.
@lru_cache(maxsize=16)
def split_path(path: str) -> DataPath:
    """Version and segments of a raw path.

    Raises OrgError 404 for a version that does not exist, 410 for one that no longer does.
    Source: REST API guide, "API End-of-Life Policy" (versions up to 30.0 are retired).
    """
    found = _DATA_PATH.fullmatch(path)
    if not found:
        raise not_found()
    major, minor = int(found[1]), int(found[2])
    if major < OLDEST_VERSION:
        raise refuse("UNSUPPORTED_API_VERSION", f"API version {major}.{minor} is retired")
    if major > NEWEST_VERSION or minor:
        raise not_found()
    segments = tuple(unquote(part) for part in (found[3] or "").split("/") if part)
    return DataPath(f"{major}.0", segments)


def not_found() -> OrgError:
    """Salesforce's answer to a path that names nothing."""
    return refuse("NOT_FOUND", "The requested resource does not exist")


class Router:
    """All resources of the data API, found by their path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        # Patterns with more fixed words come first: `sobjects/X/describe` is not a record Id.
        ordered = sorted(routes, key=lambda route: route.pattern.count("{"))
        self._by_start: dict[tuple[int, str], list[tuple[tuple[str, ...], Route]]] = {}
        for route in ordered:
            pattern = tuple(part for part in route.pattern.split("/") if part)
            self._by_start.setdefault(_start(pattern), []).append((pattern, route))

    def match(self, segments: tuple[str, ...]) -> Match:
        """The route for decoded path segments.

        Raises OrgError SANDBOX_NOT_IMPLEMENTED for a real resource that is missing here, and
        NOT_FOUND for anything else.
        """
        _refuse_missing_part(segments)
        for pattern, route in self._by_start.get(_start(segments), ()):
            arguments = _fill(pattern, segments)
            if arguments is not None:
                return Match(route, arguments)
        if segments and segments[0] in KNOWN_ELSEWHERE:
            raise not_implemented(f"resource {'/'.join(segments[:2])}")
        raise not_found()


def _refuse_missing_part(segments: tuple[str, ...]) -> None:
    lowered = tuple(part.lower() for part in segments)
    part = lowered[3:4] if lowered[2:3] == ("describe",) else lowered[2:3]
    if lowered[:1] == ("sobjects",) and PARTS_ELSEWHERE.intersection(part):
        raise not_implemented(f"resource {'/'.join(segments)}")


def _start(segments: tuple[str, ...]) -> tuple[int, str]:
    """What routes are found by: their length and first word, which is never a placeholder."""
    return len(segments), segments[0].lower() if segments else ""


def _fill(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    arguments = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            arguments[expected[1:-1]] = given
        elif expected.lower() != given.lower():
            return None
    return arguments
