"""Other people's projects load: what this org has not is listed, and what needs it goes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.metadata import MetadataError, check_folder
from tests.sandbox_metadata.foreign_files import (
    a_field,
    a_formula,
    a_lookup,
    a_permission_set,
    a_rule,
    an_object,
)
from tests.sandbox_metadata.foreign_loading import NO_LOCATION, PLACE, SITE, load, reasons
from tests.sandbox_metadata.project_files import write_project
from tests.sandbox_metadata.project_paths import MAIN, xml


def test_a_formula_on_what_is_missing_goes_with_it_and_so_does_what_uses_the_formula(
    tmp_path: Path,
) -> None:
    schema = load(
        tmp_path,
        SITE,
        PLACE,
        a_formula("Site__c.Away__c", "Number", "DISTANCE(Place__c, GEOLOCATION(1, 2), 'km')"),
        a_formula("Site__c.Far__c", "Checkbox", "Away__c &gt; 100"),
        a_formula("Site__c.Twice__c", "Number", "LEN(Name) * 2"),
        a_rule("Site__c.Not_Far", "Far__c"),
        a_rule("Site__c.Short", "LEN(Name) &lt; 2"),
    )

    assert reasons(schema) == {
        "Site__c.Place__c": NO_LOCATION,
        "Site__c.Away__c": NO_LOCATION,
        "Site__c.Far__c": NO_LOCATION,
        "Site__c.Not_Far": f"it is not enforced: {NO_LOCATION}",
    }
    site = schema.objects["Site__c"]
    assert {"Twice__c"} == {name for name in site.fields if name.endswith("__c")}
    assert [rule.name for rule in site.validation_rules] == ["Short"]


def test_the_file_of_what_is_listed_is_named(tmp_path: Path) -> None:
    schema = load(tmp_path, SITE, PLACE)

    (place,) = (u for u in schema.unsupported if u.name == "Site__c.Place__c")
    assert place.kind == "CustomField"
    assert place.file == str(tmp_path / MAIN / "objects/Site__c/fields/Place__c.field-meta.xml")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("Quote", "it leads to Quote: Quote is not among the standard objects of the local org"),
        (
            "pkg__Deal__c",
            (
                "it leads to pkg__Deal__c: pkg__Deal__c belongs to the package pkg, "
                "which is not installed here"
            ),
        ),
        ("Note__mdt", "it leads to Note__mdt: custom metadata types are not supported"),
    ],
)
def test_a_lookup_to_an_object_that_is_not_here_is_listed(
    tmp_path: Path, target: str, reason: str
) -> None:
    schema = load(
        tmp_path,
        SITE,
        a_lookup("Site__c.Other__c", target),
        a_formula("Site__c.Other_Name__c", "Text", "Other__r.Name"),
    )

    assert reasons(schema) == {"Site__c.Other__c": reason, "Site__c.Other_Name__c": reason}
    assert "Other__c" not in schema.objects["Site__c"].fields


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("$Setup.Limits__c.Top__c", "there is no custom setting Limits__c here"),
        ("LEN($Api.Session_ID)", "$Api has no values here"),
        ("LEN($CustomMetadata.Rate__mdt.One.Label)", "$CustomMetadata has no values here"),
        (
            "pkg__Score__c + 1",
            "pkg__Score__c belongs to the package pkg, which is not installed here",
        ),
    ],
)
def test_a_formula_on_values_that_are_not_here_is_listed(
    tmp_path: Path, formula: str, reason: str
) -> None:
    schema = load(tmp_path, SITE, a_formula("Site__c.Value__c", "Number", formula))

    assert reasons(schema) == {"Site__c.Value__c": reason}


def test_a_default_or_filter_on_what_is_not_here_is_left_out_and_its_field_stays(
    tmp_path: Path,
) -> None:
    filtered = (
        "<lookupFilter><active>true</active><filterItems><field>Site__c.Place__c</field>"
        "<operation>equals</operation><value>x</value></filterItems>"
        "<isOptional>false</isOptional></lookupFilter><referenceTo>Site__c</referenceTo>"
        "<relationshipName>Sites</relationshipName>"
    )
    default = "<defaultValue>$Setup.Limits__c.Top__c</defaultValue><precision>9</precision>"
    schema = load(
        tmp_path,
        SITE,
        PLACE,
        a_field("Site__c.Near__c", "Lookup", filtered),
        a_field("Site__c.Top__c", "Number", default),
    )

    assert reasons(schema) == {
        "Site__c.Place__c": NO_LOCATION,
        "Site__c.Near__c": f"its lookup filter is not enforced: {NO_LOCATION}",
        "Site__c.Top__c": "its default is left out: there is no custom setting Limits__c here",
    }
    fields = schema.objects["Site__c"].fields
    assert fields["Near__c"].lookup_filter is None
    assert fields["Top__c"].default is None


def test_objects_of_other_kinds_and_of_packages_are_listed_with_their_fields(
    tmp_path: Path,
) -> None:
    text = "<length>9</length>"
    event = xml("CustomObject", "<label>Alarm</label><pluralLabel>Alarms</pluralLabel>")
    schema = load(
        tmp_path,
        {f"{MAIN}/objects/Alarm__e/Alarm__e.object-meta.xml": event},
        {
            f"{MAIN}/objects/pkg__Deal__c/pkg__Deal__c.object-meta.xml": xml(
                "CustomObject", "<enableFeeds>false</enableFeeds>"
            )
        },
        a_field("Alarm__e.Code__c", "Text", text),
        a_field("pkg__Deal__c.Code__c", "Text", text),
        a_field("Asset.Code__c", "Text", text),
        a_rule("Asset.Coded", "LEN(Name) &lt; 2"),
    )

    package = "pkg__Deal__c belongs to the package pkg, which is not installed here"
    asset = "Asset is not among the standard objects of the local org"
    assert reasons(schema) == {
        "Alarm__e": "platform events are not supported",
        "Alarm__e.Code__c": "platform events are not supported",
        "pkg__Deal__c": package,
        "pkg__Deal__c.Code__c": package,
        "Asset.Code__c": asset,
        "Asset.Coded": asset,
    }


def test_a_misspelt_standard_object_is_still_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="object Acount does not exist"):
        load(tmp_path, a_field("Acount.Code__c", "Text", "<length>9</length>"))


def test_files_that_are_no_component_are_listed_and_bundles_hold_what_they_like(
    tmp_path: Path,
) -> None:
    schema = load(
        tmp_path,
        SITE,
        {
            f"{MAIN}/odd/One.oddity-meta.xml": xml("Oddity", ""),
            f"{MAIN}/notes.xml": "<a/>",
            f"{MAIN}/staticresources/map/data.xml": "<a/>",
            f"{MAIN}/aura/map/map.app-meta.xml": xml("AuraDefinitionBundle", ""),
        },
    )

    assert reasons(schema) == {
        "One.oddity-meta.xml": "metadata suffix .oddity-meta.xml is unknown; correct the file name",
        "notes.xml": "does not end in -meta.xml, so the CLI ignores it; rename or remove it",
    }
    assert ("AuraDefinitionBundle", "map") in {(u.kind, u.name) for u in schema.unsupported}


def test_grants_on_what_is_not_here_are_listed_and_the_others_hold(tmp_path: Path) -> None:
    grants = (
        "<fieldPermissions><editable>true</editable><field>Site__c.Area__c</field>"
        "<readable>true</readable></fieldPermissions>"
        "<fieldPermissions><editable>false</editable><field>Site__c.Place__c</field>"
        "<readable>true</readable></fieldPermissions>"
        "<fieldPermissions><editable>false</editable><field>Lead.CleanStatus</field>"
        "<readable>true</readable></fieldPermissions>"
        "<objectPermissions><allowCreate>false</allowCreate><allowDelete>false</allowDelete>"
        "<allowEdit>false</allowEdit><allowRead>true</allowRead>"
        "<modifyAllRecords>false</modifyAllRecords><object>Asset</object>"
        "<viewAllRecords>false</viewAllRecords></objectPermissions>"
    )
    schema = load(
        tmp_path,
        SITE,
        PLACE,
        a_field("Site__c.Area__c", "Number", "<precision>9</precision><scale>0</scale>"),
        a_permission_set(grants),
    )

    assert reasons(schema)["Visitors"] == (
        "grants on what is not here do nothing: Asset, Lead.CleanStatus"
    )
    granted = schema.permission_sets["Visitors"].fields
    assert granted["Site__c.Area__c"] == frozenset({"read", "edit"})
    assert granted["Site__c.Place__c"] == frozenset({"read"})


def test_a_rule_may_compare_a_standard_picklist_with_values_of_another_org(tmp_path: Path) -> None:
    schema = load(tmp_path, a_rule("Lead.Warm", 'ISPICKVAL(Status, "Lukewarm")'))

    assert [rule.name for rule in schema.objects["Lead"].validation_rules] == ["Warm"]


def test_a_rule_may_not_compare_a_picklist_with_values_that_its_project_lacks(
    tmp_path: Path,
) -> None:
    values = (
        "<sorted>false</sorted><standardValue><fullName>Open</fullName><default>true</default>"
        "<label>Open</label></standardValue>"
    )
    brought = {
        f"{MAIN}/standardValueSets/LeadStatus.standardValueSet-meta.xml": xml(
            "StandardValueSet", values
        )
    }

    with pytest.raises(MetadataError, match="Status has no value 'Lukewarm'"):
        load(tmp_path, brought, a_rule("Lead.Warm", 'ISPICKVAL(Status, "Lukewarm")'))


def test_a_summary_of_what_is_missing_is_listed(tmp_path: Path) -> None:
    master = (
        "<referenceTo>Site__c</referenceTo><relationshipName>Visits</relationshipName>"
        "<relationshipOrder>0</relationshipOrder>"
    )
    summary = (
        "<summarizedField>Visit__c.Fare__c</summarizedField>"
        "<summaryForeignKey>Visit__c.Site__c</summaryForeignKey>"
        "<summaryOperation>sum</summaryOperation>"
    )
    schema = load(
        tmp_path,
        SITE,
        an_object("Visit__c"),
        a_field("Visit__c.Site__c", "MasterDetail", master),
        a_formula("Visit__c.Fare__c", "Number", "$Setup.Limits__c.Top__c"),
        a_field("Site__c.Fares__c", "Summary", summary),
        a_formula("Site__c.Dear__c", "Checkbox", "Fares__c &gt; 100"),
    )

    reason = "there is no custom setting Limits__c here"
    assert reasons(schema) == {
        "Visit__c.Fare__c": reason,
        "Site__c.Fares__c": reason,
        "Site__c.Dear__c": reason,
    }


def test_a_formula_on_a_standard_field_that_is_not_here_is_listed(tmp_path: Path) -> None:
    schema = load(tmp_path, a_formula("Account.Person__c", "Checkbox", "IsPersonAccount"))

    assert reasons(schema) == {
        "Account.Person__c": "Account.IsPersonAccount is not among the fields of the local org"
    }


def test_the_gate_still_refuses_what_is_not_here(tmp_path: Path) -> None:
    write_project(tmp_path, {**SITE, **a_lookup("Site__c.Quote__c", "Quote")})

    assert any(
        "referenceTo Quote of Site__c.Quote__c is no object" in problem.message
        for problem in check_folder(tmp_path / "force-app")
    )
