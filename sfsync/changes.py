"""Asks the org which records were changed or deleted since a time, and how far that is certain.

Owns the proof of completeness. The stamp of a row is set when it is written and the row shows when
its transaction commits, minutes later, so "the newest stamp seen" proves nothing. `getUpdated` and
`getDeleted` say up to when no change can appear any more: `latestDateCovered`, the start of the
oldest transaction still at work. They are also the only witness of records that were deleted for
good. All sObjects are asked in one call.
Source: REST API guide, "sObject Get Updated" and "sObject Get Deleted"; SOAP API guide,
"GetUpdatedResult" (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfsync.batch import BatchAnswer, with_parameters
from sfsync.values import read_instant

#: Older spans are not answered for: 30 days of changes, 15 of deletions; a day is kept in reserve.
LONGEST_SPAN = timedelta(days=14)
#: Seconds are cut off, and a span must be longer than a minute.
SHORTEST_SPAN = timedelta(minutes=2)
#: The org cannot list what happened in the span; everything has to be read again.
UNANSWERABLE = frozenset({"INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"})

Deletion = tuple[str, datetime]


@dataclass(frozen=True)
class Changes:
    """What happened to one sObject since a time."""

    covered_at: datetime  #: no change stamped before it can still appear
    changed: int  #: records created or changed
    deletions: tuple[Deletion, ...]  #: Ids of deleted records and when; those deleted for good too

    @property
    def is_quiet(self) -> bool:
        """Whether nothing happened at all."""
        return not self.changed and not self.deletions


def change_paths(since: Mapping[str, datetime], now: datetime) -> list[str]:
    """The resources that tell what happened to each sObject since its time, two for each.

    `now` is the org's time. To be read in one batch, whose answers go to `read_changes`.
    """
    # The minute that has begun is asked for too: the org cuts the seconds off.
    end = _cut(now) + timedelta(minutes=1)
    return [
        _path(name, what, min(_cut(start), end - SHORTEST_SPAN), end)
        for name, start in since.items()
        for what in ("updated", "deleted")
    ]


def read_changes(
    names: Iterable[str], answers: Sequence[BatchAnswer], now: datetime
) -> dict[str, Changes | None]:
    """What the org answered to `change_paths`, by sObject.

    None for an sObject of which the org cannot tell any more: the caller reads it whole. Raises
    SalesforceRejected when an sObject is not visible.
    """
    pairs = zip(answers[::2], answers[1::2], strict=True)
    return {name: _read(*pair, now) for name, pair in zip(names, pairs, strict=True)}


def _path(sobject: str, what: str, start: datetime, end: datetime) -> str:
    span = {"start": _spell(start), "end": _spell(end)}
    return with_parameters(f"sobjects/{sobject}/{what}", span)


def _read(updated: BatchAnswer, deleted: BatchAnswer, now: datetime) -> Changes | None:
    refusals = [each.error for each in (updated, deleted) if each.error is not None]
    if refusals and all(error.code in UNANSWERABLE for error in refusals):
        return None
    changes, deletions = updated.unwrap(), deleted.unwrap()
    covered = [read_instant(each["latestDateCovered"]) for each in (changes, deletions)]
    return Changes(
        covered_at=min(*covered, now),
        changed=len(changes["ids"]),
        deletions=tuple(
            (str(each["id"]), read_instant(each["deletedDate"]))
            for each in deletions["deletedRecords"]
        ),
    )


def _cut(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _spell(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00"
