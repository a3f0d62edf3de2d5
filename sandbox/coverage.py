"""What of Salesforce is here and what is not, as the Markdown list `COVERAGE.md`.

Owns the claims. What is here is read from the code itself (routes, grants, faults, metadata
kinds), what is missing stands in the tables below, and SOQL is claimed by a query per feature: the
tests run every query and ask for every missing resource, so that no line can lie for long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.api import bulk1
from sandbox.api.app import FAMILIES
from sandbox.api.grants import GRANTS
from sandbox.fault import FaultAction
from sandbox.metadata.kinds import KINDS
from sandbox.org.schema import FieldType

Line = tuple[str, bool]

#: Resources outside the versioned data API that are here.
OTHER_RESOURCES = (
    "GET /services/data",
    "POST /services/oauth2/token",
    "GET /services/oauth2/userinfo",
    "POST /services/oauth2/revoke",
    "GET /id/{org_id}/{user_id}",
    "POST /services/oauth2/introspect",
    "POST /services/Soap/u/{version} login, logout, getUserInfo",
    "POST /services/Soap/u/{version} create, update, upsert, delete",
    "POST /services/Soap/u/{version} query, queryAll, queryMore, retrieve",
    "POST /services/Soap/u/{version} describeGlobal, describeSObject(s), getServerTimestamp",
    "POST /services/Soap/u/{version} undelete, emptyRecycleBin, merge",
    "POST /services/Soap/c/{version} login, logout, getUserInfo",
    "POST /services/Soap/s/{version} executeAnonymous, refused as a failed compilation",
    "POST /services/Soap/m/{version} deploy, checkDeployStatus",
    "POST /services/Soap/m/{version} describeMetadata, listMetadata",
    "POST /services/Soap/m/{version} retrieve, checkRetrieveStatus",
    *bulk1.SERVED,
    "GET /services/data/vNN.0/query?explain=",
    "GET /services/data/vNN.0/query?columns=true",
)
#: Resources of Salesforce that clients of this product's kind use, and that are missing.
MISSING_RESOURCES = (
    "GET /services/data/vNN.0/parameterizedSearch",
    "GET /services/data/vNN.0/sobjects/Order/describe/layouts",
    "GET /services/data/vNN.0/recent",
    "POST /services/data/vNN.0/actions/standard",
    "GET /services/data/vNN.0/sobjects/Order/listviews",
    "GET /services/data/vNN.0/event/eventSchema",
    "POST /cometd/NN.0",
)
MISSING_GRANTS = ("authorization_code", "urn:ietf:params:oauth:grant-type:device")
#: Features of SOQL, each by a query that uses it and nothing else of note.
SOQL = {
    "fields, WHERE, ORDER BY with NULLS, LIMIT, OFFSET": (
        "SELECT Id, Name FROM Account WHERE Name = 'A' OR NOT (Rating__c > 1) "
        "ORDER BY Name DESC NULLS LAST LIMIT 5 OFFSET 1"
    ),
    "parent paths": "SELECT Order__r.Account.Owner.Name FROM Order_Proposal__c",
    "child subqueries": "SELECT Id, (SELECT Price__c FROM Order_Proposals__r) FROM Order",
    "COUNT()": "SELECT COUNT() FROM Account",
    "aggregates, GROUP BY, HAVING, aliases": (
        "SELECT Status__c s, COUNT(Id), MAX(Price__c) m FROM Order_Proposal__c "
        "GROUP BY Status__c HAVING COUNT(Id) > 0"
    ),
    "GROUP BY ROLLUP and CUBE": "SELECT Status, COUNT(Id) FROM Order GROUP BY ROLLUP(Status)",
    "FIELDS()": "SELECT FIELDS(ALL) FROM Account LIMIT 200",
    "LIKE, IN, NOT IN": "SELECT Id FROM Account WHERE Name LIKE 'A%' AND Name NOT IN ('B', 'C')",
    "semi-joins and anti-joins": (
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Order) "
        "AND Id NOT IN (SELECT Manufacturer__c FROM Order_Proposal__c)"
    ),
    "date literals": "SELECT Id FROM Order WHERE EffectiveDate = NEXT_N_DAYS:3",
    "datetimes with offsets": (
        "SELECT Id FROM Order WHERE SystemModstamp >= 2026-11-20T07:00:00+01:00"
    ),
    "date functions": (
        "SELECT CALENDAR_YEAR(CreatedDate), COUNT(Id) FROM Order "
        "GROUP BY CALENDAR_YEAR(CreatedDate)"
    ),
    "currency literals": "SELECT Id FROM Order_Proposal__c WHERE Price__c > USD5000",
    "convertCurrency": "SELECT convertCurrency(Price__c) FROM Order_Proposal__c",
    "toLabel": "SELECT toLabel(Status) FROM Order",
    "FORMAT": "SELECT FORMAT(Price__c) FROM Order_Proposal__c",
    "TYPEOF": "SELECT TYPEOF Owner WHEN User THEN Username END FROM Case",
    "WITH SECURITY_ENFORCED": "SELECT Id FROM Account WITH SECURITY_ENFORCED",
    "FOR VIEW, FOR REFERENCE": "SELECT Id FROM Account LIMIT 1 FOR VIEW",
    "USING SCOPE": "SELECT Id FROM Account USING SCOPE everything",
    "DISTANCE and GEOLOCATION": (
        "SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(1, 2), 'km') < 5"
    ),
    "FORMULA in WHERE": "SELECT Id FROM Order_Proposal__c WHERE FORMULA('Price__c - Price__c') > 1",
    "WITH DATA CATEGORY": "SELECT Id FROM Account WITH DATA CATEGORY Geography__c AT Europe__c",
}
#: The features above that are missing.
MISSING_SOQL = frozenset(
    {"DISTANCE and GEOLOCATION", "FORMAT", "FORMULA in WHERE", "WITH DATA CATEGORY"}
)
MISSING_FIELD_TYPES = (
    "Location as one field (its latitude and longitude are fields of their own)",
    "ExternalLookup, IndirectLookup, MetadataRelationship, File",
)
#: What a user's rights are made of.
ACCESS = (
    "object permissions of permission sets and of the three built-in profiles",
    "field-level security in describe, SOQL, records, saves and history",
    "ViewAllData, ModifyAllData, viewAllFields, EditTask, EditEvent",
    "org-wide default Public Read/Write; deleting is for owners and modifyAll",
)
MISSING_ACCESS = (
    "other org-wide defaults, roles, sharing rules, teams",
    "permissions of deployed profiles, permission set groups, muting",
    "record type and tab visibility",
    "ObjectPermissions and FieldPermissions as records",
)
#: What the org sends by itself, and after which saves.
PUSH = (
    "outbound messages: SOAP, 100 notifications, Ack, retries for 24 hours of org time",
    "workflow rules whose only actions are outbound messages",
    "record-triggered flows (after save) that only send outbound messages",
    "field history: OrderHistory, CaseHistory, <Object>__History",
)
MISSING_PUSH = (
    "Change Data Capture, platform events (CometD, Pub/Sub API): not yet",
    "flows with any other element, workflow field updates, alerts, tasks, time triggers",
    "outbound messages to other machines; the dead-letter queue",
)
_HEAD = """# What of Salesforce is here

Written by `python -m sandbox coverage > sandbox/COVERAGE.md`; a test keeps it true. What is missing
answers 501 `SANDBOX_NOT_IMPLEMENTED` and its name, or the error that Salesforce has for it.
"""


def render_coverage() -> str:
    """The list as Markdown, `[x]` here and `[ ]` missing."""
    return "\n".join([_HEAD, *_render(_sections())])


def served_resources() -> Iterator[str]:
    """`VERB path` of every route of the data API."""
    for family in FAMILIES:
        for route in family.ROUTES:
            path = f"/services/data/vNN.0/{route.pattern}".rstrip("/")
            yield from (f"{verb} {path}" for verb in route.views)


def _sections() -> Iterator[tuple[str, Iterable[Line]]]:
    served = [*OTHER_RESOURCES, *sorted(served_resources(), key=lambda r: r.split()[1])]
    yield "Resources", _lines(served, MISSING_RESOURCES)
    yield "Logins", _lines(GRANTS, MISSING_GRANTS)
    yield "SOQL", ((name, name not in MISSING_SOQL) for name in SOQL)
    yield "Access of users", _lines(ACCESS, MISSING_ACCESS)
    yield "Push", _lines(PUSH, MISSING_PUSH)
    yield (
        "Metadata that has an effect",
        dict.fromkeys((kind.root or "Settings", kind.has_effect) for kind in KINDS.values()),
    )
    yield "Field types", _lines([*FieldType, "Summary"], MISSING_FIELD_TYPES)
    yield "Faults", _lines(FaultAction, ())


def _lines(here: Iterable[str], missing: Iterable[str]) -> Iterator[Line]:
    yield from ((str(name), True) for name in here)
    yield from ((name, False) for name in missing)


def _render(sections: Iterator[tuple[str, Iterable[Line]]]) -> Iterator[str]:
    for title, lines in sections:
        yield f"## {title}\n"
        yield from (f"- [{'x' if is_here else ' '}] `{name}`" for name, is_here in lines)
        yield ""
