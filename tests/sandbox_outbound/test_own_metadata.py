"""The messages that this project deploys."""

from __future__ import annotations

import json

import pytest

from sandbox.server import LocalOrgServer
from tests.conftest import ROOT

FOLDER = ROOT / "salesforce"


@pytest.mark.parametrize(
    "name", ["Order.Order_Changed", "Order_Proposal__c.Order_Proposal_Changed"]
)
def test_every_create_and_update_sends_the_message(org: LocalOrgServer, name: str) -> None:
    schema = org.org.schema

    (trigger,) = [trigger for trigger in schema.triggers if name in trigger.messages]

    assert (trigger.on_create, trigger.on_update, trigger.only_when_newly_met) == (
        True,
        True,
        False,
    )
    assert (trigger.items, trigger.formula) == ((), None)
    assert schema.outbound_messages[name].fields[0] == "Id"
    assert "SystemModstamp" in schema.outbound_messages[name].fields


def test_the_cli_replaces_address_and_user_in_every_workflow_file() -> None:
    project = json.loads((FOLDER / "sfdx-project.json").read_text())
    files = sorted(FOLDER.glob("force-app/main/default/workflows/*"))

    replaced = {
        (path.name, rule["replaceWithEnv"])
        for rule in project["replacements"]
        for path in FOLDER.glob(rule["glob"])
        if rule["stringToReplace"] in path.read_text()
    }

    assert len(files) == 2
    assert replaced == {
        (path.name, variable)
        for path in files
        for variable in ("OUTBOUND_ENDPOINT", "OUTBOUND_USER")
    }
