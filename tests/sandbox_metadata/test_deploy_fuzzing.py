"""Whatever a package holds, a deploy answers; and what it takes, the org can live with."""

from __future__ import annotations

import zipfile
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.org.errors import OrgError
from sandbox.org.schema import FieldType
from tests.sandbox_metadata.deploy_target import LOW_SCORE, SCORE, VISIT, Target
from tests.sandbox_metadata.mdapi import an_object, with_manifest, zip_of

_NAMES = st.sampled_from(
    ["Score__c", "score__C", "Name", "Id", "A__c", "A__r", "", "__c", "x y__c"]
)
_TEXTS = st.sampled_from(
    ["", "1", "-1", "99999999999999999999", "true", "Visit__c", "Account", "Nope__c", "a&lt;b", "é"]
)
_TYPES = st.sampled_from([*(str(t) for t in FieldType), "Summary", "Location", "Money", ""])
_TAGS = st.sampled_from(
    [
        "label",
        "precision",
        "scale",
        "length",
        "referenceTo",
        "relationshipName",
        "required",
        "unique",
        "externalId",
        "formula",
        "defaultValue",
        "displayFormat",
        "deleteConstraint",
        "startingNumber",
        "visibleLines",
        "trackHistory",
        "nonsense",
    ]
)
_FIELDS = st.builds(
    lambda name, kind, more: (
        f"<fields><fullName>{name}</fullName><type>{kind}</type>"
        + "".join(f"<{tag}>{text}</{tag}>" for tag, text in more.items())
        + "</fields>"
    ),
    _NAMES,
    _TYPES,
    st.dictionaries(_TAGS, _TEXTS, max_size=5),
)
_OBJECTS = st.builds(
    lambda head, fields, rule: an_object(head + "".join(fields) + rule),
    st.sampled_from([VISIT, "", "<label>V</label>", "<enableHistory>true</enableHistory>"]),
    st.lists(_FIELDS, max_size=4),
    st.sampled_from(["", LOW_SCORE, SCORE + LOW_SCORE]),
)
_FEWER = settings(max_examples=40)


def _lives(target: Target) -> None:
    """The org still takes records, of the new object too when there is one."""
    # A rule, a default or a required field of the package may refuse, but never crash.
    with suppress(OrgError):
        account = target.insert("Account", Name="Aurora")
        assert target.org.retrieve(target.admin, "Account", account)["Name"] == "Aurora"
    target.org.query(target.admin, "SELECT Id FROM Account LIMIT 1")


@_FEWER
@given(
    files=st.dictionaries(
        st.sampled_from(["objects/Visit__c.object", "objects/Account.object"]), _OBJECTS
    ),
    rollback=st.booleans(),
)
def test_any_object_is_taken_or_refused_in_words(files: dict[str, str], rollback: bool) -> None:
    target = Target()
    before = target.org.schema

    report = target.deploy(with_manifest(files), rollback_on_error=rollback)

    assert all(finding.message for finding in report.findings)
    if rollback and report.findings:
        assert target.org.schema is before
    _lives(target)
    target.org.close()


@_FEWER
@given(data=st.data())
def test_a_damaged_zip_is_taken_or_refused_in_words(data: st.DataObject) -> None:
    whole = bytearray(zip_of(with_manifest({"objects/Visit__c.object": an_object(VISIT)})))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    target = Target()

    report = target.send(bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))]))

    assert report.is_success != bool(report.findings)
    _lives(target)
    target.org.close()


@_FEWER
@given(name=st.text(min_size=1, max_size=30), content=st.binary(max_size=60))
def test_any_file_under_any_name_is_taken_or_refused_in_words(name: str, content: bytes) -> None:
    target = Target()
    files: dict[str, str | bytes] = dict(with_manifest({}))
    try:
        data = zip_of({**files, name: content})
    except (UnicodeEncodeError, zipfile.BadZipFile, ValueError, IndexError):
        # No zip can be written with such a name; IndexError is what a leading NUL gives.
        return

    report = target.send(data)

    assert report.is_success or report.findings
    target.org.close()
