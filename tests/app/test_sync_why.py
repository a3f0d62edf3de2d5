"""`flask sync why RECORD`: one record's story in plain words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine

from config.database import transaction
from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.client import connect, sobject
from sfsync.delivery import deliver
from sfsync.drift import Drift, Reconciliation
from sfsync.exposition import as_values
from sfsync.metrics import Now, read_metrics
from sfsync.outbox import enqueue
from sfsync.pull import pull
from sfsync.queries import query
from sfsync.schema import SyncField
from sfsync.stories import Story, tell_stories
from tests.app.test_commands import answer_of, invoke
from tests.control import add_fault, control
from tests.sfsync.people import Admin

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ORDER = {"Name": "Arm", "EffectiveDate": "2027-06-01", "Status": "PENDING VALIDATION"}


@pytest.fixture
def sf(settings: Settings) -> Salesforce:
    return connect(settings, sleep=lambda _: None)


def want(engine: Engine, name: str, key: str, **values: Any) -> None:
    with transaction(engine) as session:
        enqueue(session, name, key, values, "orders.xlsx row 7")


def send(org: LocalOrgServer, sf: Salesforce, engine: Engine) -> None:
    """A delivery; what it waits for passes on the org's clock."""
    deliver(sf, engine, sleep=org.org.clock.advance)


def story(engine: Engine, text: str) -> Story:
    with transaction(engine) as session:
        (found,) = tell_stories(session, text, datetime.now(UTC))
    return found


def there(sf: Salesforce, key: str = "A-1", **values: Any) -> str:
    created = sobject(sf, "Account").create({"Name": "Ada", "External_Id__c": key, **values})
    return str(created["id"])


def test_a_refused_creation_is_not_in_salesforce_because_of_the_orgs_words(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    pull(sf, engine)
    want(engine, "Account", "A-1", Name="Ada", CurrencyIsoCode="XXX")
    send(org, sf, engine)

    found = story(engine, "A-1")

    assert found.verdict == (
        "Account A-1 is not in Salesforce because Salesforce refused it:"
        " Currency ISO Code: bad value for restricted picklist field: XXX."
    )
    (write,) = found.writes
    assert found.remedy == (
        "Choose a value of the picklist, or ask the admin to add this one."
        f" Then send it again: `flask outbox retry {write['id']}`."
    )
    assert (write["state"], write["attempts"]) == ("rejected", 1)
    assert [event.source for event in found.events] == ["outbox", "outbox", "notes", "outbox"]
    assert found.events[1].text.startswith(
        f"write {write['id']}: attempt 1 failed: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    )
    assert found.events[2].text == "a Case in Salesforce tells what could not be saved"


def test_a_child_of_a_refused_parent_says_what_it_waits_for(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    pull(sf, engine)
    want(engine, "Account", "HD-1", Name="Ada", CurrencyIsoCode="XXX")
    want(engine, "Order", "ORD-1", **ORDER, Account={"External_Id__c": "HD-1"})
    send(org, sf, engine)

    found = story(engine, "ord-1")

    assert found.verdict.startswith(
        "Order ORD-1 is not in Salesforce because it waits for Account HD-1, which was refused:"
    )
    assert found.remedy == (
        "Look at the record that it waits for: `flask sync why` tells its story."
    )


def test_without_a_proof_nothing_is_said_to_be_absent(org: LocalOrgServer, engine: Engine) -> None:
    want(engine, "Account", "A-1", Name="Ada")

    found = story(engine, "A-1")

    assert found.verdict == (
        "Account A-1 is not known to be in Salesforce because it goes with the next push."
    )
    assert found.proof.startswith("nothing is proven")


def test_a_record_is_found_by_every_name_that_people_use(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    account = there(sf)
    order = sobject(sf, "Order").create({**ORDER, "AccountId": account, "External_Id__c": "ORD-1"})
    pull(sf, engine)
    number = query(sf, "SELECT OrderNumber FROM Order")[0]["OrderNumber"]

    by_name = {text: story(engine, text).verdict for text in (number, order["id"], "ORD-1")}
    by_short = story(engine, order["id"][:15]).verdict

    assert set(by_name.values()) == {by_short}
    assert by_short == (
        f"Order ORD-1 ({number}, {order['id']}) is in Salesforce,"
        " and nothing waits to be written to it."
    )


def test_a_refused_change_of_a_record_says_that_the_record_is_there(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    record_id = there(sf)
    Admin(org).wait(seconds=2)
    pull(sf, engine)
    org.org.clock.advance(2)
    want(engine, "Account", "A-1", CurrencyIsoCode="XXX")
    send(org, sf, engine)

    found = story(engine, record_id)

    assert found.verdict.startswith(
        f"Account A-1 ({record_id}) is in Salesforce, but what orders.xlsx row 7 wants has not"
        " arrived: Salesforce refused it: "
    )
    sources = {event.source for event in found.events}
    assert sources == {"replica", "outbox", "notes"}


def test_a_write_that_is_tried_again_says_when_and_why(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    there(sf)
    Admin(org).wait(seconds=2)
    pull(sf, engine)
    want(engine, "Account", "A-1", Name="Ada B.")
    add_fault(org, action="UNABLE_TO_LOCK_ROW", inner=True, method="PATCH", times=3)
    send(org, sf, engine)

    found = story(engine, "A-1")

    (write,) = found.writes
    due = f"{write['next_attempt_at']:%Y-%m-%d %H:%M:%S}"
    assert f"it is tried again by itself after {due} UTC; the last attempt failed: UNABLE_TO" in (
        found.verdict
    )
    assert found.remedy is None


def test_a_write_that_arrived_before_the_next_pull_is_said_to_be_there(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    pull(sf, engine)
    want(engine, "Account", "A-1", Name="Ada")
    send(org, sf, engine)

    found = story(engine, "A-1")

    record_id = query(sf, "SELECT Id FROM Account")[0]["Id"]
    assert found.verdict == (
        f"Account A-1 ({record_id}) is in Salesforce, though the replica has not read it yet."
    )
    assert "Salesforce created it" in found.events[-1].text


def test_a_deleted_record_is_said_to_be_deleted(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    record_id = there(sf)
    pull(sf, engine)
    Admin(org).delete("Account", record_id)
    pull(sf, engine)

    assert story(engine, "A-1").verdict == f"Account A-1 ({record_id}) was deleted in Salesforce."


def test_drift_is_a_part_of_the_story(org: LocalOrgServer, sf: Salesforce, engine: Engine) -> None:
    record_id = there(sf)
    pull(sf, engine)
    with transaction(engine) as session:
        run = Reconciliation(depth="fields", sobjects="Account", started_at=NOON)
        session.add(run)
        session.flush()
        session.add(
            Drift(
                run_id=run.id,
                sobject="Account",
                salesforce_id=record_id,
                field="Name",
                kind="cell",
                ours="Ada",
                theirs="Ida",
                cause="a late commit",
                found_at=NOON,
                healed_at=NOON,
            )
        )

    told = [event.text for event in story(engine, "A-1").events if event.source == "drift"]

    found, healed = told
    assert found == (
        "a comparison found drift (cell), Name: here 'Ada', there 'Ida';"
        " likely cause: a late commit"
    )
    assert healed == "the drift was healed"


def test_a_column_that_stands_still_is_a_part_of_the_story_and_of_the_figures(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    there(sf)
    pull(sf, engine)
    paused = {"state": "paused", "paused_at": NOON, "reason": "It is text now.", "remedy": "Ask."}
    with transaction(engine) as session:
        session.merge(SyncField(sobject="Account", name="Rating__c", **paused))

    told = [event.text for event in story(engine, "A-1").events if event.source == "columns"]
    with transaction(engine) as session:
        figures = as_values(read_metrics(session, Now(NOON, NOON)))

    assert told == ["Account.Rating__c is not read since: It is text now. What to do: Ask."]
    assert figures["manufaktura_sync_columns_paused"] == 1


def test_the_command_tells_the_story_in_time_order(app: Flask, org: LocalOrgServer) -> None:
    control(org, "POST", "clock", {"now": "2026-05-04T12:00:00+00:00", "frozen": True})
    invoke(app, "sync", "pull")
    with transaction(app.extensions["runtime"].engine) as session:
        enqueue(session, "Account", "A-1", {"Name": "Ada", "CurrencyIsoCode": "XXX"}, "row 7")
    invoke(app, "sync", "push")

    result = invoke(app, "sync", "why", "A-1")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0].startswith("Account A-1 is not in Salesforce because Salesforce refused it:")
    assert lines[1].startswith("What to do: Choose a value of the picklist")
    assert lines[2] == (
        "Proof: the replica is complete up to 2026-05-04 12:00:00 UTC (the org's word at 12:00:00)."
    )
    times = [line.split("  ")[1] for line in lines[3:]]
    assert times == sorted(times)


def test_the_story_is_there_for_programs(app: Flask, org: LocalOrgServer) -> None:
    invoke(app, "sync", "pull")
    with transaction(app.extensions["runtime"].engine) as session:
        enqueue(session, "Account", "A-1", {"Name": "Ada"}, "row 7")

    (found,) = answer_of(invoke(app, "sync", "why", "A-1", "--json"))

    assert found["verdict"] == (
        "Account A-1 is not in Salesforce because it goes with the next push."
    )
    assert (found["sobject"], found["holds"], found["remedy"]) == ("Account", None, None)
    assert found["writes"][0]["values"] == {"Name": "Ada"}
    assert found["events"][0]["source"] == "outbox"


def test_a_record_that_nobody_knows_ends_with_1_and_says_how_far_is_proven(
    app: Flask, org: LocalOrgServer
) -> None:
    control(org, "POST", "clock", {"now": "2026-05-04T12:00:00+00:00", "frozen": True})
    invoke(app, "sync", "pull")

    result = invoke(app, "sync", "why", "NOBODY")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Nothing is known of 'NOBODY'." in result.stderr
    assert "Order: the replica is complete up to 2026-05-04 12:00:00 UTC" in result.stderr
