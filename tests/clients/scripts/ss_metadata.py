"""simple-salesforce's client of the Metadata API; the zip to deploy is its argument."""

from __future__ import annotations

import io
import sys
import zipfile
from typing import Any

from simple_salesforce.api import Salesforce

from tests.clients.scripts.shared import log_in, report


def deploy(sf: Salesforce, archive: str, **options: Any) -> list[Any]:
    started = sf.deploy(archive, **options)
    status = sf.checkDeployStatus(started["asyncId"])
    detail = status["deployment_detail"]
    return [started["state"], status["state"], detail["failed_count"], len(detail["errors"])]


def has_object(sf: Salesforce) -> bool:
    return "Order_Proposal__c" in {each["name"] for each in sf.describe()["sobjects"]}


def retrieve(sf: Salesforce) -> list[str]:
    wanted = {"CustomObject": ["Order_Proposal__c"]}
    retrieve_id, _ = sf.mdapi.retrieve("0", unpackaged=wanted)
    state, error, _, content = sf.mdapi.retrieve_zip(retrieve_id)
    return [state, error or "", *sorted(zipfile.ZipFile(io.BytesIO(content)).namelist())]


def list_rules(sf: Salesforce) -> list[str]:
    asked = sf.mdapi._client.get_type("ns0:ListMetadataQuery")(type="ValidationRule")
    found = sf.mdapi.list_metadata([asked])
    return [each.fullName for each in found if each.fullName.startswith("Order_Proposal__c.")]


def refuse_reading(sf: Salesforce) -> str:
    # zeep's Fault, which the client passes on: its module is no part of simple-salesforce.
    try:
        sf.mdapi.CustomObject.read(["Account"])
    except Exception as error:
        return str(error)
    return ""


def main() -> None:
    sf, archive = log_in(), sys.argv[1]
    seen: dict[str, Any] = {"before": has_object(sf)}
    seen["validated"] = deploy(sf, archive, sandbox=True, checkOnly=True)
    seen["after validation"] = has_object(sf)
    seen["deployed"] = deploy(sf, archive, sandbox=False)
    seen["after"] = has_object(sf)
    seen["retrieved"] = retrieve(sf)
    seen["listed"] = list_rules(sf)
    kinds = {each.xmlName for each in sf.mdapi.describe_metadata().metadataObjects}
    seen["described"] = {"CustomObject", "PermissionSet"} <= kinds
    seen["read"] = refuse_reading(sf)
    report(seen)


if __name__ == "__main__":
    main()
