"""simple-salesforce's calls on single records, queries and descriptions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from simple_salesforce.api import Salesforce

from tests.clients.scripts.shared import log_in, refusal, report

VERSION = "/services/data/v59.0"


def write_records(sf: Salesforce) -> dict[str, Any]:
    made = sf.Account.create({"Name": "Aurora", "External_Id__c": "HD-1"})
    record_id = made["id"]
    return {
        "create": [made["success"], made["errors"]],
        "get": sf.Account.get(record_id)["Name"],
        "by external id": sf.Account.get_by_custom_id("External_Id__c", "HD-1")["Id"] == record_id,
        "update": sf.Account.update(record_id, {"Name": "Borealis"}),
        "upsert old": sf.Account.upsert("External_Id__c/HD-1", {"Phone": "+48 1"}),
        "upsert new": sf.Account.upsert("External_Id__c/A%2F1", {"Name": "Slash"}),
        "delete": sf.Account.delete(record_id),
        "deleted": refusal(lambda: sf.Account.get(record_id)),
        "id": record_id,
    }


def read_changes(sf: Salesforce, record_id: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    span = (now - timedelta(hours=1), now + timedelta(minutes=2))
    return {
        "deleted": [row["id"] == record_id for row in sf.Account.deleted(*span)["deletedRecords"]],
        "updated": len(sf.Account.updated(*span)["ids"]),
    }


def query(sf: Salesforce) -> dict[str, Any]:
    soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'N%' ORDER BY Name"
    first = sf.query(soql)
    rows = [row["Name"] for row in sf.query_all_iter(soql)]
    return {
        "query": [first["totalSize"], len(first["records"]), first["done"]],
        "query_more by url": len(sf.query_more(first["nextRecordsUrl"], True)["records"]),
        "query_more by id": len(sf.query_more(first["nextRecordsUrl"].split("/")[-1])["records"]),
        "query_all": len(sf.query_all(soql)["records"]),
        "query_all_iter": [len(rows), rows[0], rows[-1], len(set(rows))],
        "with deleted": sf.query("SELECT Id FROM Account WHERE IsDeleted = true", True)[
            "totalSize"
        ],
    }


def describe(sf: Salesforce) -> dict[str, Any]:
    described = sf.Order_Proposal__c.describe()
    return {
        "global": "Order_Proposal__c" in {s["name"] for s in sf.describe()["sobjects"]},
        "describe": [described["keyPrefix"], described["label"]],
        "metadata": sf.Account.metadata()["objectDescribe"]["name"],
        "is_sandbox": sf.is_sandbox(),
        "limits": sf.limits()["DailyApiRequests"]["Max"],
        "api_usage": sf.api_usage["api-usage"].total,
        "tooling": sf.toolingexecute("query/?q=SELECT+Id+FROM+ApexClass")["totalSize"],
        "search": len(sf.search("FIND {N0007} RETURNING Account(Id)")["searchRecords"]),
        "quick_search": len(sf.quick_search("slash")["searchRecords"]),
        "identity": sf.oauth2("userinfo")["user_id"][:3],
    }


def use_collections(sf: Salesforce) -> dict[str, Any]:
    def call(method: str, path: str, **more: Any) -> Any:
        return sf.restful(path, method=method, **more)

    rows = [{"attributes": {"type": "Account"}, "Name": f"N{n:04}"} for n in range(200)]
    body = json.dumps({"allOrNone": False, "records": [*rows[:199], {**rows[0], "Name": ""}]})
    made = call("POST", "composite/sobjects", data=body)
    for _ in range(21):
        call("POST", "composite/sobjects", data=json.dumps({"records": rows}))
    ids = [row["id"] for row in made[:2]]
    reference = f"{VERSION}/sobjects/Contact"
    composite = {
        "compositeRequest": [
            {
                "method": "POST",
                "url": f"{VERSION}/sobjects/Account",
                "referenceId": "a",
                "body": {"Name": "Holder"},
            },
            {
                "method": "POST",
                "url": reference,
                "referenceId": "c",
                "body": {"LastName": "L", "AccountId": "@{a.id}"},
            },
            {"method": "GET", "url": f"{VERSION}/sobjects/Account/@{{a.id}}", "referenceId": "r"},
        ]
    }
    answers = call("POST", "composite", data=json.dumps(composite))["compositeResponse"]
    return {
        "create": [made[0]["success"], made[199]["errors"][0]["statusCode"]],
        "composite": [one["httpStatusCode"] for one in answers] + [answers[2]["body"]["Name"]],
        "delete": call("DELETE", "composite/sobjects", params={"ids": ",".join(ids)})[1]["success"],
    }


def main() -> None:
    sf = log_in()
    records = write_records(sf)
    report(
        {
            "changes": read_changes(sf, records.pop("id")),
            "records": records,
            "collections": use_collections(sf),
            "queries": query(sf),
            "describe": describe(sf),
            "refusals": {
                "required": refusal(lambda: sf.Account.create({"Phone": "1"})),
                "query": refusal(lambda: sf.query("SELECT Nmae FROM Account")),
                "unknown": refusal(lambda: sf.Nothing__c.get("001000000000001AAA")),
                "apex": refusal(lambda: sf.apexecute("anything", method="GET")),
            },
            "anonymous": sf.toolingexecute(
                "executeAnonymous", method="GET", params={"anonymousBody": "x"}
            )["compileProblem"],
        }
    )


if __name__ == "__main__":
    main()
