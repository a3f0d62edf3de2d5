"""Packages that are not as they should be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.metadata.findings import file_of
from tests.sandbox_metadata.deploy_target import (
    SCORE,
    VISITS,
    Target,
)
from tests.sandbox_metadata.mdapi import (
    an_object,
    manifest,
    with_manifest,
    zip_of,
)


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.org.close()


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "boom"><!ENTITY c "&b;&b;&b;&b;">]>'
    '<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata"><label>&c;</label>'
    "</CustomObject>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_any_encoding(target: Target, encoding: str) -> None:
    files = {
        "objects/Visit__c.object": ENTITIES.encode(encoding),
        "package.xml": manifest({"CustomObject": ["Visit__c"]}),
    }

    report = target.deploy(files)

    assert [(f.full_name, "DOCTYPE" in f.message) for f in report.findings] == [("Visit__c", True)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ("package.xml", "", "No package.xml found")),
        (
            {"package.xml": manifest({"CustomObject": ["Visit__c"]})},
            (
                "package.xml",
                "Visit__c",
                "named in package.xml, but was not found in zipped directory",
            ),
        ),
        (
            {**VISITS, "package.xml": manifest({"CustomField": ["Visit__c.Score__c"]})},
            ("objects/Visit__c.object", "Visit__c", "Not in package.xml"),
        ),
        (
            {"package.xml": manifest({}), "objects/notes.txt": "hello"},
            ("objects/notes.txt", "", "is no metadata file"),
        ),
        (
            {"package.xml": manifest({}), "destructiveChanges.xml": manifest({"Flow": ["Old"]})},
            ("destructiveChanges.xml", "Old", "SANDBOX_NOT_IMPLEMENTED"),
        ),
        ({"package.xml": "<Package"}, ("package.xml", "", "malformed XML")),
    ],
)
def test_a_bad_package_is_refused_in_words(
    target: Target, files: dict[str, str], expected: tuple[str, str, str]
) -> None:
    report = target.send(zip_of(files))

    file, name, message = expected
    found = [f for f in report.findings if f.file == file and message in f.message]
    assert found, report.findings
    assert name in ("", found[0].full_name)
    assert report.deployed == []


def test_an_empty_list_of_deletions_is_no_reason_to_refuse(target: Target) -> None:
    files = {**with_manifest(VISITS), "destructiveChanges.xml": manifest({})}

    assert target.deploy(files).is_success


def test_a_missing_file_is_forgiven_on_request(target: Target) -> None:
    files = {"package.xml": manifest({"CustomObject": ["Visit__c"]})}

    assert target.send(zip_of(files), allow_missing_files=True).is_success


@pytest.mark.parametrize("name", ['a"b__c', "../x__c", "9a__c", "a b__c"])
def test_names_that_are_no_api_names_never_reach_the_database(target: Target, name: str) -> None:
    field = SCORE.replace("Score__c", name.replace('"', "&quot;"))

    report = target.deploy({"objects/Account.object": an_object(field)})

    assert [(f.type_name, f.full_name) for f in report.findings] == [
        ("CustomField", f"Account.{name}")
    ]
    assert report.deployed == []


def test_a_package_inside_one_folder_is_taken_too(target: Target) -> None:
    files = {f"pkg/{name}": content for name, content in with_manifest(VISITS).items()}

    report = target.send(zip_of(files))

    assert report.is_success
    assert file_of(report.deployed[0].component) == "pkg/objects/Visit__c.object"
