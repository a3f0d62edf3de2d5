"""What other people's projects have beyond ours, and the org holds all the same."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.org import Org
from sandbox.org.schema import FieldType
from tests.sandbox_metadata.foreign_files import a_field, a_formula, a_lookup, a_rule
from tests.sandbox_metadata.foreign_loading import PLACE, SITE, load, reasons
from tests.sandbox_metadata.project_paths import MAIN, xml


def test_fields_of_activities_are_fields_of_tasks_and_events(tmp_path: Path) -> None:
    schema = load(
        tmp_path,
        SITE,
        a_field("Activity.Channel__c", "Text", "<length>9</length>"),
        a_lookup("Activity.Site__c", "Site__c", "Activities"),
    )

    for name in ("Task", "Event"):
        assert {"Channel__c", "Site__c"} <= set(schema.objects[name].fields)
    named = [r.child for r in schema.children_of("Site__c") if r.name == "Activities__r"]
    assert named == ["Task"]
    assert reasons(schema) == {}


@pytest.mark.parametrize("kind", ["Hierarchy", "List"])
def test_a_custom_setting_has_its_own_name_and_no_owner(tmp_path: Path, kind: str) -> None:
    body = f"<customSettingsType>{kind}</customSettingsType><label>Limits</label>"
    schema = load(
        tmp_path,
        {f"{MAIN}/objects/Limits__c/Limits__c.object-meta.xml": xml("CustomObject", body)},
        a_field("Limits__c.Top__c", "Number", "<precision>9</precision><scale>0</scale>"),
    )

    fields = schema.objects["Limits__c"].fields
    assert fields["SetupOwnerId"].reference_to == ("Organization", "Profile", "User")
    assert fields["Name"].length == 38
    assert "OwnerId" not in fields
    assert "Top__c" in fields


def test_a_geolocation_is_held_by_its_latitude_and_its_longitude(tmp_path: Path) -> None:
    north = a_rule("Site__c.North", "Place__Latitude__s &lt; 0")
    org = Org(load(tmp_path, SITE, PLACE, north))
    admin = org.actor(str(org.find_user("admin@manufaktura.example")))
    site = org.schema.objects["Site__c"]
    here = {"Place__Latitude__s": Decimal("52.2296756"), "Place__Longitude__s": Decimal(21)}
    there = {"Place__Latitude__s": Decimal("-0.0000001")}

    org.insert(admin, "Site__c", {"Name": "Warsaw", **here})
    with pytest.raises(OrgError, match="refused"):
        org.insert(admin, "Site__c", {"Name": "South", **there})

    query = "SELECT Place__Latitude__s, Place__Longitude__s FROM Site__c"
    (row,) = org.query(admin, query).records
    assert {name: row[name] for name in here} == here
    halves = [site.fields[name] for name in ("Place__Latitude__s", "Place__Longitude__s")]
    assert [(f.type, f.precision, f.scale) for f in halves] == [(FieldType.NUMBER, 10, 7)] * 2
    assert [f.label for f in halves] == ["Place__c (Latitude)", "Place__c (Longitude)"]
    assert "Place__c" not in site.fields
    assert [rule.name for rule in site.validation_rules] == ["North"]


def test_a_summary_may_count_opportunities_of_an_account(tmp_path: Path) -> None:
    summary = (
        "<summaryForeignKey>Opportunity.AccountId</summaryForeignKey>"
        "<summaryOperation>count</summaryOperation>"
    )
    schema = load(tmp_path, a_field("Account.Deals__c", "Summary", summary))

    found = schema.objects["Account"].fields["Deals__c"].summary
    assert found is not None
    assert (found.child, found.lookup) == ("Opportunity", "AccountId")


def test_a_file_about_the_owner_of_a_custom_object_changes_it(tmp_path: Path) -> None:
    tracked = xml("CustomField", "<fullName>OwnerId</fullName><trackHistory>true</trackHistory>")
    schema = load(
        tmp_path,
        SITE,
        {f"{MAIN}/objects/Site__c/fields/OwnerId.field-meta.xml": tracked},
        a_formula("Site__c.Owned_By__c", "Text", "Owner:User.Alias"),
    )

    fields = schema.objects["Site__c"].fields
    assert fields["OwnerId"].track_history
    assert "Owned_By__c" in fields
    assert reasons(schema) == {}


LIMITS = {
    f"{MAIN}/objects/Limits__c/Limits__c.object-meta.xml": xml(
        "CustomObject", "<customSettingsType>Hierarchy</customSettingsType><label>Limits</label>"
    ),
    **a_field("Limits__c.Top__c", "Number", "<precision>9</precision><scale>0</scale>"),
    **a_field("Limits__c.Off__c", "Checkbox", "<defaultValue>false</defaultValue>"),
}


def test_a_rule_reads_the_setting_of_the_user_then_the_profile_then_the_org(
    tmp_path: Path,
) -> None:
    rule = "AND(NOT($Setup.Limits__c.Off__c), LEN(Name) &gt; $Setup.Limits__c.Top__c)"
    org = Org(load(tmp_path, SITE, LIMITS, a_rule("Site__c.Short", rule)))
    admin = org.actor(str(org.find_user("admin@manufaktura.example")))
    site = {"Name": "12345"}
    (user,) = org.query(admin, "SELECT Id, ProfileId FROM User LIMIT 1").records

    org.insert(admin, "Site__c", site)
    org.insert(admin, "Limits__c", {"SetupOwnerId": org.org_id, "Top__c": 3})
    with pytest.raises(OrgError, match="refused"):
        org.insert(admin, "Site__c", site)
    profile = org.insert(admin, "Limits__c", {"SetupOwnerId": str(user["ProfileId"]), "Top__c": 5})
    org.insert(admin, "Site__c", site)
    org.update(admin, "Limits__c", profile, {"Top__c": None})
    with pytest.raises(OrgError, match="refused"):
        org.insert(admin, "Site__c", site)
    org.insert(admin, "Limits__c", {"SetupOwnerId": admin.user_id, "Off__c": True})
    org.insert(admin, "Site__c", site)


def a_record_type(
    path: str, picklist: str, *escaped: str, default: str | None = None
) -> dict[str, str]:
    owner, name = path.split(".")
    values = "".join(
        f"<values><fullName>{value}</fullName>"
        f"<default>{str(value == default).lower()}</default></values>"
        for value in escaped
    )
    body = (
        f"<fullName>{name}</fullName><active>true</active><label>{name}</label>"
        f"<picklistValues><picklist>{picklist}</picklist>{values}</picklistValues>"
    )
    return {
        f"{MAIN}/objects/{owner}/recordTypes/{name}.recordType-meta.xml": xml("RecordType", body)
    }


def a_picklist(path: str, *values: str, default: str | None = None) -> dict[str, str]:
    listed = "".join(
        f"<value><fullName>{value}</fullName><default>{str(value == default).lower()}</default>"
        f"<label>{value}</label></value>"
        for value in values
    )
    definition = f"<valueSetDefinition><sorted>false</sorted>{listed}</valueSetDefinition>"
    return a_field(
        path, "Picklist", f"<valueSet><restricted>true</restricted>{definition}</valueSet>"
    )


def test_a_restricted_picklist_takes_what_the_record_type_offers(tmp_path: Path) -> None:
    org = Org(
        load(
            tmp_path,
            SITE,
            a_picklist("Site__c.Kind__c", "Yard", "R&amp;D", "Shop"),
            a_picklist("Site__c.Size__c", "S", "M"),
            a_record_type("Site__c.Plant", "Kind__c", "R%26D", "Yard"),
            a_record_type("Site__c.Store", "Kind__c", "Shop"),
        )
    )
    admin = org.actor(str(org.find_user("admin@manufaktura.example")))
    types = org.query(admin, "SELECT Id, DeveloperName FROM RecordType").records
    plant, store = (
        next(str(t["Id"]) for t in types if t["DeveloperName"] == name)
        for name in ("Plant", "Store")
    )

    site = org.insert(
        admin, "Site__c", {"Name": "a", "RecordTypeId": plant, "Kind__c": "R&D", "Size__c": "M"}
    )
    org.insert(admin, "Site__c", {"Name": "b", "Kind__c": "Shop"})
    with pytest.raises(OrgError, match="bad value for restricted picklist field: Shop"):
        org.update(admin, "Site__c", site, {"Kind__c": "Shop"})
    with pytest.raises(OrgError, match="Record Type ID: invalid cross reference id"):
        org.update(admin, "Site__c", site, {"Kind__c": "Yard", "RecordTypeId": admin.user_id})
    org.update(admin, "Site__c", site, {"Kind__c": "Shop", "RecordTypeId": store})

    rows = org.query(admin, "SELECT Kind__c FROM Site__c ORDER BY Name").records
    assert [row["Kind__c"] for row in rows] == ["Shop", "Shop"]


def test_a_record_type_gives_its_own_default_and_none_that_it_does_not_offer(
    tmp_path: Path,
) -> None:
    org = Org(
        load(
            tmp_path,
            SITE,
            a_picklist("Site__c.Kind__c", "Yard", "R&amp;D", "Shop", default="Yard"),
            a_record_type("Site__c.Lab", "Kind__c", "R%26D", "Yard", default="R%26D"),
            a_record_type("Site__c.Plant", "Kind__c", "R%26D", "Yard"),
            a_record_type("Site__c.Store", "Kind__c", "Shop"),
        )
    )
    admin = org.actor(str(org.find_user("admin@manufaktura.example")))
    types = org.query(admin, "SELECT Id, DeveloperName FROM RecordType").records
    ids = {str(row["DeveloperName"]): str(row["Id"]) for row in types}

    for name in ("Lab", "Plant", "Store"):
        org.insert(admin, "Site__c", {"Name": name, "RecordTypeId": ids[name]})
    org.insert(admin, "Site__c", {"Name": "Without"})

    rows = org.query(admin, "SELECT Name, Kind__c FROM Site__c ORDER BY Name").records
    assert [(row["Name"], row["Kind__c"]) for row in rows] == [
        ("Lab", "R&D"),
        ("Plant", "Yard"),
        ("Store", None),
        ("Without", "Yard"),
    ]


def test_a_formula_reads_a_custom_label(tmp_path: Path) -> None:
    labels = xml(
        "CustomLabels",
        "<labels><fullName>Hello</fullName><language>en_US</language><protected>false</protected>"
        "<shortDescription>x</shortDescription><value>Good day</value></labels>",
    )
    org = Org(
        load(
            tmp_path,
            SITE,
            {f"{MAIN}/labels/CustomLabels.labels-meta.xml": labels},
            a_formula("Site__c.Greeting__c", "Text", "$Label.Hello &amp; Name"),
        )
    )
    admin = org.actor(str(org.find_user("admin@manufaktura.example")))
    org.insert(admin, "Site__c", {"Name": "!"})

    (row,) = org.query(admin, "SELECT Greeting__c FROM Site__c").records
    assert row["Greeting__c"] == "Good day!"
