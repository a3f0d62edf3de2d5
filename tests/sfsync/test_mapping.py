"""The mapping says of every field of our own metadata whether it is mirrored."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfsync.mapping import LEFT_OUT, MAPPINGS, Mapping

OBJECTS = Path(__file__).parents[2] / "salesforce/force-app/main/default/objects"


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda each: each.sobject)
def test_every_field_of_our_metadata_is_mirrored_or_left_out_for_a_reason(
    mapping: Mapping,
) -> None:
    ours = {
        path.name.removesuffix(".field-meta.xml")
        for path in (OBJECTS / mapping.sobject / "fields").glob("*.field-meta.xml")
    }
    left_out = LEFT_OUT.get(mapping.sobject, {})
    mapped = {each.path for each in mapping.fields}

    assert ours - mapped == left_out.keys()
    assert {name for name in mapped if name.endswith("__c")} <= ours
    assert all(left_out.values())


def test_only_mapped_objects_have_fields_left_out() -> None:
    assert LEFT_OUT.keys() <= {mapping.sobject for mapping in MAPPINGS}
