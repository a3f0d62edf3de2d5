"""E51: what is stored of a decision is canonical, fits its field, and replays to the same bytes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tenders.codec import dump, to_plain
from tenders.decision import replay
from tenders.inputs import STORED_LIMIT, ReplayImpossible, read_inputs
from tenders.model import OnNoneEligible, Policy
from tests.tenders.builders import a_change, a_proposal, decided, local


def a_rich_decision():
    return decided(
        a_proposal(
            1, "1000.10", maker={"name": 'Zażółć <b>"gęś"</b> 🏭', "rating": Decimal("4.50")}
        ),
        a_proposal(2, "4000", currency="PLN", submitted_at=local("2025-03-08T10:00:00")),
        a_proposal(3, None),
        a_proposal(
            4,
            "700",
            last_modified_at=local("2025-03-11T06:00:00"),
            price_history=(a_change("2025-03-11T06:00:00", None, "700"),),
        ),
        a_proposal(5, manufacturer=None),
        policy=Policy(on_none_eligible=OnNoneEligible.CANCEL),
        budget=Decimal("5000.00"),
        deposit_required=True,
        deposit_status="Paid",
        system_modstamp=datetime(2025, 3, 10, 12, 30, 15, tzinfo=UTC),
    )


def a_large_decision(count: int):
    draw = random.Random(count)
    return decided(
        *(
            a_proposal(
                number,
                str(draw.randint(100, 10**9)),
                id=f"a01{draw.randbytes(8).hex()}",
                maker={"account_id": f"001{draw.randbytes(8).hex()}"},
            )
            for number in range(count)
        )
    )


def test_e51_a_replay_gives_the_same_bytes():
    decision = a_rich_decision()

    again = replay(decision.inputs_json())

    assert again.result_json() == decision.result_json()
    assert again.inputs_hash == decision.inputs_hash
    assert again == decision
    assert json.loads(decision.result_json())["winner"] == decision.winner.proposal.id


def test_e51_a_replay_does_not_depend_on_the_day_it_is_done():
    decision = a_rich_decision()
    stamped = replace(decision, decided_at=datetime(2025, 3, 11, 6, 0, 4, tzinfo=UTC))

    assert stamped.result_json() == decision.result_json()
    assert stamped.inputs_hash == decision.inputs_hash


def test_the_stored_inputs_are_canonical_json_in_ascii():
    stored = a_rich_decision().inputs_json()

    assert stored.isascii()
    assert stored == json.dumps(json.loads(stored), sort_keys=True, separators=(",", ":"))
    plain = json.loads(stored)
    assert plain["proposals"][0]["price"] == "1000.1"
    assert plain["deadline"] == "2025-03-10T23:00:00Z"
    assert plain["tender"]["system_modstamp"] == "2025-03-10T12:30:15Z"


def test_equal_facts_written_differently_have_one_fingerprint():
    one = decided(a_proposal(1, "1000.10"), a_proposal(2, "1E+3"))
    other = decided(a_proposal(2, "1000"), a_proposal(1, "1000.1"))

    assert one.inputs_hash == other.inputs_hash
    assert one.inputs_hash != decided(a_proposal(1, "1000.11"), a_proposal(2)).inputs_hash


def test_the_inputs_of_a_large_order_are_stored_compressed_and_still_replay():
    decision = a_large_decision(1000)
    stored = decision.inputs_json()

    assert len(decision.inputs.canonical) > STORED_LIMIT >= len(stored)
    assert "packed" in json.loads(stored)
    assert replay(stored).result_json() == decision.result_json()


def test_the_inputs_of_an_order_too_large_to_store_leave_a_fingerprint_and_say_so():
    decision = a_large_decision(4000)
    stored = decision.inputs_json()

    assert json.loads(stored) == {
        "format": 1,
        "proposals": 4000,
        "sha256": decision.inputs_hash,
        "too_large": True,
    }
    with pytest.raises(ReplayImpossible, match="4000 proposals, too many to store"):
        replay(stored)


@pytest.mark.parametrize(
    ("_case", "stored", "told"),
    [
        ("empty", "", "not JSON"),
        ("cut off", '{"format":1,"tender":{', "not JSON"),
        ("not an object", "[1]", "not in format 1"),
        ("another format", '{"format":2}', "not in format 1"),
        ("nothing in it", '{"format":1}', "damaged"),
        ("packed with rubbish", '{"format":1,"packed":"AAAA","sha256":""}', "damaged"),
        ("packed in no base64", '{"format":1,"packed":"A","sha256":""}', "damaged"),
    ],
)
def test_stored_inputs_that_cannot_be_read_are_refused_with_the_cause(_case, stored, told):
    with pytest.raises(ReplayImpossible, match=told):
        read_inputs(stored)


def test_inputs_with_a_number_that_is_none_are_refused():
    stored = a_rich_decision().inputs_json().replace('"1000.1"', '"many"')

    with pytest.raises(ReplayImpossible, match="damaged"):
        replay(stored)


def test_packed_inputs_that_were_tampered_with_are_refused():
    plain = json.loads(a_large_decision(1000).inputs_json())

    with pytest.raises(ReplayImpossible, match="fingerprint"):
        replay(dump(plain | {"sha256": "0" * 64}))


def test_a_float_has_no_canonical_form():
    with pytest.raises(TypeError, match="no canonical form"):
        to_plain({"price": 0.1})
