from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sandbox.org.autonumbers import format_number
from tests.sandbox_org.builders import a_deal, a_proposal, a_schema, an_org, read

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "number", "expected"),
    [
        ("OP-{0000000000}", 42, "OP-0000000042"),
        ("RUN-{000000}", 1_234_567, "RUN-1234567"),
        ("{0}", 7, "7"),
        ("SD-{YYYY}{MM}{DD}-{000}", 5, "SD-20260304-005"),
        ("{YY}/{00}", 5, "26/05"),
    ],
)
def test_a_number_is_shown_in_its_format(form: str, number: int, expected: str) -> None:
    assert format_number(form, number, NOW) == expected


def test_numbers_start_where_the_metadata_says() -> None:
    schema = a_schema()
    proposal = schema.objects["Proposal__c"]
    proposal.add_field(replace(proposal.fields["Name"], starting_number=500))
    org = an_org(schema)

    assert read(org, a_proposal(org, a_deal(org)), "Name") == {"Name": "OP-0000000500"}
