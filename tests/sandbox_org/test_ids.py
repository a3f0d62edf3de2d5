from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.org.ids import BASE62, MalformedIdError, checksum, make_id, normalize_id

ID_15 = st.text(st.sampled_from(BASE62), min_size=15, max_size=15)


def test_the_checksum_is_the_one_that_salesforce_documents() -> None:
    assert normalize_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert checksum("000000000000000") == "AAA"
    assert checksum("ABCDE00000zzzzz") == "5AA"


@given(ID_15)
def test_an_id_of_15_characters_comes_back_from_its_18(id15: str) -> None:
    id18 = normalize_id(id15)

    assert id18[:15] == id15
    assert normalize_id(id18) == id18


@given(ID_15)
def test_an_id_whose_letter_case_was_lost_is_repaired_from_its_suffix(id15: str) -> None:
    id18 = normalize_id(id15)

    assert normalize_id(id18.lower()) == id18
    assert normalize_id(id18.upper()) == id18


@pytest.mark.parametrize(
    "text", ["", "001", "001A0000006Vm9rIA", "001A0000006Vm9r!!!", "001A0000006Vm9rIAD", " " * 18]
)
def test_what_is_no_id_is_malformed(text: str) -> None:
    with pytest.raises(MalformedIdError):
        normalize_id(text)


def test_later_records_have_ids_that_sort_later() -> None:
    ids = [make_id("801", serial) for serial in (1, 2, 61, 62, 63, 3843, 3844, 10**9)]

    assert ids == sorted(ids)
    assert {record_id[:3] for record_id in ids} == {"801"}
    assert all(normalize_id(record_id[:15]) == record_id for record_id in ids)
