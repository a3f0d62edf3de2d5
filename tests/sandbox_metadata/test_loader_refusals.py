"""What loading refuses: every reference to nothing, told with file, line and remedy."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.metadata import MetadataError, check_folder, load_schema
from tests.sandbox_metadata import project_paths as files
from tests.sandbox_metadata.project_files import FILES, write_project
from tests.sandbox_metadata.project_paths import MAIN, field_file, xml


def _refusal(folder: Path, changes: dict[str, str]) -> list[str]:
    write_project(folder, {**FILES, **changes})
    with pytest.raises(MetadataError) as caught:
        load_schema([folder])
    return [str(p).removeprefix(f"{folder}/{MAIN}/") for p in caught.value.problems]


def test_every_problem_is_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    broken = {
        files.ORDER_RULE: FILES[files.ORDER_RULE].replace("</ValidationRule>\n", ""),
        field_file("Fee__c"): FILES[field_file("Fee__c")].replace("<precision>", "<prec>", 1),
        files.TAB: FILES[files.TAB].replace("soap.sforce.com", "example.com"),
    }

    found = _refusal(tmp_path, broken)

    assert [line.partition(" ")[0] for line in found] == [
        "objects/Inspection__c/fields/Fee__c.field-meta.xml:7:",
        "objects/Order/validationRules/Checked_Needs_Inspection.validationRule-meta.xml:14:",
        "tabs/Inspection__c.tab-meta.xml:1:",
    ]


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        (
            files.ORDER_RULE,
            "ISCHANGED(Status)",
            "ISCHANGED(Statsu)",
            "Checked_Needs_Inspection: the formula is not valid: Field Statsu",
        ),
        (files.ORDER_RULE, "NOT($", "NOTE($", "the formula is not valid: Unknown function NOTE"),
        (
            files.ORDER_RULE,
            "&quot;CHECKED&quot;",
            "&quot;CHECKD&quot;",
            "Status has no value 'CHECKD' (did you mean CHECKED?); it has Draft, CHECKED",
        ),
        (
            field_file("Order__c"),
            "<referenceTo>Order<",
            "<referenceTo>Room__c<",
            "referenceTo Room__c of Inspection__c.Order__c is no object; correct it or add",
        ),
        (
            files.ORDER_INSPECTION,
            "$Source.Id",
            "$Source.Nothing__c",
            "lookup filter of Order.Inspection__c: valueField $Source.Nothing__c does not exist",
        ),
        (
            files.PERMISSIONS,
            "Inspection__c.Notes__c",
            "Inspection__c.Note__c",
            "field Inspection__c.Note__c does not exist (did you mean Notes__c?); correct it",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused(
    tmp_path: Path, path: str, old: str, new: str, expected: str
) -> None:
    found = _refusal(tmp_path, {path: FILES[path].replace(old, new, 1)})

    assert len(found) == 1
    assert expected in found[0]


def test_a_field_of_an_object_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = f"{MAIN}/objects/Room__c/fields/Urgent__c.field-meta.xml"

    found = _refusal(tmp_path, {path: FILES[field_file("Urgent__c")]})

    assert found == [
        (
            "objects/Room__c/fields/Urgent__c.field-meta.xml:2: object Room__c does not exist: add "
            "objects/Room__c/Room__c.object-meta.xml"
        )
    ]


def test_a_misspelt_standard_field_is_refused(tmp_path: Path) -> None:
    path = f"{files.ORDER_FIELDS}/Statsu.field-meta.xml"
    content = xml("CustomField", "    <fullName>Statsu</fullName>\n    <type>Picklist</type>")

    found = _refusal(tmp_path, {path: content})

    assert found == [
        (
            "objects/Order/fields/Statsu.field-meta.xml:2: field Order.Statsu is neither custom "
            "(…__c) nor a standard field of Order here; correct the name"
        )
    ]


def test_a_missing_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match=r"nowhere:1: is not a folder; give an SFDX project"):
        load_schema([tmp_path / "nowhere"])


def test_a_project_file_without_directories_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sfdx-project.json").write_text("{}", encoding="utf-8")

    with pytest.raises(MetadataError, match="it needs packageDirectories with paths"):
        load_schema([tmp_path])


def test_a_package_directory_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    text = '{"packageDirectories": [{"path": "gone"}]}'
    (tmp_path / "sfdx-project.json").write_text(text, encoding="utf-8")

    with pytest.raises(MetadataError, match="package directory gone does not exist; create it"):
        load_schema([tmp_path])


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_loaded_and_never_crashes(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(name for name in FILES if name.endswith(".xml"))))
    content = FILES[path]
    start = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(0, 60))
    junk = data.draw(st.sampled_from(["", "9", "-1", "&amp;", "<x/>", "true", "__c", "."]))
    write_project(tmp_path, {**FILES, path: content[:start] + junk + content[start + length :]})

    check_folder(tmp_path)
    with suppress(MetadataError):
        load_schema([tmp_path])
