"""simple-salesforce's two clients of the bulk APIs."""

from __future__ import annotations

import csv
import io
import tempfile
from typing import Any

from simple_salesforce.api import Salesforce

from tests.clients.scripts.shared import log_in, refusal, report

WAIT_S = 0.05
KEY = "External_Id__c"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def first_api(sf: Salesforce) -> dict[str, Any]:
    api = sf.bulk.Account
    made = api.insert([{"Name": "A", KEY: "A"}, {"Name": "B", "Phone": None}, {"Phone": "1"}])
    a, b = (row["id"] for row in made[:2])
    upserted = api.upsert([{"Name": "A", KEY: "A"}, {"Name": "C", KEY: "C"}], KEY)
    updated = api.update([{"Id": a, "Phone": "+48 2"}], include_detailed_results=True)
    soql = "SELECT Id, Name FROM Account ORDER BY Name"
    return {
        "insert": [row["success"] for row in made],
        "error": made[2]["errors"][0]["statusCode"],
        "upsert": [[row["success"], row["created"]] for row in upserted],
        "update": [row["success"] for row in updated],
        "detailed": updated[0]["Phone"],
        "query": [row["Name"] for row in api.query(soql, wait=WAIT_S)],
        "delete": [row["success"] for row in api.delete([{"Id": a}])],
        "query_all": len(api.query_all(soql, wait=WAIT_S)),
        "hard delete": [row["success"] for row in api.hard_delete([{"Id": b}])],
    }


def second_api(sf: Salesforce) -> dict[str, Any]:
    api = sf.bulk2.Account
    records = [{"Name": f"N{n:03}", KEY: f"N{n:03}", "Phone": "1"} for n in range(449)]
    inserted = api.insert(records=[*records, {"Name": "", KEY: "X", "Phone": "1"}], wait=WAIT_S)
    job = inserted[0]["job_id"]
    failed = rows(api.get_failed_records(job))
    counts = [(j["numberRecordsProcessed"], j["numberRecordsFailed"]) for j in inserted]
    upserted = api.upsert(
        records=[{"Name": "N448", KEY: "N448"}, {"Name": "N449", KEY: "N449"}],
        external_id_field=KEY,
        wait=WAIT_S,
    )
    changed = rows(api.get_successful_records(upserted[0]["job_id"]))
    updated = api.update(records=[{"Id": changed[0]["sf__Id"], "Phone": "2"}], wait=WAIT_S)
    files = [
        len(rows(read(job)))
        for read in (
            api.get_successful_records,
            api.get_failed_records,
            api.get_unprocessed_records,
        )
    ]
    seen = {
        "insert": counts,
        "files": files,
        "error": failed[0]["sf__Error"],
        "upsert": [row["sf__Created"] for row in changed],
        "update": figures(updated),
    }
    return seen | read_and_delete(sf)


def read_and_delete(sf: Salesforce) -> dict[str, Any]:
    api = sf.bulk2.Account
    soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'N%' ORDER BY Name"
    pages = [rows(page) for page in api.query(soql, max_records=200, wait=WAIT_S)]
    ids = [{"Id": row["Id"]} for page in pages for row in page]
    with tempfile.TemporaryDirectory() as folder:
        files = api.download(soql, path=folder, max_records=1000, wait=WAIT_S)
    return {
        "pages": [len(page) for page in pages],
        "query_all": sum(len(rows(page)) for page in api.query_all(soql, wait=WAIT_S)),
        "downloaded": sum(file["number_of_records"] for file in files),
        "delete": figures(api.delete(records=ids[:449], wait=WAIT_S)),
        "hard delete": figures(api.hard_delete(records=ids[449:], wait=WAIT_S)),
        "aborted": abort(sf),
        "refused": refusal(lambda: list(api.query("SELECT COUNT() FROM Account", wait=WAIT_S))),
    }


def abort(sf: Salesforce) -> str:
    path = "jobs/ingest"
    job = sf.restful(path, method="POST", json={"object": "Account", "operation": "insert"})
    sf.restful(f"{path}/{job['id']}", method="PATCH", json={"state": "Aborted"})
    state = str(sf.restful(f"{path}/{job['id']}")["state"])
    sf.restful(f"{path}/{job['id']}", method="DELETE")
    return state


def figures(jobs: list[dict[str, Any]]) -> list[list[int]]:
    return [[job["numberRecordsProcessed"], job["numberRecordsFailed"]] for job in jobs]


def main() -> None:
    sf = log_in()
    report({"first api": first_api(sf), "second api": second_api(sf)})


if __name__ == "__main__":
    main()
