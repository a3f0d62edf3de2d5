"""A clash with a person's edit is seen on the record, in its story and among the figures."""

from __future__ import annotations

from datetime import UTC, datetime

from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, update

from config.clock import FrozenClock
from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.client import sobject
from sfsync.conflicts import SyncConflict
from sfsync.exposition import as_values
from sfsync.metrics import Now, read_metrics
from sfsync.pull import pull
from sfsync.queries import query
from sfsync.record_problems import note_problems
from sfsync.stories import tell_stories
from tests.app.test_sync_why import sf

__all__ = ["sf"]

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def clash(engine: Engine) -> None:
    """A sheet wants 6 where a person wrote 5; it was 4."""
    with transaction(engine) as session:
        session.add(
            SyncConflict(
                write_id=1,
                sobject="Account",
                external_id="A-1",
                field="Rating__c",
                base="4",
                ours="6",
                theirs="5",
                cause="orders.xlsx row 7",
                policy="ask",
                outcome="open",
                found_at=NOON,
            )
        )


def note(sf: Salesforce) -> str | None:
    text: str | None = query(sf, "SELECT Sync_Problem__c FROM Account")[0]["Sync_Problem__c"]
    return text


def test_an_open_clash_stands_on_the_record_until_it_is_decided(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    sobject(sf, "Account").create({"Name": "Ada", "External_Id__c": "A-1"})
    clash(engine)

    noted = note_problems(sf, engine, clock=FrozenClock(NOON))
    lines = (note(sf) or "").splitlines()
    with transaction(engine) as session:
        session.execute(update(SyncConflict).values(outcome="theirs", resolved_at=NOON))
    cleared = note_problems(sf, engine, clock=FrozenClock(NOON))

    assert (noted.noted, cleared.cleared) == (1, 1)
    assert lines[:3] == [
        "The backoffice and a person changed this record differently.",
        "What happened: Rating: the back office wants 6, Salesforce has 5 (it was 4).",
        "What to do: Ask the developer on call to decide: your value, or ours.",
    ]
    assert note(sf) is None


def test_a_clash_is_a_part_of_the_story_and_of_the_figures(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    sobject(sf, "Account").create({"Name": "Ada", "External_Id__c": "A-1"})
    pull(sf, engine)
    clash(engine)

    with transaction(engine) as session:
        (story,) = tell_stories(session, "A-1", NOON)
        figures = as_values(read_metrics(session, Now(NOON, NOON)))

    assert [event.text for event in story.events if event.source == "conflicts"] == [
        "conflict 1 (open): Rating__c: the back office wants 6, Salesforce has 5 (it was 4)."
    ]
    assert figures["manufaktura_sync_conflicts_open"] == 1


def test_the_first_sentence_of_a_story_asks_for_the_decision_and_says_how(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    sobject(sf, "Account").create({"Name": "Ada", "External_Id__c": "A-1"})
    pull(sf, engine)
    clash(engine)

    with transaction(engine) as session:
        (story,) = tell_stories(session, "A-1", NOON)

    assert story.verdict.endswith(
        " is in Salesforce, and somebody has to decide: Rating__c: the back office wants 6,"
        " Salesforce has 5 (it was 4)."
    )
    assert story.remedy == (
        "Decide with `flask sync conflicts resolve ID --take ours|theirs` (ID 1)."
    )
