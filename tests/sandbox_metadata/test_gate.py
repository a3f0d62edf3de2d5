"""The metadata gate: silent on a good project, exact about every single mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.metadata import check_folder, main
from sandbox.metadata.builder import build_schema
from sandbox.metadata.checks import table
from sandbox.metadata.checks.context import CheckContext
from sandbox.metadata.loader import shape_problems
from sandbox.metadata.project import read_project
from sandbox.org.schema import Schema
from tests.sandbox_metadata import project_paths as files
from tests.sandbox_metadata.project_files import FILES, write_project
from tests.sandbox_metadata.project_paths import MAIN, field_file

_ROOT = Path(__file__).parents[2]
_MUTATIONS = json.loads(Path(__file__).with_name("mutations.json").read_text(encoding="utf-8"))


def _full(path: str) -> str:
    return path.replace("~/", f"{MAIN}/", 1)


def _problems(folder: Path) -> list[str]:
    """The gate's lines with paths relative to the project, `~` for the source folder."""
    prefix = f"{folder}/"
    lines = (str(problem).removeprefix(prefix) for problem in check_folder(folder))
    return [line.replace(f"{MAIN}/", "~/", 1) for line in lines]


def _problems_after(folder: Path, path: str, old: str, new: str) -> list[str]:
    content = FILES[path]
    assert old in content, f"the small project has no {old!r} in {path}"
    write_project(folder, {**FILES, path: content.replace(old, new, 1)})
    return _problems(folder)


def _matches(found: str, expected: str) -> bool:
    # An ending … stands for the formula engine's own words, which its tests pin down.
    return found.startswith(expected[:-1]) if expected.endswith("…") else found == expected


def test_a_good_project_has_no_problems(tmp_path: Path) -> None:
    assert _problems(write_project(tmp_path)) == []


@pytest.mark.parametrize("mutation", _MUTATIONS, ids=lambda m: m["case"])
def test_a_single_mistake_is_reported_exactly(tmp_path: Path, mutation: dict[str, object]) -> None:
    path, old, new = (str(mutation[key]) for key in ("file", "old", "new"))

    found = _problems_after(tmp_path, _full(path), old, new)

    expected = mutation["expected"]
    assert isinstance(expected, list)
    assert len(found) == len(expected), found
    assert all(_matches(line, wanted) for line, wanted in zip(found, expected, strict=True)), found


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (
            files.ORDER_RULE,
            "Have the order inspected first.",
            "x" * 256,
            "13: errorMessage is 256 characters long; at most 255 are allowed, shorten it",
        ),
        (
            field_file("Fee__c"),
            "<label>Fee",
            "<label>" + "x" * 41,
            "6: label is 41 characters long; at most 40 are allowed, shorten it",
        ),
    ],
    ids=["message", "label"],
)
def test_a_text_that_is_too_long_is_reported(
    tmp_path: Path, path: str, old: str, new: str, message: str
) -> None:
    assert _problems_after(tmp_path, path, old, new) == [
        f"{path.replace(f'{MAIN}/', '~/', 1)}:{message}"
    ]


def test_an_error_message_of_exactly_255_characters_is_fine(tmp_path: Path) -> None:
    old = "Have the order inspected first."

    assert _problems_after(tmp_path, files.ORDER_RULE, old, "x" * 255) == []


def test_a_file_in_the_wrong_directory_is_reported(tmp_path: Path) -> None:
    moved = dict(FILES)
    wrong = f"{MAIN}/objects/Inspection__c/validationRules/Notes__c.field-meta.xml"
    moved[wrong] = moved.pop(field_file("Notes__c"))
    write_project(tmp_path, moved)

    assert _problems(tmp_path) == [
        (
            "~/objects/Inspection__c/validationRules/Notes__c.field-meta.xml:2: a .field file "
            "belongs in objects/<Object>/fields/; move it there"
        )
    ]


def test_an_unknown_suffix_is_reported(tmp_path: Path) -> None:
    write_project(tmp_path, {**FILES, f"{MAIN}/tabs/X.tabb-meta.xml": "<x/>"})

    assert _problems(tmp_path) == [
        "~/tabs/X.tabb-meta.xml:1: metadata suffix .tabb-meta.xml is unknown; correct the file name"
    ]


def test_xml_without_the_metadata_ending_is_reported(tmp_path: Path) -> None:
    write_project(tmp_path, {**FILES, f"{MAIN}/tabs/X.tab.xml": "<x/>"})

    assert _problems(tmp_path) == [
        "~/tabs/X.tab.xml:1: does not end in -meta.xml, so the CLI ignores it; rename or remove it"
    ]


def test_two_lookups_of_one_parent_may_not_share_a_relationship_name(tmp_path: Path) -> None:
    second = FILES[files.ORDER_INSPECTION].replace(
        "Inspection__c</fullName>", "Again__c</fullName>"
    )
    path = f"{files.ORDER_FIELDS}/Again__c.field-meta.xml"
    write_project(tmp_path, {**FILES, path: second})

    assert (
        "~/objects/Order/fields/Inspection__c.field-meta.xml:24: relationshipName Orders of "
        "Order.Inspection__c is already used on Inspection__c by Order.Again__c; choose another"
    ) in _problems(tmp_path)


def test_a_component_defined_twice_is_reported(tmp_path: Path) -> None:
    copy = f"{MAIN}/extra/customPermissions/skip_checks.customPermission-meta.xml"
    write_project(tmp_path, {**FILES, copy: FILES[files.SKIP]})

    found = [line for line in _problems(tmp_path) if "also defined" in line]

    assert found == [
        (
            f"~/extra/customPermissions/skip_checks.customPermission-meta.xml:2: skip_checks is "
            f"also defined in {tmp_path / files.SKIP}; keep one"
        )
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("1st__c", "1st__c is not an API name"),
        ("Two__Parts__c", "Two__Parts__c is not an API name"),
        ("Ends___c", "Ends___c is not an API name"),
        ("A" * 41 + "__c", f"{'A' * 41}__c is 41 characters long; an API name has at most 40"),
    ],
)
def test_a_bad_api_name_is_reported(tmp_path: Path, name: str, reason: str) -> None:
    content = FILES[field_file("Urgent__c")].replace("Urgent__c<", f"{name}<")
    write_project(tmp_path, {**FILES, field_file(name): content})

    assert any(f"{name}.field-meta.xml:2: {reason}" in line for line in _problems(tmp_path))


def test_more_than_five_required_lookup_filters_are_reported(tmp_path: Path) -> None:
    extra = {
        f"{files.ORDER_FIELDS}/Look{n}__c.field-meta.xml": FILES[files.ORDER_INSPECTION]
        .replace("Inspection__c</fullName>", f"Look{n}__c</fullName>")
        .replace("Orders</rel", f"Orders{n}</rel")
        for n in range(5)
    }
    write_project(tmp_path, {**FILES, **extra})

    found = [line for line in _problems(tmp_path) if "lookup filters" in line]

    assert found == [
        (
            "~/objects/Order/fields/Look4__c.field-meta.xml:8: Order has more than 5 required "
            "lookup filters; make this one optional"
        )
    ]


def test_more_than_twenty_tracked_fields_are_reported(tmp_path: Path) -> None:
    extra = {
        field_file(f"Tracked{n}__c"): FILES[field_file("Fee__c")].replace(
            "Fee__c<", f"Tracked{n}__c<"
        )
        for n in range(20)
    }
    write_project(tmp_path, {**FILES, **extra})

    found = [line for line in _problems(tmp_path) if "tracks" in line]

    assert found == [
        (
            "~/objects/Inspection__c/Inspection__c.object-meta.xml:2: Inspection__c tracks 21 "
            "fields; at most 20 can be tracked"
        )
    ]


def test_an_external_entity_is_neither_read_nor_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not print me", encoding="utf-8")
    doctype = f'<!DOCTYPE x [<!ENTITY leak SYSTEM "file://{secret}">]>\n<CustomPermission'
    folder = tmp_path / "project"
    attack = FILES[files.SKIP].replace("<CustomPermission", doctype, 1)
    attack = attack.replace("Skip Checks<", "&leak;<")
    write_project(folder, {**FILES, files.SKIP: attack})

    found = _problems(folder)

    assert found == [
        (
            "~/customPermissions/Skip_Checks.customPermission-meta.xml:1: a DOCTYPE is not "
            "allowed in metadata; remove it"
        )
    ]


def test_a_hundred_mistakes_are_all_told_at_once(tmp_path: Path) -> None:
    extra = {
        field_file(f"Plain{n}__c"): files.xml(
            "CustomField", f"    <fullName>Plain{n}__c</fullName>"
        )
        for n in range(100)
    }
    write_project(tmp_path, {**FILES, **extra})

    assert sum("has no type; add <type>" in line for line in _problems(tmp_path)) == 100


def test_the_command_prints_lines_and_a_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_project(tmp_path)

    assert main(tmp_path) == 0
    assert capsys.readouterr().out == f"{len(FILES) - 2} files checked, 0 problems\n"


def test_the_command_fails_with_1_and_prints_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_project(tmp_path, {**FILES, files.TAB: FILES[files.TAB].replace("</CustomTab>\n", "")})

    assert main(tmp_path, json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["files"] == len(FILES) - 2
    assert [(p["file"], p["line"]) for p in report["problems"]] == [(str(tmp_path / files.TAB), 5)]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "is not a folder; give an SFDX project or a source folder"),
        (
            "empty",
            (
                "holds no metadata (no file ends in -meta.xml); "
                "give an SFDX project or a source folder"
            ),
        ),
    ],
)
def test_a_folder_without_metadata_fails_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    folder = tmp_path / name

    assert main(folder) == 2
    assert capsys.readouterr().out == f"{folder}:1: {message}\n0 files checked, 1 problems\n"


def test_every_check_has_a_name_of_its_own_and_known_kinds() -> None:
    names = [row.name for row in table.COMPONENT_CHECKS] + list(table.PROJECT_CHECKS)

    assert len(names) == len(set(names))
    assert {kind for row in table.COMPONENT_CHECKS for kind in row.kinds} <= set(table.KINDS)


#: Checks whose tests stand alone, because one edit of one file does not trip them.
_TESTED_ALONE = {
    "API name",
    "file in its directory",
    "history limit",
    "layout object",
    "lookup filter limit",
    "relationship names",
    "tab",
    "text limits",
    "unique names",
    "workflow object",
}


def test_every_other_check_is_tripped_by_some_mutation(tmp_path: Path) -> None:
    tripped: set[str] = set()
    for number, mutation in enumerate(_MUTATIONS):
        path = _full(mutation["file"])
        content = FILES[path].replace(mutation["old"], mutation["new"], 1)
        folder = write_project(tmp_path / str(number), {**FILES, path: content})
        project = read_project([folder])
        if any(any(shape_problems(c, any_order=True)) for c in project.components):
            continue
        context = CheckContext(project, build_schema(project)[0])
        tripped |= {
            row.name
            for row in table.COMPONENT_CHECKS
            for component in project.components
            if (not row.kinds or component.kind.suffix in row.kinds)
            and any(row.check(context, component))
        }
        tripped |= {name for name, check in table.PROJECT_CHECKS.items() if any(check(context))}

    every = {row.name for row in table.COMPONENT_CHECKS} | set(table.PROJECT_CHECKS)
    assert every - tripped == _TESTED_ALONE


def test_a_layout_named_for_no_object_is_reported(tmp_path: Path) -> None:
    path = f"{MAIN}/layouts/Orders-Order Layout.layout-meta.xml"
    write_project(tmp_path, {**FILES, path: FILES[files.ORDER_LAYOUT]})

    assert (
        "~/layouts/Orders-Order Layout.layout-meta.xml:2: layout Orders-Order Layout is named for "
        "no object; a file is called <Object>-<Layout name>"
    ) in _problems(tmp_path)


def test_a_tab_named_for_no_object_is_reported(tmp_path: Path) -> None:
    path = f"{MAIN}/tabs/Inspections__c.tab-meta.xml"
    write_project(tmp_path, {**FILES, path: FILES[files.TAB]})

    assert (
        "~/tabs/Inspections__c.tab-meta.xml:2: tab Inspections__c is named for no custom object "
        "(did you mean Inspection__c?); correct the file name"
    ) in _problems(tmp_path)


def test_a_workflow_named_for_no_object_is_reported(tmp_path: Path) -> None:
    path = f"{MAIN}/workflows/Orders.workflow-meta.xml"
    write_project(tmp_path, {**FILES, path: FILES[files.WORKFLOW]})

    assert (
        "~/workflows/Orders.workflow-meta.xml:2: workflow Orders is named for no object; correct it"
    ) in _problems(tmp_path)


def test_checks_survive_a_schema_that_could_not_be_built(tmp_path: Path) -> None:
    context = CheckContext(read_project([write_project(tmp_path)]), Schema())

    assert len(list(table.run_all_checks(context))) > 0


def test_the_projects_own_metadata_has_no_problems() -> None:
    folder = _ROOT / "salesforce"
    if not (folder / "sfdx-project.json").is_file():
        pytest.skip("salesforce/ is not written yet")

    assert [str(problem) for problem in check_folder(folder)] == []
