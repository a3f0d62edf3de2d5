"""Writes of a field that cannot be written wait by name; the record's other fields go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select

from config.clock import FrozenClock
from config.database import transaction
from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.client import usage
from sfsync.delivery import Delivery, deliver
from sfsync.errors import SalesforceRetryable
from sfsync.leases import LEASE_S, WriteLeases
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.outbox_view import find_stuck, retry_writes
from sfsync.pull import pull
from sfsync.push import PushReport, push
from sfsync.queries import query
from tests.control import add_fault, control
from tests.sfsync.drifting import NOON, account, admin, org, remodel, restarted, server
from tests.sfsync.people import Admin
from tests.sfsync.remodelling import Remodeller

__all__ = ["account", "admin", "org", "remodel", "server"]

Run = Callable[[], PushReport]
PAYOUT = "Account.Payout_Account__c"
WAITS = (
    f"waits for {PAYOUT}: {PAYOUT} is missing or not visible (it was string (64)); the column is"
    " paused. Restore the field, or let the integration user see it again; it resumes by itself."
    " If it was renamed or deleted for good, a developer changes sfsync/mapping.py."
)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def paused(
    remodel: Remodeller, settings: Settings, sf: Salesforce, engine: Engine, account: str
) -> str:
    """An account whose field Payout_Account__c cannot be seen any more."""
    remodel.grant("Account", "Payout_Account__c")
    restarted(settings, engine)
    return account


def note(engine: Engine, key: str, **values: Any) -> bool:
    with transaction(engine) as session:
        return enqueue(session, "Account", key, values, "orders.xlsx row 7")


@pytest.fixture
def run(admin: Admin, sf: Salesforce, engine: Engine, clock: FrozenClock) -> Run:
    """A push; what it waits for passes on the org's clock."""
    return lambda: push(sf, engine, clock=clock, sleep=lambda s: admin.wait(seconds=s))


def writes(engine: Engine) -> list[tuple[str, dict[str, Any], str | None]]:
    """The writes that count, oldest first: state, values, what they wait for."""
    with transaction(engine) as session:
        rows = session.scalars(select(OutboxWrite).order_by(OutboxWrite.id))
        return [
            (str(row.state), row.values, row.waits_for)
            for row in rows
            if row.state != WriteState.SUPERSEDED
        ]


def in_org(admin: Admin, key: str = "A-1") -> dict[str, Any]:
    fields = "Name, Payout_Account__c, Qualification_Status__c"
    text = f"SELECT {fields} FROM Account WHERE External_Id__c = '{key}'"  # noqa: S608 - SOQL
    actor = admin.org.actor(str(admin.org.find_user("admin@manufaktura.example")))
    (row,) = admin.org.query(actor, text).records
    return {name: row[name] for name in fields.split(", ")}


def test_the_paused_field_waits_by_name_and_the_others_go(
    admin: Admin, run: Run, engine: Engine, paused: str
) -> None:
    note(engine, "A-1", Name="Meble i syn", Payout_Account__c="DE89")

    report = run()

    assert (report.updated, report.waiting, report.rejected) == (1, 1, 0)
    assert in_org(admin)["Name"] == "Meble i syn"
    assert in_org(admin)["Payout_Account__c"] == "PL61"
    assert writes(engine) == [
        ("sent", {"Name": "Meble i syn"}, None),
        ("pending", {"Payout_Account__c": "DE89"}, WAITS),
    ]
    (problem,) = report.problems
    assert problem["message"] == WAITS


def test_what_waited_is_sent_when_the_field_is_back(
    admin: Admin,
    remodel: Remodeller,
    sf: Salesforce,
    run: Run,
    engine: Engine,
    paused: str,
) -> None:
    note(engine, "A-1", Name="Meble i syn", Payout_Account__c="DE89")
    run()
    assert run().api_calls == 0
    remodel.grant("Account", "Payout_Account__c", "read", "edit")
    pull(sf, engine)

    report = run()

    assert (report.updated, report.waiting) == (1, 0)
    assert in_org(admin)["Payout_Account__c"] == "DE89"
    assert [state for state, _, _ in writes(engine)] == ["sent", "sent"]


def test_the_same_values_are_not_noted_again_while_some_wait_nor_after(
    remodel: Remodeller, sf: Salesforce, run: Run, engine: Engine, paused: str
) -> None:
    values = {"Name": "Meble i syn", "Payout_Account__c": "DE89"}
    assert note(engine, "A-1", **values)
    run()
    assert not note(engine, "A-1", **values)
    remodel.grant("Account", "Payout_Account__c", "read", "edit")
    pull(sf, engine)
    run()
    assert not note(engine, "A-1", **values)
    assert note(engine, "A-1", Name="Meble i córka")


def test_newer_values_join_what_waits_and_go_without_it(
    admin: Admin, run: Run, engine: Engine, paused: str
) -> None:
    note(engine, "A-1", Payout_Account__c="DE89")
    report = run()
    assert (report.sent, report.waiting, report.api_calls) == (0, 1, 0)

    note(engine, "A-1", Payout_Account__c="FR76", Name="Meble i syn")
    run()

    assert in_org(admin)["Name"] == "Meble i syn"
    assert writes(engine) == [
        ("sent", {"Name": "Meble i syn"}, None),
        ("pending", {"Payout_Account__c": "FR76"}, WAITS),
    ]


def test_what_waits_is_one_write_again_with_the_rest_when_the_org_refuses_that(
    admin: Admin, run: Run, engine: Engine, paused: str
) -> None:
    note(engine, "A-1", Name="x" * 300, Payout_Account__c="DE89")

    report = run()

    assert (report.rejected, report.waiting) == (1, 0)
    values = {"Name": "x" * 300, "Payout_Account__c": "DE89"}
    assert writes(engine) == [("rejected", values, None)]
    note(engine, "A-1", Name="Meble i syn")
    run()
    assert in_org(admin)["Name"] == "Meble i syn"
    assert writes(engine)[-1] == ("pending", {"Payout_Account__c": "DE89"}, WAITS)


def test_a_push_that_meets_the_change_first_compares_and_lets_the_rest_go(
    admin: Admin,
    remodel: Remodeller,
    sf: Salesforce,
    run: Run,
    engine: Engine,
    account: str,
) -> None:
    admin.create("Account", Name="Inni", External_Id__c="A-2")
    admin.wait(minutes=2)
    pull(sf, engine)
    remodel.grant("Account", "Payout_Account__c")
    note(engine, "A-1", Name="Meble i syn", Payout_Account__c="DE89")
    note(engine, "A-2", Name="Inni i syn")

    first = run()
    second = run()

    assert (first.updated, first.retried, first.rejected) == (1, 1, 0)
    assert (second.updated, second.waiting, second.rejected) == (1, 1, 0)
    assert in_org(admin)["Name"] == "Meble i syn"
    assert in_org(admin, "A-2")["Name"] == "Inni i syn"
    assert writes(engine)[-1] == ("pending", {"Payout_Account__c": "DE89"}, WAITS)


def test_a_field_that_may_only_be_read_any_more_is_read_and_its_writes_wait(
    admin: Admin,
    remodel: Remodeller,
    sf: Salesforce,
    run: Run,
    engine: Engine,
    account: str,
) -> None:
    remodel.grant("Account", "Payout_Account__c", "read")
    note(engine, "A-1", Name="Meble i syn", Payout_Account__c="DE89")

    run()
    run()

    (sent, waiting) = writes(engine)
    assert sent == ("sent", {"Name": "Meble i syn"}, None)
    assert waiting[2] == (
        f"waits for {PAYOUT}: {PAYOUT} is read-only for us; it is read, and writes of it wait. Let"
        " the integration user edit the field again, and it resumes by itself; or accept it, and"
        f" writes of it are refused by the org: `flask sync columns resume {PAYOUT}`."
    )
    remodel.grant("Account", "Payout_Account__c", "read", "edit")
    admin.wait(minutes=2)
    pull(sf, engine)
    run()
    assert in_org(admin)["Payout_Account__c"] == "DE89"


def test_a_write_that_was_on_its_way_when_the_field_vanished_is_still_found_out(
    admin: Admin,
    remodel: Remodeller,
    settings: Settings,
    run: Run,
    engine: Engine,
    clock: FrozenClock,
    account: str,
) -> None:
    note(engine, "A-1", Name="Meble i syn", Payout_Account__c="DE89")
    next(WriteLeases(engine, clock, "a push that died").take("Account"))
    remodel.grant("Account", "Payout_Account__c")
    restarted(settings, engine)
    clock.advance(LEASE_S + 1)

    assert run().retried == 1
    clock.advance(LEASE_S)
    run()

    assert in_org(admin)["Name"] == "Meble i syn"
    assert writes(engine)[-1] == ("pending", {"Payout_Account__c": "DE89"}, WAITS)


def test_nothing_of_an_object_is_written_while_its_key_cannot_be_seen(
    remodel: Remodeller,
    settings: Settings,
    sf: Salesforce,
    org: LocalOrgServer,
    run: Run,
    engine: Engine,
    account: str,
) -> None:
    remodel.grant("Account", "External_Id__c")
    with pytest.raises(Exception, match="Account is not read at all"):
        restarted(settings, engine)
    note(engine, "A-1", Name="Meble i syn")
    calls = usage(sf).calls

    report = run()

    assert (report.waiting, report.rejected, usage(sf).calls - calls) == (1, 0, 0)
    remodel.grant("Account", "External_Id__c", "read", "edit")
    pull(sf, engine)
    assert run().updated == 1


def test_an_answer_that_was_lost_is_read_back_without_the_paused_field(
    admin: Admin,
    org: LocalOrgServer,
    sf: Salesforce,
    run: Run,
    engine: Engine,
    paused: str,
) -> None:
    note(engine, "A-1", Name="Meble i syn", Payout_Account__c="DE89")
    add_fault(org, action="drop_after", kind="collections", times=1)

    report = run()

    assert (report.confirmed, report.waiting) == (1, 1)
    assert len(query(sf, "SELECT Id FROM Account")) == 1
    assert in_org(admin)["Name"] == "Meble i syn"


@pytest.fixture
def sent_blindly(org: LocalOrgServer, run: Run, engine: Engine, account: str) -> str:
    """An account whose write arrived without an answer."""
    note(engine, "A-1", Name="Meble i syn", Payout_Account__c="DE89")
    add_fault(org, action="drop_after", kind="collections", times=1)
    add_fault(org, action="status", status=503, method="GET", path="/query", times=8)
    with pytest.raises(SalesforceRetryable):
        run()
    control(org, "DELETE", "faults")
    return account


@pytest.fixture
def unanswered(remodel: Remodeller, settings: Settings, engine: Engine, sent_blindly: str) -> str:
    """The same, and one of the fields that it carried has vanished since."""
    remodel.grant("Account", "Payout_Account__c")
    restarted(settings, engine)
    return sent_blindly


def test_an_outcome_that_only_the_vanished_mark_could_tell_holds_up_no_push(
    admin: Admin, remodel: Remodeller, sf: Salesforce, run: Run, engine: Engine, sent_blindly: str
) -> None:
    remodel.grant("Account", "Sync_Write__c")
    with transaction(engine) as session:
        enqueue(session, "Case", "C-1", {"Subject": "Something else"}, "another part")

    report = run()

    assert (report.retried, report.created, report.rejected) == (1, 1, 0)
    remodel.grant("Account", "Sync_Write__c", "read", "edit")
    admin.wait(minutes=2)
    pull(sf, engine)
    with transaction(engine) as session:
        retry_writes(session, find_stuck(session, [1]))
    report = run()
    assert (report.settled, report.clashes) == (1, 0)


def test_a_write_that_carried_the_field_before_it_vanished_is_read_back_without_it(
    admin: Admin, run: Run, unanswered: str
) -> None:
    report = run()

    assert (report.confirmed, report.retried) == (1, 0)
    assert (in_org(admin)["Name"], in_org(admin)["Payout_Account__c"]) == ("Meble i syn", "DE89")


def test_a_newer_change_that_takes_up_what_waits_keeps_what_it_was_made_from(
    admin: Admin, run: Run, engine: Engine, unanswered: str
) -> None:
    note(engine, "A-1", Name="Meble i córka")
    admin.wait(seconds=5)

    report = run()

    assert (report.confirmed, report.updated, report.clashes) == (1, 1, 0)
    assert in_org(admin)["Name"] == "Meble i córka"
    assert writes(engine)[-1] == ("pending", {"Payout_Account__c": "DE89"}, WAITS)


def test_a_push_that_reads_a_record_anew_compares_when_a_field_has_vanished(
    admin: Admin, remodel: Remodeller, run: Run, engine: Engine, account: str
) -> None:
    remodel.grant("Account", "Payout_Account__c")
    admin.change("Account", account, Qualification_Status__c="Qualified")
    note(engine, "A-1", Name="Meble i syn")
    admin.wait(seconds=5)

    report = run()

    assert (report.updated, report.rejected) == (1, 0)
    assert (in_org(admin)["Name"], in_org(admin)["Qualification_Status__c"]) == (
        "Meble i syn",
        "Qualified",
    )


def test_a_write_of_the_field_itself_is_parted_when_the_push_finds_that_it_has_vanished(
    admin: Admin, remodel: Remodeller, sf: Salesforce, run: Run, engine: Engine, account: str
) -> None:
    admin.change("Account", account, Name="Meble A")
    pull(sf, engine)  # so soon that the push reads the record once more
    note(engine, "A-1", Name="Meble i syn", Payout_Account__c="DE89")
    admin.wait(seconds=5)
    remodel.grant("Account", "Payout_Account__c")

    first, second = run(), run()

    assert (first.retried, first.rejected) == (1, 0)
    assert (second.updated, second.waiting) == (1, 1)
    assert writes(engine) == [
        ("sent", {"Name": "Meble i syn"}, None),
        ("pending", {"Payout_Account__c": "DE89"}, WAITS),
    ]


def test_the_note_goes_when_all_that_can_be_written_has_arrived(
    admin: Admin, sf: Salesforce, engine: Engine, clock: FrozenClock, paused: str
) -> None:
    def send() -> Delivery:
        admin.wait(seconds=5)
        return deliver(sf, engine, clock=clock, sleep=lambda s: admin.wait(seconds=s))

    note(engine, "A-1", CurrencyIsoCode="XXX", Payout_Account__c="DE89")
    assert send().notes.noted == 1
    note(engine, "A-1", CurrencyIsoCode="PLN")

    done = send()

    assert (done.push.updated, done.push.waiting, done.notes.cleared) == (1, 1, 1)


@pytest.mark.parametrize("is_met_first", ["by a pull", "by the push"])
def test_nothing_of_an_object_is_written_while_the_guard_has_no_field(
    remodel: Remodeller,
    settings: Settings,
    admin: Admin,
    sf: Salesforce,
    run: Run,
    engine: Engine,
    account: str,
    is_met_first: str,
) -> None:
    remodel.grant("Account", "Sync_Write__c")
    if is_met_first == "by a pull":
        restarted(settings, engine)
    note(engine, "A-1", Name="Meble i syn")
    note(engine, "A-2", Name="Inni")

    run()
    report = run()

    assert (report.waiting, report.rejected, report.api_calls) == (2, 0, 0)
    assert report.problems[0]["message"].startswith(
        "waits for Account.Sync_Write__c: Account.Sync_Write__c is missing or not visible"
    )
    assert in_org(admin)["Name"] == "Meble"
    remodel.grant("Account", "Sync_Write__c", "read", "edit")
    pull(sf, engine)
    report = run()
    assert (report.updated, report.created) == (1, 1)
