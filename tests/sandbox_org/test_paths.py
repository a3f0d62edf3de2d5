from __future__ import annotations

import pytest

from sandbox.org.paths import resolve_path
from tests.sandbox_org.builders import a_schema

SCHEMA = a_schema()
PROPOSAL = SCHEMA.objects["Proposal__c"]

KNOWN = [
    ("price__C", "", [], "Price__c"),
    ("Deal__r.Name", "", ["Deal__c"], "Name"),
    ("deal__R.account__R.owner.alias", "", ["Deal__c", "AccountId__c", "OwnerId"], "Alias"),
    ("Owner:User.Alias", "", ["OwnerId"], "Alias"),
    ("Owner:Group.Email", "", ["OwnerId"], "Email"),
    ("CreatedBy.Profile.Name", "", ["CreatedById", "ProfileId"], "Name"),
    ("$User.Profile.Name", "$user", ["ProfileId"], "Name"),
    ("$Profile.Name", "$profile", [], "Name"),
    ("$Organization.TimeZoneSidKey", "$organization", [], "TimeZoneSidKey"),
    ("$RecordType.DeveloperName", "$recordtype", [], "DeveloperName"),
    ("$Permission.bypass", "$permission", [], "Bypass"),
]


@pytest.mark.parametrize(("path", "start", "steps", "field"), KNOWN, ids=[k[0] for k in KNOWN])
def test_a_path_leads_to_its_field(path: str, start: str, steps: list[str], field: str) -> None:
    found = resolve_path(SCHEMA, PROPOSAL, tuple(path.split(".")))

    assert found is not None
    assert (found.start, [step.name for step in found.steps]) == (start, steps)
    assert found.field.name == field


@pytest.mark.parametrize(
    "path",
    [
        "Colour__c",
        "Deal__c.Name",
        "Offer__r.Name",
        "Deal__r",
        "Owner:Deal__c.Name",
        "$User",
        "$Permission.Fly",
        "$Permission",
        "$Setup.X__c.Y__c",
        ".".join(["Deal__r"] + ["Parent__r"] * 10 + ["Name"]),
    ],
)
def test_a_path_that_leads_nowhere_is_unknown(path: str) -> None:
    assert resolve_path(SCHEMA, PROPOSAL, tuple(path.split("."))) is None
