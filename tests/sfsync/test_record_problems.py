"""Ops see on the record what the backoffice could not save, and see it go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select

from config.clock import FrozenClock
from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.client import sobject
from sfsync.delivery import Delivery, deliver
from sfsync.note_state import SyncNote
from sfsync.outbox import OutboxWrite, enqueue
from sfsync.problem_cases import LONGEST_KEY, case_key
from sfsync.problem_sources import describe_refusal
from sfsync.problem_texts import (
    LONGEST_NOTE,
    NOTE_GOES,
    SEND_AGAIN,
    Problem,
    fingerprint,
    tell_problems,
)
from sfsync.pull import pull
from sfsync.push import push
from sfsync.queries import query
from sfsync.record_problems import note_problems
from tests.control import add_fault, control, counted_calls, seed
from tests.sfsync.people import Admin
from tests.sfsync.simulation import Killed, killing

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")
PROBLEM = Problem(
    "Account",
    "A-1",
    None,
    {"CurrencyIsoCode": "XXX", "Name": "Ada"},
    "bad value",
    "Choose another.",
    ("CurrencyIsoCode",),
    "orders.xlsx",
    NOW,
)

#: An order that was saved before a rule that no save of it can satisfy.
A_BROKEN_ORDER: list[dict[str, object]] = [
    {
        "attributes": {"type": "Account", "referenceId": "hd"},
        "Name": "Ada",
        "RecordType": {"DeveloperName": "Hardware_Designer"},
    },
    {
        "attributes": {"type": "Order", "referenceId": "order"},
        "AccountId": "@hd",
        "Name": "Arm",
        "External_Id__c": "ORD-1",
        "EffectiveDate": "2026-05-01",
        "Status": "MANUFACTURER SELECTED",
    },
]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


def want(engine: Engine, name: str, key: str, **values: Any) -> None:
    with transaction(engine) as session:
        enqueue(session, name, key, values, "orders.xlsx, sheet RFPs, row 7")


def run(org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock) -> Delivery:
    """A delivery; what it waits for passes on the org's clock."""
    return deliver(sf, engine, zone=WARSAW, clock=clock, sleep=org.org.clock.advance)


def account(sf: Salesforce, key: str = "A-1") -> dict[str, Any]:
    fields = "Id, Name, Sync_Problem__c, Sync_Problem_Since__c, LastModifiedDate, SystemModstamp"
    return query(sf, f"SELECT {fields} FROM Account WHERE External_Id__c = '{key}'")[0]  # noqa: S608


def cases(sf: Salesforce) -> list[dict[str, Any]]:
    fields = "Id, Subject, Description, Status, OwnerId, AccountId, Order__c, External_Id__c"
    return query(sf, f"SELECT {fields} FROM Case ORDER BY CaseNumber")  # noqa: S608 - SOQL


def there(sf: Salesforce, key: str = "A-1", **values: Any) -> str:
    created = sobject(sf, "Account").create({"Name": "Ada", "External_Id__c": key, **values})
    return str(created["id"])


def test_a_refused_write_stands_on_its_record_in_words_for_ops(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", Name="Ada B.", CurrencyIsoCode="XXX")

    done = run(org, sf, engine, clock)

    assert (done.push.rejected, done.notes.noted, done.notes.cases) == (1, 1, 0)
    found = account(sf)
    assert found["Sync_Problem__c"].splitlines() == [
        "The backoffice could not save this record.",
        "Wanted: Currency ISO Code = XXX; Account Name = Ada B.",
        "From: orders.xlsx, sheet RFPs, row 7",
        (
            "Salesforce said: Currency ISO Code: bad value for restricted picklist field: XXX"
            " (field: Currency ISO Code)"
        ),
        "What to do: Choose a value of the picklist, or ask the admin to add this one.",
        "",
        f"{SEND_AGAIN} {NOTE_GOES}",
        "Since 2026-05-04 14:00 CEST.",
    ]
    assert found["Sync_Problem_Since__c"] == "2026-05-04T12:00:00.000+0000"
    assert found["Name"] == "Ada"


def test_the_note_goes_when_a_later_write_is_saved(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    org.org.clock.advance(2)
    pull(sf, engine)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)

    want(engine, "Account", "A-1", CurrencyIsoCode="PLN")
    org.org.clock.advance(2)
    done = run(org, sf, engine, clock)

    assert (done.push.updated, done.notes.cleared) == (1, 1)
    found = account(sf)
    assert (found["Sync_Problem__c"], found["Sync_Problem_Since__c"]) == (None, None)


def test_the_note_goes_when_the_write_is_no_longer_wanted(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)
    with transaction(engine) as session:
        session.scalars(select(OutboxWrite)).one().state = "superseded"

    done = run(org, sf, engine, clock)

    assert done.notes.cleared == 1
    assert account(sf)["Sync_Problem__c"] is None


def test_a_note_that_stands_is_not_written_again(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)
    stamp, calls = account(sf)["SystemModstamp"], counted_calls(org)
    control(org, "POST", "clock", {"advance_s": 60})

    clock.advance(60)
    idle = run(org, sf, engine, clock)

    assert idle.api_calls == 0
    # The one call is the look at the stamp itself.
    assert (account(sf)["SystemModstamp"], counted_calls(org)) == (stamp, calls + 1)


def test_the_same_refusal_again_writes_no_second_note(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)
    clock.advance(3600)

    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    again = run(org, sf, engine, clock)

    assert (again.push.rejected, again.notes.noted, again.notes.cleared) == (1, 0, 0)
    assert account(sf)["Sync_Problem_Since__c"] == "2026-05-04T12:00:00.000+0000"


def test_another_refusal_of_the_record_replaces_the_note(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)

    want(engine, "Account", "A-1", CurrencyIsoCode="YYY")
    again = run(org, sf, engine, clock)

    assert again.notes.noted == 1
    assert "YYY" in account(sf)["Sync_Problem__c"]


def test_many_notes_are_few_calls(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    records = [
        {"attributes": {"type": "Account"}, "Name": f"A {n}", "External_Id__c": f"A-{n}"}
        for n in range(201)
    ]
    seed(org, records)
    pull(sf, engine)
    for n in range(201):
        want(engine, "Account", f"A-{n}", CurrencyIsoCode="XXX")
    push(sf, engine, clock=clock, sleep=org.org.clock.advance)
    calls = counted_calls(org)

    report = note_problems(sf, engine, clock=clock)

    assert report.noted == 201
    # One for the labels, two for 201 notes.
    assert counted_calls(org) - calls == 3


def test_a_kill_between_the_refusal_and_the_note_forgets_nothing(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    push(sf, engine, clock=clock, sleep=org.org.clock.advance)

    done = run(org, sf, engine, clock)

    assert (done.push.rejected, done.notes.noted) == (0, 1)
    assert "XXX" in account(sf)["Sync_Problem__c"]


def test_a_round_that_is_killed_at_any_statement_is_made_up_for(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    """One note to write, one to take away, one Case to open, one to close."""
    there(sf, "A-1")
    there(sf, "A-2")
    want(engine, "Account", "A-2", CurrencyIsoCode="XXX")
    want(engine, "Account", "A-4", Name="Eve", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    want(engine, "Account", "A-2", CurrencyIsoCode="PLN")
    want(engine, "Account", "A-3", Name="Bob", CurrencyIsoCode="XXX")
    want(engine, "Account", "A-4", Name="Eve", CurrencyIsoCode="PLN")
    push(sf, engine, clock=clock, sleep=org.org.clock.advance)

    kills = 0
    for statement in range(1, 200):
        try:
            with killing(engine, statement):
                note_problems(sf, engine, clock=clock)
        except Killed:
            kills += 1
        else:
            break
    run(org, sf, engine, clock)

    assert 5 < kills < 199
    assert "XXX" in account(sf, "A-1")["Sync_Problem__c"]
    assert account(sf, "A-2")["Sync_Problem__c"] is None
    assert [(case["External_Id__c"], case["Status"]) for case in cases(sf)] == [
        ("sync:Account:A-4", "Closed"),
        ("sync:Account:A-3", "New"),
    ]
    assert run(org, sf, engine, clock).api_calls == 0


def test_a_note_whose_answer_was_lost_is_written_by_the_next_round(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    push(sf, engine, clock=clock, sleep=org.org.clock.advance)
    add_fault(org, action="drop_after", path="/composite/sobjects", times=1)

    lost = run(org, sf, engine, clock)
    made_up = run(org, sf, engine, clock)

    assert lost.notes.failure is not None
    assert (made_up.notes.noted, made_up.notes.failure) == (1, None)
    assert "XXX" in account(sf)["Sync_Problem__c"]


def test_a_refused_creation_becomes_one_case_of_the_parents_owner(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    ops = query(sf, "SELECT Id FROM User WHERE Username = 'ops@manufaktura.example'")[0]["Id"]
    parent = there(sf, "HD-1", OwnerId=ops)
    pull(sf, engine)
    order = {"Account": {"External_Id__c": "HD-1"}, "Name": "Arm", "EffectiveDate": "2027-06-01"}
    want(engine, "Order", "ORD-1", **order, Status="NO SUCH")

    done = run(org, sf, engine, clock)
    again = run(org, sf, engine, clock)

    assert (done.push.rejected, done.notes.cases, again.notes.cases) == (1, 1, 0)
    (case,) = cases(sf)
    assert case["Subject"] == "Backoffice could not save order ORD-1"
    assert "bad value for restricted picklist field: NO SUCH" in case["Description"]
    assert "because there is no such record in Salesforce yet." in case["Description"]
    assert (case["Status"], case["OwnerId"], case["AccountId"]) == ("New", ops, parent)
    assert case["External_Id__c"] == "sync:Order:ORD-1"
    assert account(sf, "HD-1")["Sync_Problem__c"] is None


def test_the_case_closes_when_the_record_arrives(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    want(engine, "Account", "A-1", Name="Ada", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)

    want(engine, "Account", "A-1", CurrencyIsoCode="PLN")
    done = run(org, sf, engine, clock)

    assert (done.push.created, done.notes.cases) == (1, 1)
    (case,) = cases(sf)
    assert (case["Status"], case["Subject"]) == (
        "Closed",
        "Solved: backoffice could not save account A-1",
    )
    with transaction(engine) as session:
        assert session.scalars(select(SyncNote)).all() == []


def test_what_people_do_with_the_case_stays_when_the_problem_changes(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    want(engine, "Account", "A-1", Name="Ada", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)
    sobject(sf, "Case").update(cases(sf)[0]["Id"], {"Status": "Escalated"})

    want(engine, "Account", "A-1", CurrencyIsoCode="YYY")
    run(org, sf, engine, clock)

    (case,) = cases(sf)
    assert case["Status"] == "Escalated"
    assert "YYY" in case["Description"]


def test_a_record_that_cannot_be_saved_at_all_gets_a_case(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    ids = seed(org, A_BROKEN_ORDER, checks=False)
    pull(sf, engine)
    want(engine, "Order", "ORD-1", Name="Arm 2")

    done = run(org, sf, engine, clock)
    again = run(org, sf, engine, clock)

    assert (done.push.rejected, done.notes.noted, done.notes.cases) == (1, 0, 1)
    assert again.api_calls == 0
    (case,) = cases(sf)
    assert case["Order__c"] == ids["order"]
    assert case["Description"].startswith("The backoffice could not save this record.")
    assert "Wanted: Order Name = Arm 2" in case["Description"]
    assert (
        "Salesforce refuses any change of the record itself: FIELD_CUSTOM_VALIDATION_EXCEPTION:"
        " MANUFACTURER SELECTED needs a winner."
    ) in case["Description"]


def test_a_note_that_can_no_longer_be_changed_goes_with_its_case_in_the_end(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)
    add_fault(
        org,
        action="status",
        status=400,
        error_code="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        request_body="Sync_Problem",
        inner=True,
        times=1,
    )
    want(engine, "Account", "A-1", CurrencyIsoCode="YYY")
    stuck = run(org, sf, engine, clock)
    old_note = account(sf)["Sync_Problem__c"]

    want(engine, "Account", "A-1", CurrencyIsoCode="PLN")
    done = run(org, sf, engine, clock)

    assert (stuck.notes.noted, stuck.notes.cases) == (0, 1)
    assert "XXX" in old_note
    assert (done.notes.cleared, done.notes.cases) == (1, 1)
    assert account(sf)["Sync_Problem__c"] is None
    assert [case["Status"] for case in cases(sf)] == ["Closed"]


def test_a_note_that_the_record_does_not_let_go_is_asked_for_again_after_an_hour(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    org.org.clock.advance(2)
    pull(sf, engine)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    run(org, sf, engine, clock)
    add_fault(
        org,
        action="status",
        status=400,
        error_code="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        request_body="Sync_Problem",
        inner=True,
        times=1,
    )
    want(engine, "Account", "A-1", CurrencyIsoCode="PLN")
    org.org.clock.advance(2)

    refused = run(org, sf, engine, clock)
    at_once = run(org, sf, engine, clock)
    clock.advance(3601)
    later = run(org, sf, engine, clock)

    assert (refused.notes.cleared, at_once.api_calls, later.notes.cleared) == (0, 0, 1)
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in (refused.notes.failure or "")
    assert account(sf)["Sync_Problem__c"] is None


def test_an_org_without_the_field_is_told_once_an_hour_and_spoils_no_push(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there(sf)
    monkeypatch.setattr("sfsync.record_problems.NOTE_FIELD", "Not_Deployed__c")
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")

    first = run(org, sf, engine, clock)
    second = run(org, sf, engine, clock)
    clock.advance(3601)
    third = run(org, sf, engine, clock)

    assert (first.push.rejected, first.notes.noted, first.notes.cases) == (1, 0, 0)
    assert "Account has no field Not_Deployed__c" in (first.notes.failure or "")
    assert (second.api_calls, second.notes.failure) == (0, None)
    assert third.notes.failure == first.notes.failure


def test_a_note_on_a_record_held_by_another_save_is_written_next_time(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    push(sf, engine, clock=clock, sleep=org.org.clock.advance)
    add_fault(org, action="UNABLE_TO_LOCK_ROW", inner=True, method="PATCH", times=1)

    held = note_problems(sf, engine, clock=clock)
    free = note_problems(sf, engine, clock=clock)

    assert (held.noted, held.cases) == (0, 0)
    assert "UNABLE_TO_LOCK_ROW" in (held.failure or "")
    assert (free.noted, free.failure) == (1, None)


def test_problems_of_several_sources_share_the_note_of_their_record(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    record_id = there(sf)
    pull(sf, engine)
    other = replace(PROBLEM, external_id=None, salesforce_id=record_id, heading="A clash.")

    report = note_problems(
        sf, engine, clock=clock, sources=(lambda _: [PROBLEM], lambda _: [other])
    )

    assert report.noted == 1
    headings = [line for line in account(sf)["Sync_Problem__c"].splitlines() if "." in line]
    assert headings[0] == "The backoffice could not save this record."
    assert "A clash." in headings


def test_the_outbox_row_says_when_the_write_failed(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    there(sf)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    push(sf, engine, clock=clock, sleep=org.org.clock.advance)
    with transaction(engine) as session:
        problem = describe_refusal(session.scalars(select(OutboxWrite)).one())

    assert problem.at == NOW
    assert problem.blamed == ("CurrencyIsoCode",)


def test_a_problem_met_later_is_the_same_problem() -> None:
    later = replace(PROBLEM, at=datetime(2027, 1, 1, tzinfo=UTC))

    assert fingerprint([PROBLEM]) == fingerprint([later])
    assert fingerprint([PROBLEM]) != fingerprint([replace(PROBLEM, said="other")])


def test_a_note_fits_its_field_however_long_the_values_are() -> None:
    wanted = {f"Field_{n}__c": "x" * 5000 for n in range(100)}

    text = tell_problems([replace(PROBLEM, wanted=wanted)], {}, NOW, UTC)

    assert len(text) == LONGEST_NOTE
    assert f"…\n\n{SEND_AGAIN} {NOTE_GOES}\nSince 2026-05-04 12:00 UTC." in text


def test_a_note_says_only_what_its_problem_knows() -> None:
    clash = replace(
        PROBLEM,
        wanted={},
        cause="",
        heading="Two changes met.",
        speaker="What happened",
        said="Ada wrote 5, the sheet 6.",
        remedy="Say which counts.",
        afterwards="",
    )

    text = tell_problems([clash, PROBLEM], {"Name": "Account Name"}, NOW, UTC)

    assert text.splitlines() == [
        "Two changes met.",
        "What happened: Ada wrote 5, the sheet 6.",
        "What to do: Say which counts.",
        "",
        "The backoffice could not save this record.",
        "Wanted: CurrencyIsoCode = XXX; Account Name = Ada",
        "From: orders.xlsx",
        "Salesforce said: bad value (field: CurrencyIsoCode)",
        "What to do: Choose another.",
        "",
        f"{SEND_AGAIN} {NOTE_GOES}",
        "Since 2026-05-04 12:00 UTC.",
    ]


def test_a_case_is_found_again_by_a_key_that_fits_its_field() -> None:
    long = case_key("Order_Proposal__c", "P" * 64)

    assert len(long) <= LONGEST_KEY
    assert long == case_key("Order_Proposal__c", "P" * 64)
    assert long != case_key("Order_Proposal__c", "P" * 63 + "Q")


@pytest.mark.parametrize("ending", ["delete", "erase"])
def test_a_change_of_a_deleted_record_is_told_in_a_case_that_does_not_hang_on_it(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock, ending: str
) -> None:
    record_id = there(sf)
    org.org.clock.advance(120)
    pull(sf, engine)
    want(engine, "Account", "A-1", Name="Ada B.")
    getattr(Admin(org), ending)("Account", record_id)

    done = run(org, sf, engine, clock)
    again = run(org, sf, engine, clock)

    assert (done.push.clashes, done.notes.cases, again.push.problems) == (1, 1, [])
    (case,) = cases(sf)
    assert (case["Status"], case["AccountId"]) == ("New", None)
    assert "The record was deleted here while the back office wanted to" in case["Description"]
    assert "because the record is not in Salesforce any more." in case["Description"]
