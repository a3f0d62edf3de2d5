"""People and the back office at the same records: a push never overwrites a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select

from config.clock import FrozenClock
from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync import bulk_push, sending
from sfsync.conflicts import SyncConflict, as_dict, count_open, list_conflicts, tell_open
from sfsync.errors import SalesforceUnavailable
from sfsync.leases import LEASE_S, WriteLeases
from sfsync.merging import Outcome
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.pull import pull
from sfsync.push import PushReport, push
from sfsync.queries import query, query_all
from sfsync.resolving import AlreadyResolved, ConflictNotFound, resolve
from sfsync.sending import MERGE_ROUNDS
from tests.control import add_fault, control, counted_calls
from tests.sfsync.people import Admin

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MACHINE_NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
Note = Callable[..., bool]


@pytest.fixture
def admin(org: LocalOrgServer) -> Admin:
    """The administrator, at noon of a quiet day."""
    admin = Admin(org)
    admin.at(NOON)
    return admin


class Desk:
    """The back office at work: one connection, one database."""

    def __init__(self, sf: Salesforce, engine: Engine, admin: Admin) -> None:
        self.sf, self.engine, self.admin = sf, engine, admin
        self.clock = FrozenClock(MACHINE_NOW)

    def pull(self) -> None:
        """Pull when the org vouches for all that happened: it does so minute by minute."""
        self.admin.wait(minutes=2)
        pull(self.sf, self.engine)

    def note(self, key: str = "A-1", sobject: str = "Account", **values: Any) -> bool:
        with transaction(self.engine) as session:
            return enqueue(session, sobject, key, values, "test")

    def push(self) -> PushReport:
        """Push when the org's second is over, and whatever was put off."""
        self.admin.wait(seconds=5)
        self.clock.advance(4000)
        return push(self.sf, self.engine, clock=self.clock, sleep=lambda _: None)

    def conflicts(self, *, only_open: bool = False) -> list[SyncConflict]:
        with transaction(self.engine) as session:
            return list_conflicts(session, only_open=only_open)

    def states(self) -> list[str]:
        with transaction(self.engine) as session:
            return [str(row.state) for row in session.scalars(select(OutboxWrite))]

    def resolve(self, conflict_id: int, take: Outcome) -> dict[str, Any]:
        with transaction(self.engine) as session:
            return resolve(session, conflict_id, take, self.clock.now())[1]

    def in_org(self, fields: str, key: str = "A-1", sobject: str = "Account") -> tuple[Any, ...]:
        text = f"SELECT {fields} FROM {sobject} WHERE External_Id__c = '{key}'"  # noqa: S608
        (row,) = query(self.sf, text)
        return tuple(row[name] for name in fields.split(", "))


@pytest.fixture
def desk(sf: Salesforce, engine: Engine, admin: Admin) -> Desk:
    return Desk(sf, engine, admin)


@pytest.fixture
def account(admin: Admin, desk: Desk) -> str:
    """An account that the replica knows; its Id."""
    record_id = admin.create("Account", Name="Ada", Description="old", External_Id__c="A-1")
    desk.pull()
    return record_id


def test_edits_of_different_fields_both_stand(account: str, admin: Admin, desk: Desk) -> None:
    desk.note(Description="ours")
    admin.change("Account", account, Name="Ada L.")

    report = desk.push()

    assert (report.updated, report.clashes, report.retried) == (1, 0, 0)
    assert desk.in_org("Name, Description") == ("Ada L.", "ours")
    assert desk.conflicts() == []


def test_the_orgs_refusal_of_a_stale_write_costs_one_read(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Description="ours")
    admin.change("Account", account, Name="Ada L.")

    assert desk.push().api_calls == 3


def test_a_write_to_a_record_that_nobody_touched_costs_no_read(account: str, desk: Desk) -> None:
    desk.note(Description="ours")

    report = desk.push()

    assert (report.updated, report.api_calls) == (1, 1)


def test_a_person_wins_a_field_that_both_changed_and_the_clash_is_listed(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="ours", Description="ours")
    admin.wait(seconds=30)
    admin.change("Account", account, Name="theirs")

    report = desk.push()

    assert (report.updated, report.clashes) == (1, 1)
    assert desk.in_org("Name, Description") == ("theirs", "ours")
    (conflict,) = desk.conflicts()
    (who,) = query(desk.sf, f"SELECT CreatedById FROM Account WHERE Id = '{account}'")  # noqa: S608
    assert as_dict(conflict) == {
        "id": conflict.id,
        "write_id": 1,
        "sobject": "Account",
        "external_id": "A-1",
        "salesforce_id": account,
        "field": "Name",
        "base": "Ada",
        "ours": "ours",
        "theirs": "theirs",
        "their_user_id": who["CreatedById"],
        "their_change_at": NOON + timedelta(seconds=150),
        "cause": "test",
        "policy": "theirs",
        "outcome": "theirs",
        "found_at": desk.clock.now(),
        "resolved_at": None,
    }
    assert desk.conflicts(only_open=True) == []


def test_a_clash_known_from_the_replica_costs_no_call(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="ours")
    admin.change("Account", account, Name="theirs")
    desk.pull()

    report = desk.push()

    assert (report.api_calls, report.settled, report.clashes) == (0, 1, 1)
    assert desk.states() == ["yielded"]
    assert desk.note(Name="ours") is False  # what has lost is not fought for again and again
    assert desk.note(Name="a change made after reading theirs") is True
    assert desk.push().updated == 1
    assert desk.in_org("Name") == ("a change made after reading theirs",)


def test_an_equal_edit_is_not_written_again(account: str, admin: Admin, desk: Desk) -> None:
    desk.note(Name="Ada L.")
    admin.change("Account", account, Name="Ada L.")
    before = desk.in_org("SystemModstamp, LastModifiedById")

    report = desk.push()

    assert (report.updated, report.settled, report.clashes) == (0, 1, 0)
    assert desk.in_org("SystemModstamp, LastModifiedById") == before
    assert desk.states() == ["sent"]


def test_a_value_that_the_org_has_already_makes_no_call(account: str, desk: Desk) -> None:
    desk.note(Name="Ada")

    report = desk.push()

    assert (report.api_calls, report.settled) == (0, 1)


@pytest.fixture
def proposal(account: str, admin: Admin, desk: Desk) -> str:
    """A proposal that the replica knows; its Id."""
    order = admin.create("Order", AccountId=account, EffectiveDate="2026-09-01")
    (kind,) = query(desk.sf, "SELECT Id FROM RecordType WHERE DeveloperName = 'Manufacturer'")
    maker = admin.create(
        "Account", Name="M", RecordTypeId=kind["Id"], Qualification_Status__c="Qualified"
    )
    admin.change("Order", order, Status="AWAITING PROPOSALS")
    record_id = admin.create(
        "Order_Proposal__c",
        Order__c=order,
        Manufacturer__c=maker,
        Price__c=100,
        Lead_Time_Days__c=10,
        External_Id__c="P-1",
    )
    desk.pull()
    return record_id


def test_each_field_follows_its_own_policy(proposal: str, admin: Admin, desk: Desk) -> None:
    desk.note("P-1", "Order_Proposal__c", Price__c=110, Lead_Time_Days__c=20, Description__c="o")
    admin.change(
        "Order_Proposal__c", proposal, Price__c=90, Lead_Time_Days__c=15, Description__c="t"
    )

    report = desk.push()

    fields = "Price__c, Lead_Time_Days__c, Description__c"
    assert desk.in_org(fields, "P-1", "Order_Proposal__c") == (90, 20, "t")
    assert report.clashes == 3
    found = {each.field: (each.policy, each.outcome) for each in desk.conflicts()}
    assert found == {
        "Price__c": ("ask", "open"),
        "Lead_Time_Days__c": ("larger", "ours"),
        "Description__c": ("theirs", "theirs"),
    }


def test_a_field_of_the_back_office_is_put_right_and_told(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Payout_Account__c="acct_1")
    admin.change("Account", account, Payout_Account__c="typed by hand")

    report = desk.push()

    assert (report.updated, report.clashes) == (1, 1)
    assert desk.in_org("Payout_Account__c") == ("acct_1",)
    assert [each.outcome for each in desk.conflicts()] == ["ours"]


def ask_about_the_price(proposal: str, admin: Admin, desk: Desk) -> int:
    desk.note("P-1", "Order_Proposal__c", Price__c=110)
    admin.change("Order_Proposal__c", proposal, Price__c=90)
    desk.push()
    (conflict,) = desk.conflicts(only_open=True)
    return conflict.id


def test_a_person_can_decide_for_ours(proposal: str, admin: Admin, desk: Desk) -> None:
    conflict_id = ask_about_the_price(proposal, admin, desk)

    assert desk.resolve(conflict_id, Outcome.OURS) == {"Price__c": 110}
    report = desk.push()

    assert (report.updated, report.clashes) == (1, 0)
    assert desk.in_org("Price__c", "P-1", "Order_Proposal__c") == (110,)
    assert desk.conflicts(only_open=True) == []


def test_an_edit_after_the_decision_clashes_again(proposal: str, admin: Admin, desk: Desk) -> None:
    conflict_id = ask_about_the_price(proposal, admin, desk)
    desk.resolve(conflict_id, Outcome.OURS)
    admin.change("Order_Proposal__c", proposal, Price__c=95)

    report = desk.push()

    assert (report.updated, report.clashes) == (0, 1)
    assert desk.in_org("Price__c", "P-1", "Order_Proposal__c") == (95,)
    assert len(desk.conflicts(only_open=True)) == 1


def test_a_person_can_decide_for_theirs(proposal: str, admin: Admin, desk: Desk) -> None:
    conflict_id = ask_about_the_price(proposal, admin, desk)

    assert desk.resolve(conflict_id, Outcome.THEIRS) == {}

    assert desk.push() == PushReport()
    with pytest.raises(AlreadyResolved):
        desk.resolve(conflict_id, Outcome.OURS)
    with pytest.raises(ConflictNotFound):
        desk.resolve(conflict_id + 1, Outcome.OURS)


def test_what_is_open_can_be_told_on_the_record(proposal: str, admin: Admin, desk: Desk) -> None:
    conflict_id = ask_about_the_price(proposal, admin, desk)

    with transaction(desk.engine) as session:
        (told,) = tell_open(session)
        assert count_open(session) == 1

    assert (told.sobject, told.external_id, told.salesforce_id) == (
        "Order_Proposal__c",
        "P-1",
        proposal,
    )
    assert told.fields == ("Price__c",)
    assert told.text == "Price__c: the back office wants 110, Salesforce has 90.00 (it was 100.00)."
    assert f"(ID {conflict_id})" in told.remedy


@pytest.mark.parametrize("is_erased", [False, True])
@pytest.mark.parametrize("is_pulled", [False, True])
def test_a_deleted_record_is_not_revived_and_someone_is_asked(
    account: str, admin: Admin, desk: Desk, is_erased: bool, is_pulled: bool
) -> None:
    desk.note(Name="ours")
    admin.delete("Account", account)
    if is_erased:
        admin.erase("Account", account)
    if is_pulled:
        desk.pull()

    report = desk.push()

    assert (report.created, report.updated, report.settled, report.clashes) == (0, 0, 1, 1)
    alive = query(desk.sf, "SELECT Id FROM Account")
    assert alive == []
    (conflict,) = desk.conflicts(only_open=True)
    assert (conflict.field, conflict.ours) == ("IsDeleted", '{"Name":"ours"}')
    assert desk.push() == PushReport()


def test_a_deletion_can_be_decided_for_ours(account: str, admin: Admin, desk: Desk) -> None:
    desk.note(Name="ours")
    admin.delete("Account", account)
    desk.push()
    (conflict,) = desk.conflicts(only_open=True)

    desk.resolve(conflict.id, Outcome.OURS)
    report = desk.push()

    assert (report.created, report.clashes) == (1, 0)
    assert desk.in_org("Name, IsDeleted") == ("ours", False)


def test_a_record_that_was_restored_before_the_push_takes_the_write(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="ours")
    admin.delete("Account", account)
    desk.pull()
    admin.wait(seconds=5)
    admin.undelete("Account", account)

    report = desk.push()

    assert (report.updated, report.clashes) == (1, 0)
    assert desk.in_org("Name, Id") == ("ours", account)


def test_a_record_deleted_after_we_made_it_is_not_made_again(admin: Admin, desk: Desk) -> None:
    desk.pull()
    desk.note(Name="ours")
    desk.push()
    (row,) = query(desk.sf, "SELECT Id FROM Account")
    admin.delete("Account", row["Id"])
    admin.erase("Account", row["Id"])
    desk.note(Name="ours, later")

    report = desk.push()

    assert (report.created, report.clashes) == (0, 1)
    assert query_all(desk.sf, "SELECT Id FROM Account") == []


def test_our_second_write_before_the_next_pull_is_no_clash(account: str, desk: Desk) -> None:
    for name in ("one", "two", "one"):
        desk.note(Name=name)
        report = desk.push()
        assert (report.updated, report.clashes) == (1, 0)
        assert desk.in_org("Name") == (name,)

    desk.pull()
    desk.note(Name="three")
    report = desk.push()

    assert (report.updated, report.clashes, report.api_calls) == (1, 0, 1)


def test_a_record_that_we_made_can_be_changed_before_the_next_pull(desk: Desk) -> None:
    desk.pull()
    desk.note(Name="one", RecordType={"DeveloperName": "Manufacturer"})
    desk.push()
    desk.note(Name="two")

    report = desk.push()

    assert (report.updated, report.clashes) == (1, 0)
    assert desk.in_org("Name") == ("two",)


def test_a_person_between_two_writes_of_ours_wins(account: str, admin: Admin, desk: Desk) -> None:
    desk.note(Name="one")
    desk.push()
    admin.change("Account", account, Name="theirs")
    desk.note(Name="two")

    report = desk.push()

    assert (report.updated, report.clashes) == (0, 1)
    assert desk.in_org("Name") == ("theirs",)
    (conflict,) = desk.conflicts()
    assert (conflict.base, conflict.ours, conflict.theirs) == ('"one"', '"two"', '"theirs"')


def test_a_write_folded_into_a_newer_one_keeps_what_it_was_changed_from(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="one")
    admin.change("Account", account, Name="theirs")
    desk.pull()
    desk.note(Name="two")

    report = desk.push()

    assert (report.clashes, desk.in_org("Name")) == (1, ("theirs",))
    (conflict,) = desk.conflicts()
    assert (conflict.base, conflict.ours) == ('"Ada"', '"two"')


def test_a_record_that_both_sides_made_keeps_what_people_entered(admin: Admin, desk: Desk) -> None:
    desk.pull()
    desk.note(Name="ours", Description="same", RecordType={"DeveloperName": "Manufacturer"})
    record_id = admin.create("Account", Name="theirs", Description="same", External_Id__c="a-1")

    report = desk.push()

    assert (report.created, report.updated, report.clashes) == (0, 0, 1)
    assert desk.in_org("Name, Id", "a-1") == ("theirs", record_id)


def test_a_lookup_by_external_id_is_compared_with_the_id_it_means(
    account: str, admin: Admin, desk: Desk
) -> None:
    other = admin.create("Account", Name="Other", External_Id__c="A-2")
    order = admin.create(
        "Order", AccountId=account, EffectiveDate="2026-09-01", External_Id__c="O-1"
    )
    desk.pull()

    desk.note("O-1", "Order", Account={"External_Id__c": "A-1"})
    assert desk.push().settled == 1
    desk.note("O-1", "Order", Account={"External_Id__c": "A-2"})
    assert desk.push().updated == 1
    assert desk.in_org("AccountId", "O-1", "Order") == (other,)
    desk.note("O-1", "Order", Account={"External_Id__c": "A-1"})
    admin.change("Order", order, AccountId=account)

    report = desk.push()

    assert (report.updated, report.settled, report.clashes) == (0, 1, 0)
    assert desk.in_org("AccountId", "O-1", "Order") == (account,)


def test_a_field_without_a_column_is_refused_by_name_and_changes_nothing(
    account: str, desk: Desk
) -> None:
    desk.note(Phone="1", Name="ours")

    report = desk.push()

    assert (report.rejected, report.api_calls) == (1, 0)
    (problem,) = report.problems
    assert (problem["code"], problem["fields"]) == ("UNMIRRORED_FIELD", "Phone")
    assert desk.in_org("Name") == ("Ada",)


def test_an_unknown_outcome_is_recognised_though_a_person_edited_the_record_since(
    account: str, admin: Admin, desk: Desk, org: LocalOrgServer
) -> None:
    desk.note(Name="ours")
    add_fault(org, action="drop_after", path="/composite/sobjects", times=1)
    add_fault(org, action="status", status=503, path="/query", times=4)
    with pytest.raises(SalesforceUnavailable):
        desk.push()
    admin.change("Account", account, Name="theirs")

    report = desk.push()

    assert (report.confirmed, report.updated, report.clashes) == (1, 0, 0)
    assert desk.in_org("Name") == ("theirs",)


def test_a_record_that_we_made_without_an_answer_and_that_was_deleted_is_not_made_again(
    admin: Admin, desk: Desk, org: LocalOrgServer
) -> None:
    desk.pull()
    desk.note(Name="ours")
    add_fault(org, action="drop_after", path="/composite/sobjects", times=1)
    add_fault(org, action="status", status=503, path="/query", times=4)
    with pytest.raises(SalesforceUnavailable):
        desk.push()
    (row,) = query(desk.sf, "SELECT Id FROM Account")
    admin.delete("Account", row["Id"])

    report = desk.push()

    assert (report.confirmed, report.created) == (1, 0)
    assert query(desk.sf, "SELECT Id FROM Account") == []


def meddle(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], object]) -> None:
    """Let `act` happen just before each such step of the push."""
    real = getattr(sending, step)

    def first_act(*args: Any, **options: Any) -> Any:
        act()
        return real(*args, **options)

    monkeypatch.setattr(sending, step, first_act)


@pytest.mark.parametrize("step", ["prepare", "carry"])
def test_a_person_who_saves_within_the_push_is_not_overwritten(
    account: str, admin: Admin, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    left = ["theirs"]

    def save_once() -> None:
        if left:
            admin.wait(seconds=2)
            admin.change("Account", account, Name=left.pop())
            admin.wait(seconds=2)

    meddle(monkeypatch, step, save_once)
    desk.note(Name="ours", Description="ours")

    report = desk.push()

    assert (report.updated, report.clashes) == (1, 1)
    assert desk.in_org("Name, Description") == ("theirs", "ours")


def test_a_person_who_keeps_saving_is_waited_for(
    account: str, admin: Admin, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"theirs {n}" for n in range(MERGE_ROUNDS)]

    def save() -> None:
        if names:
            admin.wait(seconds=2)
            admin.change("Account", account, Name=names.pop(0))
            admin.wait(seconds=2)

    meddle(monkeypatch, "carry", save)
    desk.note(Description="ours")

    report = desk.push()
    assert (report.updated, report.retried) == (0, 1)
    with transaction(desk.engine) as session:
        row = session.scalars(select(OutboxWrite)).one()
        assert (row.state, row.error_code) == (WriteState.PENDING, "RECORD_BUSY")

    later = desk.push()

    assert later.updated == 1
    assert desk.in_org("Name, Description") == (f"theirs {MERGE_ROUNDS - 1}", "ours")


def test_a_version_whose_second_is_not_over_is_not_trusted(
    account: str, admin: Admin, desk: Desk
) -> None:
    admin.wait(seconds=60)
    admin.change("Account", account, Name="first")
    pull(desk.sf, desk.engine)
    desk.note(Name="ours")

    at_once = push(desk.sf, desk.engine, clock=desk.clock, sleep=lambda _: None)
    admin.change("Account", account, Name="second")
    report = desk.push()

    assert (at_once.retried, at_once.updated) == (1, 0)
    assert (report.updated, report.clashes) == (0, 1)
    assert desk.in_org("Name") == ("second",)


def test_a_write_that_was_put_off_and_then_lost_with_its_push_is_not_taken_for_written(
    account: str, admin: Admin, desk: Desk
) -> None:
    admin.wait(seconds=60)
    admin.change("Account", account, Description="theirs")
    pull(desk.sf, desk.engine)
    desk.note(Name="ours")
    push(desk.sf, desk.engine, clock=desk.clock, sleep=lambda _: None)  # puts it off
    desk.clock.advance(4000)
    list(WriteLeases(desk.engine, desk.clock, "a worker that was killed").take("Account"))
    desk.clock.advance(LEASE_S + 1)

    lost = desk.push()
    report = desk.push()

    assert (lost.confirmed, lost.updated + report.updated) == (0, 1)
    assert desk.in_org("Name, Description") == ("ours", "theirs")


def test_the_end_of_the_second_is_waited_for(account: str, admin: Admin, desk: Desk) -> None:
    admin.change("Account", account, Name="theirs")
    pull(desk.sf, desk.engine)
    desk.note(Description="ours")

    report = push(desk.sf, desk.engine, sleep=lambda s: admin.wait(seconds=s))

    assert (report.updated, report.retried) == (1, 0)
    assert desk.in_org("Name, Description") == ("theirs", "ours")


def test_an_edit_that_commits_late_is_not_overwritten(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="ours", Description="ours")
    admin.change("Account", account, Name="theirs", late_s=600)

    held = desk.push()
    assert (held.updated, held.retried) == (0, 1)
    admin.wait(seconds=600)
    report = desk.push()

    assert (report.updated, report.clashes) == (1, 1)
    assert desk.in_org("Name, Description") == ("theirs", "ours")


def test_a_late_second_edit_of_the_second_that_we_saw_is_not_overwritten(
    account: str, admin: Admin, desk: Desk
) -> None:
    admin.wait(seconds=60)
    admin.change("Account", account, Name="first")
    admin.change("Account", account, Name="second", late_s=600)
    desk.pull()
    desk.note(Name="ours")
    admin.wait(seconds=600)

    report = desk.push()

    assert (report.updated, report.clashes) == (0, 1)
    assert desk.in_org("Name") == ("second",)


def test_a_job_is_guarded_record_by_record_like_a_call(
    admin: Admin, desk: Desk, org: LocalOrgServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_push, "INGEST_CALLS", 0)
    control(org, "POST", "bulk", {"inline": True})
    ids = [admin.create("Account", Name=f"A {n}", External_Id__c=f"A-{n}") for n in range(4)]
    desk.pull()
    for n in range(4):
        desk.note(f"A-{n}", Name=f"ours {n}", Description="ours")
    admin.change("Account", ids[1], Name="theirs")
    admin.change("Account", ids[2], Description="ours")
    admin.delete("Account", ids[3])

    report = desk.push()

    assert (report.updated, report.created, report.clashes, report.settled) == (3, 0, 2, 1)
    rows = query(desk.sf, "SELECT Name, Description FROM Account ORDER BY Name")
    assert [(row["Name"], row["Description"]) for row in rows] == [
        ("ours 0", "ours"),
        ("ours 2", "ours"),
        ("theirs", "ours"),
    ]
    assert [each.field for each in desk.conflicts()] == ["Name", "IsDeleted"]


def test_a_clone_that_a_person_makes_is_not_guarded(account: str, admin: Admin, desk: Desk) -> None:
    desk.note(Name="ours")
    desk.push()
    (mark,) = desk.in_org("Sync_Write__c")

    clone = admin.create("Account", Name="Clone", Sync_Write__c=mark)
    admin.change("Account", clone, Name="Clone, edited", Sync_Write__c=None)

    (row,) = query(desk.sf, f"SELECT Name FROM Account WHERE Id = '{clone}'")  # noqa: S608
    assert row["Name"] == "Clone, edited"


def test_a_thousand_fresh_rows_are_five_calls(
    admin: Admin, desk: Desk, org: LocalOrgServer
) -> None:
    with transaction(desk.engine) as session:
        for n in range(1000):
            enqueue(session, "Account", f"A-{n}", {"Name": f"A {n}"}, "x")
    desk.push()
    desk.pull()
    with transaction(desk.engine) as session:
        for n in range(1000):
            enqueue(session, "Account", f"A-{n}", {"Name": f"B {n}"}, "x")
    before = counted_calls(org)

    report = desk.push()

    assert (report.updated, counted_calls(org) - before) == (1000, 5)


def test_a_record_whose_key_a_person_changed_is_not_made_anew_by_a_later_change(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="ours")
    admin.change("Account", account, External_Id__c="B-1")
    assert desk.push().clashes == 1
    desk.pull()

    desk.note(Name="ours once more")
    report = desk.push()

    assert (report.created, report.clashes) == (0, 1)
    assert [each.field for each in desk.conflicts(only_open=True)] == ["IsDeleted", "IsDeleted"]
    assert len(query(desk.sf, "SELECT Id FROM Account")) == 1


def test_two_spellings_of_one_key_are_sent_one_after_the_other(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note("N-1", Name="one")
    desk.note("n-1", Description="two")

    first, second = desk.push(), desk.push()

    assert (first.created, first.rejected) == (1, 0)
    assert (second.created, second.clashes, second.rejected) == (0, 1, 0)
    assert desk.in_org("Name, Description", "N-1") == ("one", None)


def test_a_decision_for_ours_stands_when_the_deleted_record_has_come_back(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="ours")
    admin.delete("Account", account)
    desk.push()
    (conflict,) = desk.conflicts(only_open=True)
    admin.undelete("Account", account)

    desk.resolve(conflict.id, Outcome.OURS)
    report = desk.push()

    assert (report.updated, report.clashes) == (1, 0)
    assert desk.in_org("Name, Description") == ("ours", "old")


def test_an_edit_after_the_record_came_back_is_not_overwritten_by_the_decision(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="ours")
    admin.delete("Account", account)
    desk.push()
    (conflict,) = desk.conflicts(only_open=True)
    admin.undelete("Account", account)
    admin.change("Account", account, Name="theirs")
    desk.pull()

    desk.resolve(conflict.id, Outcome.OURS)
    report = desk.push()

    assert (report.updated, report.clashes) == (0, 1)
    assert desk.in_org("Name") == ("theirs",)


@pytest.mark.parametrize("calls_for_a_job", [0, 7])
def test_what_a_held_save_wrote_in_the_second_of_the_version_we_know_is_not_overwritten(
    account: str,
    admin: Admin,
    desk: Desk,
    org: LocalOrgServer,
    monkeypatch: pytest.MonkeyPatch,
    calls_for_a_job: int,
) -> None:
    """The guard knows whole seconds, so a record that was held is read again before we send."""
    monkeypatch.setattr(bulk_push, "INGEST_CALLS", calls_for_a_job)
    control(org, "POST", "bulk", {"inline": True})
    desk.note(Description="ours")
    admin.change("Account", account, Name="first")
    admin.change("Account", account, Description="theirs", late_s=600)
    desk.pull()

    report = push(desk.sf, desk.engine, clock=desk.clock, sleep=lambda _: admin.wait(seconds=600))

    assert desk.in_org("Name, Description") == ("first", "theirs")
    assert (report.clashes, desk.states()) == (1, ["yielded"])


def test_a_change_that_the_replica_has_already_is_checked_before_it_counts_as_done(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Description="ours")
    admin.wait(seconds=30)
    admin.change("Account", account, Description="ours")
    desk.pull()
    admin.change("Account", account, Description="theirs")

    report = desk.push()

    assert (report.updated, report.clashes, desk.states()) == (0, 1, ["yielded"])
    assert desk.in_org("Description") == ("theirs",)
    assert [(each.ours, each.theirs) for each in desk.conflicts()] == [('"ours"', '"theirs"')]


def test_a_change_to_what_it_was_made_from_is_done_without_a_call(account: str, desk: Desk) -> None:
    desk.note(Description="old")

    report = desk.push()

    assert (report.settled, report.api_calls, desk.states()) == (1, 0, ["sent"])


def test_a_change_of_a_record_that_we_made_and_have_not_met_since_clashes_with_nobody(
    admin: Admin, desk: Desk
) -> None:
    desk.pull()
    desk.note(Name="Ada")
    desk.push()
    desk.note(Description="ours")

    report = desk.push()

    assert (report.updated, report.clashes) == (1, 0)
    assert desk.in_org("Name, Description") == ("Ada", "ours")


def test_what_a_person_added_to_a_record_that_we_made_and_have_not_met_since_stays(
    admin: Admin, desk: Desk
) -> None:
    desk.pull()
    desk.note(Name="Ada")
    desk.push()
    (record_id,) = desk.in_org("Id")
    admin.change("Account", record_id, Description="theirs")
    desk.note(Description="ours")

    report = desk.push()

    assert (report.updated, report.clashes) == (0, 1)
    assert desk.in_org("Description") == ("theirs",)


def test_a_decision_for_ours_makes_a_record_anew_that_no_pull_has_missed_yet(
    account: str, admin: Admin, desk: Desk
) -> None:
    desk.note(Name="ours")
    admin.erase("Account", account)
    desk.push()
    (conflict,) = desk.conflicts(only_open=True)

    desk.resolve(conflict.id, Outcome.OURS)
    report = desk.push()

    # Another Id than the replica's is not believed before it was read back.
    assert (report.confirmed, report.clashes) == (1, 0)
    assert desk.in_org("Name") == ("ours",)
