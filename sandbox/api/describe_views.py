"""Describe resources: what sObjects there are, and what each looks like.

Source: REST API guide, "Describe Global", "sObject Basic Information", "sObject Describe".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.api.call import Answer, Call, Route
from sandbox.api.conditions import check_conditions, last_modified
from sandbox.api.describe import describe_briefly, describe_fully
from sandbox.api.rows import find_sobject

if TYPE_CHECKING:
    from sandbox.org.actor import Actor
    from sandbox.org.org import Org
    from sandbox.org.schema import SObject


def list_sobjects(call: Call) -> Answer:
    """Every sObject that the caller may see, briefly; 304 when no deploy changed the schema."""
    since = call.services.org.schema_since
    unchanged = check_conditions(call, since)
    if unchanged is not None:
        return unchanged
    access = call.actor.access
    visible = filter(access.can_see, call.services.org.schema.objects.values())
    objects = sorted(visible, key=lambda o: o.name)
    return Answer(
        body={
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": [describe_briefly(sobject, call.data_url, access) for sobject in objects],
        },
        headers=last_modified(since),
    )


def describe_sobject(call: Call, sobject: str) -> Answer:
    """One sObject with its fields, record types and child relationships; 304 as above."""
    target = find_sobject(call, sobject)
    since = call.services.org.schema_since
    unchanged = check_conditions(call, since)
    if unchanged is not None:
        return unchanged
    body = describe_whole(call.services.org, call.actor, target, call.data_url)
    return Answer(body=body, headers=last_modified(since))


def show_basic_information(call: Call, sobject: str) -> Answer:
    """One sObject briefly, with the records that the user looked at last (none: there is no UI)."""
    target = find_sobject(call, sobject)
    brief = describe_briefly(target, call.data_url, call.actor.access)
    return Answer(body={"objectDescribe": brief, "recentItems": []})


def describe_whole(org: Org, actor: Actor, target: SObject, data_url: str) -> dict[str, object]:
    """All that is told of one sObject, the Ids of its record types among it."""
    body = describe_fully(org.schema, target, data_url, actor.access)
    ids = _record_type_ids(org, actor, target.name)
    infos = body["recordTypeInfos"]
    assert isinstance(infos, list)  # noqa: S101 - narrows the type
    for info in infos:
        if not info["master"]:
            info["recordTypeId"] = ids.get(info["developerName"])
    return body


def _record_type_ids(org: Org, actor: Actor, sobject: str) -> dict[str, str]:
    if org.schema.sobject("RecordType") is None:
        return {}
    soql = f"SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = '{sobject}'"  # noqa: S608
    found = org.query(actor, soql)
    return {str(row["DeveloperName"]): str(row["Id"]) for row in found.records}


_NESTED = frozenset({"composite", "batch"})
ROUTES = [
    Route("sobjects", {"GET": list_sobjects}, "describe", _NESTED),
    Route("sobjects/{sobject}/describe", {"GET": describe_sobject}, "describe", _NESTED),
]
