"""The Tooling API as far as clients ask for it by themselves: its queries.

Owns the list of tooling objects that this org has none of: a query for them finds nothing, which is
true. EntityDefinition and FieldDefinition are answered from the schema. Source: Tooling API guide.
"""

from __future__ import annotations

from sandbox.api.apex import refuse_code
from sandbox.api.call import Answer, Call, Route
from sandbox.api.definitions import TYPES, definition_schema, query_definitions
from sandbox.api.queries import show_row
from sandbox.api.query_columns import show_columns
from sandbox.org.access import FULL_ACCESS
from sandbox.org.errors import refuse
from sandbox.soql import parse

#: Tooling objects without a row: development artefacts that this org does not keep.
_EMPTY = (
    "ApexClass",
    "ApexCodeCoverageAggregate",
    "ApexComponent",
    "ApexLog",
    "ApexPage",
    "ApexTestResult",
    "ApexTrigger",
    "AuraDefinitionBundle",
    "ContainerAsyncRequest",
    "FlexiPage",
    "Flow",
    "FlowDefinition",
    "InstalledSubscriberPackage",
    "LightningComponentBundle",
    "MetadataContainer",
    "MetadataPackage",
    "Package2",
    "Package2Version",
    "SandboxInfo",
    "SandboxProcess",
    "SourceMember",
    "StaticResource",
    "TraceFlag",
)
_BY_LOWER = {name.lower(): name for name in _EMPTY}


def run_tooling_query(call: Call) -> Answer:
    """A query over tooling objects."""
    soql = call.params.get("q", "")
    if not soql.strip():
        raise refuse("MALFORMED_QUERY", "A query string has to be specified")
    query = parse(soql)
    source = query.source.path.text
    name = _BY_LOWER.get(source.lower()) or TYPES.get(source.lower())
    if name is None:
        raise refuse("INVALID_TYPE", f"sObject type '{source}' is not supported.")
    is_empty = name in _EMPTY
    result = None if is_empty else query_definitions(call.services.org, call.actor, soql)
    if call.params.get("columns", "").lower() == "true":
        return Answer(body=show_columns(definition_schema(), query, FULL_ACCESS))
    if result is None:
        return Answer(body=_page(name, []))
    rows = [show_row(row, f"{call.data_url}/tooling") for row in result.records]
    return Answer(body=_page(name, rows) | {"totalSize": result.total_size})


def show_tooling_object(call: Call, **_: str) -> Answer:
    """There is none: a client takes 404 for "not here" and goes on without."""
    raise refuse("NOT_FOUND", "The requested resource does not exist")


def execute_anonymous(_: Call) -> Answer:
    """200 with the report that the code does not compile."""
    return Answer(body=refuse_code())


def _page(entity: str, rows: list[dict[str, object]]) -> dict[str, object]:
    return {
        "size": len(rows),
        "totalSize": len(rows),
        "done": True,
        "queryLocator": None,
        "entityTypeName": entity,
        "records": rows,
    }


ROUTES = [
    Route("tooling/query", {"GET": run_tooling_query}, "tooling"),
    Route("tooling/executeAnonymous", {"GET": execute_anonymous}, "tooling"),
    Route("tooling/sobjects/{sobject}", {"GET": show_tooling_object}, "tooling"),
    Route("tooling/sobjects/{sobject}/describe", {"GET": show_tooling_object}, "tooling"),
    Route("tooling/sobjects/{sobject}/{record_id}", {"GET": show_tooling_object}, "tooling"),
]
