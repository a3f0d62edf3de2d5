"""The part of the control plane that keeps an org's data under a name and brings it back.

Owns what a restore does to everything around the data: query results and bulk jobs go, since they
speak of rows that are no more, and the message under way is cut off, since the queue that it is of
is exchanged as well; tokens, clock, faults, counters and metadata stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sandbox.api.call import Answer
from sandbox.control_bodies import read_object
from sandbox.org.errors import refuse
from sandbox.org.snapshots import MisfitError

if TYPE_CHECKING:
    from sandbox.api.services import Services

_Action = tuple[str, list[str], Callable[..., Answer]]


def snapshot_actions(services: Services) -> list[_Action]:
    """Path, verbs and view of each action."""
    kept = services.snapshots

    def show_all() -> Answer:
        return Answer(body={"snapshots": [snapshot.as_json() for snapshot in kept.all()]})

    def take() -> Answer:
        return _take(services, read_object())

    def restore(name: str) -> Answer:
        restore_snapshot(services, name)
        return Answer(body={"restored": name})

    def delete(name: str) -> Answer:
        kept.delete(name)
        return Answer(204)

    return [
        ("/snapshots", ["GET"], show_all),
        ("/snapshots", ["POST"], take),
        ("/snapshots/<name>", ["DELETE"], delete),
        ("/snapshots/<name>/restore", ["POST"], restore),
    ]


def _take(services: Services, body: Mapping[str, object]) -> Answer:
    name, replace = body.get("name"), body.get("replace", False)
    is_understood = not set(body) - {"name", "replace"}
    if not (isinstance(name, str) and isinstance(replace, bool) and is_understood):
        raise refuse("INVALID_INPUT", 'Say {"name": "before-demo"}, and "replace": true if it may.')
    org = services.org
    taken = services.snapshots.add(name, org.copy_to, org.clock.now(), replace=replace)
    return Answer(201, taken.as_json())


def restore_snapshot(services: Services, name: str) -> None:
    """The data of that snapshot instead of the present data.

    Raises OrgError NOT_FOUND, and INVALID_INPUT naming what does not fit; nothing changed then.
    """
    with services.snapshots.working_copy(name) as copy:
        try:
            services.org.fit_copy(copy)
            services.bulk.clear()
            with services.outbound.standing_still():
                services.org.take_over(copy)
        except MisfitError as error:
            message = f"Snapshot {name} does not fit the metadata of this org: {error}. "
            remedy = "Restore it into an org with the metadata of the time."
            raise refuse("INVALID_INPUT", message + remedy) from error
    services.locators.clear()
