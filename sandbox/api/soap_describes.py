"""Descriptions by the partner API: describeGlobal, describeSObject(s), getServerTimestamp.

They are those of the REST API in XML, with the addresses of pages for people in place of those of
resources; clients want them, although this org has no pages. Source: SOAP API guide,
"describeGlobal()", "describeSObjects()", "getServerTimestamp()".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import request

from sandbox.api.describe import describe_briefly
from sandbox.api.describe_views import describe_whole
from sandbox.api.soap import local_name, to_xml
from sandbox.api.soap_records import Operation
from sandbox.org.errors import refuse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services
    from sandbox.org.actor import Actor

_MOST_RECORDS = 200
_NO_URL = ""


def _describe_global(services: Services, actor: Actor, _: Element) -> str:
    access = actor.access
    visible = filter(access.can_see, services.org.schema.objects.values())
    briefs = (
        describe_briefly(sobject, _NO_URL, access)
        for sobject in sorted(visible, key=lambda each: each.name)
    )
    shown = "".join(to_xml("sobjects", _plain(brief)) for brief in briefs)
    encoding = f"<encoding>UTF-8</encoding><maxBatchSize>{_MOST_RECORDS}</maxBatchSize>"
    return f"<result>{encoding}{shown}</result>"


def _describe(services: Services, actor: Actor, operation: Element) -> str:
    names = [e.text or "" for e in operation if local_name(e).lower() == "sobjecttype"]
    return "".join(_describe_one(services, actor, name) for name in names)


def _describe_one(services: Services, actor: Actor, name: str) -> str:
    sobject = services.org.schema.sobject(name)
    if sobject is None or not actor.access.can_see(sobject):
        raise refuse("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    described = _plain(describe_whole(services.org, actor, sobject, _NO_URL))
    own_url = services.settings.own_url(request.scheme)
    pages = {
        "urlDetail": f"{own_url}/{{ID}}",
        "urlEdit": f"{own_url}/{{ID}}/e",
        "urlNew": f"{own_url}/{sobject.key_prefix}/e",
    }
    return to_xml("result", described | pages)


def _tell_time(services: Services, _: Actor, __: Element) -> str:
    now = services.org.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"<result><timestamp>{now}</timestamp></result>"


def _plain(described: Mapping[str, object]) -> dict[str, object]:
    """The description without addresses, which are of use to REST clients only."""
    return {name: _plain_value(held) for name, held in described.items() if name != "urls"}


def _plain_value(held: object) -> object:
    if isinstance(held, Mapping):
        return _plain(held)
    return [_plain_value(each) for each in held] if isinstance(held, list) else held


OPERATIONS: dict[str, Operation] = {
    "describeGlobal": _describe_global,
    "describeSObject": _describe,
    "describeSObjects": _describe,
    "getServerTimestamp": _tell_time,
}
