from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandbox.bulk.batch import ContentType
from sandbox.bulk.batch_rows import read_rows
from sandbox.bulk.dialect import BadTableError
from sandbox.bulk.saver import OPERATIONS, Task, save_chunk
from sandbox.org.org import Actor, Org
from sandbox.org.schema import SObject
from tests.sandbox_org.builders import an_org, the_user

#: Pieces that make readers go deep before they refuse.
PIECES = st.sampled_from(
    [
        *("Id", "Name", "Owner", "Nothing", ",", "\n", "\r\n", '"', "#N/A", "1e999999", "NaN"),
        *("[", "]", "{", "}", ":", "null", "<sObjects>", "<sObject>", "</sObject>", "</sObjects>"),
        *("<Id>", "</Id>", "&lt;", "&a;", "\x00", "\ufeff", "🙂"),
    ]
)
BODIES = st.binary(max_size=60) | st.lists(PIECES, max_size=16).map(lambda p: "".join(p).encode())


@pytest.fixture(scope="module")
def org() -> Org:
    org = an_org()
    yield org
    org.close()


@pytest.fixture(scope="module")
def deal(org: Org) -> SObject:
    return org.core.sobject("Deal__c")


@pytest.fixture(scope="module")
def admin(org: Org) -> Actor:
    return the_user(org)


@settings(max_examples=300)
@given(body=BODIES, kind=st.sampled_from(ContentType), operation=st.sampled_from(OPERATIONS))
@example(b'[{"Id": {}}]', ContentType.JSON, "update")
@example(b'[{"Name": NaN}]', ContentType.JSON, "insert")
@example(b'[{"Owner": {"Username": {"a": [1]}}}]', ContentType.JSON, "insert")
@example(b"<a>" * 5000, ContentType.XML, "insert")
@example(b'[{"Name": "\\ud800"}]', ContentType.JSON, "insert")
@example(b'[{"Amount__c": 1e99999999999999999999}]', ContentType.JSON, "insert")
def test_no_body_breaks_a_batch(
    org: Org,
    deal: SObject,
    admin: Actor,
    tmp_path_factory: pytest.TempPathFactory,
    body: bytes,
    kind: ContentType,
    operation: str,
) -> None:
    path = tmp_path_factory.mktemp("batch") / "body"
    path.write_bytes(body)
    try:
        rows = read_rows(org.schema, deal, kind, path)
    except BadTableError:
        return  # the whole batch fails, with the reason as its message

    saved = save_chunk(org, admin, Task(operation, deal, "Id"), rows)

    assert len(saved) == len(rows)


def test_a_batch_of_too_many_rows_is_refused(org: Org, deal: SObject, tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_text("Name\n" + "A\n" * 10_001)

    with pytest.raises(BadTableError, match="10001 records are more than 10000"):
        read_rows(org.schema, deal, ContentType.CSV, path)
