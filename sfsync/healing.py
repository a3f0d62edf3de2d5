"""Heals replica rows that differ from the org's records, each together with its ledger entries.

Owns the promise that nothing is healed without a trace and nothing traced without being healed:
both are one transaction, in pieces of a bounded number of rows, so that a run may be killed
anywhere and the next one finds what is left. In a rehearsal nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync import mapping as maps
from sfsync.drift import Drift
from sfsync.errors import SalesforceRetryable
from sfsync.figures import Row
from sfsync.judging import Remedy, Verdict, judge
from sfsync.replica_reads import load_stored
from sfsync.replica_writes import store_rows, sum_again
from sfsync.sync_state import read_state
from sfsync.tombstones import bury

#: Every stored stamp is later, so that none protects its row.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
#: Differences that a report names; the ledger holds all of them.
MOST_LISTED = 200


@dataclass
class ObjectFindings:
    """What a reconciliation found out about one sObject."""

    rows: int = 0  #: replica rows that were looked at
    drifted: int = 0  #: of them and of the org's records, those that differed
    kinds: Counter[str] = field(default_factory=Counter)  #: differences by kind
    moved: int = 0  #: rows that others wrote meanwhile; left to the next run
    depth: str = "figures"  #: how deep it had to look: figures, ids or fields

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return {**vars(self), "kinds": dict(self.kinds)}


@dataclass
class Healer:
    """Judges rows and heals them. `run_id` None is a rehearsal."""

    engine: Engine
    run_id: int | None
    now: datetime  #: the org's time
    proven_to: Mapping[str, datetime]  #: by sObject
    load_nos: Mapping[str, int]  #: by sObject, the reading of everything that the proof rests on
    findings: dict[str, ObjectFindings]  #: by sObject; adds to them
    listed: list[dict[str, Any]] = field(default_factory=list)  #: the first differences
    #: what a rehearsal has judged: it meets its rows again, deeper down, as they were
    _rehearsed: set[tuple[str, str]] = field(default_factory=set)

    def settle(
        self,
        mapping: maps.Mapping,
        theirs: Mapping[str, Row | None],
        seen: Mapping[str, Row] | None = None,
    ) -> list[str]:
        """Judges and heals rows by Id in one transaction; answers those that it could not judge.

        `theirs` are the org's records, None for those it does not show. `seen` are our rows as they
        were before the org was asked: one that was written since is not judged. Without `seen`, one
        that is newer than the org's, or dead where that is alive, is not: it may have been written
        since. Raises SalesforceRetryable when the sObject is being read whole by somebody else.
        """
        with transaction(self.engine) as session:
            self._ensure_standing(session, mapping.sobject)
            present = load_stored(session, mapping, theirs, lock=self.run_id is not None)
            doubtful = [
                each
                for each, other in theirs.items()
                if _is_doubtful(each, present.get(each), other, seen)
            ]
            verdicts = self._judge(mapping, theirs.keys() - set(doubtful), present, theirs)
            if self.run_id is not None:
                self._heal(session, mapping, verdicts, theirs, present)
        self._note(mapping.sobject, verdicts)
        return doubtful

    def _ensure_standing(self, session: Session, sobject: str) -> None:
        """A rebuild empties the replica; what is missing then is no drift."""
        state = read_state(session, sobject)
        if state.is_loading or state.load_no != self.load_nos[sobject]:
            raise SalesforceRetryable(
                f"{sobject} is being read whole, so that there is nothing to compare with.",
                remedy="Run it again when that is over.",
            )

    def _judge(
        self,
        mapping: maps.Mapping,
        ids: Set[str],
        present: Mapping[str, Row],
        theirs: Mapping[str, Row | None],
    ) -> dict[str, Verdict]:
        """The verdicts on rows that are not fine, in the order of Ids."""
        proven_to = self.proven_to[mapping.sobject]
        verdicts = {
            each: judge(mapping, present.get(each), theirs[each], proven_to)
            for each in sorted(ids)
            if (mapping.sobject, each) not in self._rehearsed
        }
        return {each: it for each, it in verdicts.items() if it.remedy is not Remedy.NOTHING}

    def _heal(
        self,
        session: Session,
        mapping: maps.Mapping,
        verdicts: Mapping[str, Verdict],
        theirs: Mapping[str, Row | None],
        present: Mapping[str, Row],
    ) -> None:
        by_remedy = {
            remedy: [each for each, verdict in verdicts.items() if verdict.remedy is remedy]
            for remedy in Remedy
        }
        stored = {each: row for each in by_remedy[Remedy.STORE] if (row := theirs[each])}
        new = [row for each, row in stored.items() if each not in present]
        # One that somebody has stored meanwhile is protected by its stamp; the others are locked.
        store_rows(session, mapping, new, None)
        known = [row for each, row in stored.items() if each in present]
        store_rows(session, mapping, known, None, NEVER)
        bury(session, mapping, by_remedy[Remedy.BURY])
        sum_again(session, mapping, by_remedy[Remedy.SUM])
        session.add_all(self._entries(mapping.sobject, verdicts))

    def _entries(self, sobject: str, verdicts: Mapping[str, Verdict]) -> list[Drift]:
        common = {"run_id": self.run_id, "found_at": self.now, "healed_at": self.now}
        return [Drift(**each, **common) for each in _tell(sobject, verdicts)]

    def _note(self, sobject: str, verdicts: Mapping[str, Verdict]) -> None:
        if self.run_id is None:
            self._rehearsed.update((sobject, each) for each in verdicts)
        findings = self.findings[sobject]
        told = _tell(sobject, verdicts)
        findings.drifted += len({each["salesforce_id"] for each in told})
        findings.kinds.update(each["kind"] for each in told)
        self.listed += told[: MOST_LISTED - len(self.listed)]


def _is_doubtful(
    record_id: str, ours: Row | None, theirs: Row | None, seen: Mapping[str, Row] | None
) -> bool:
    if seen is not None:
        return ours != seen.get(record_id)
    if ours is None or theirs is None:
        return False
    is_newer = bool(ours["system_modstamp"] > theirs["system_modstamp"])
    return is_newer or bool(ours["is_deleted"] != theirs["is_deleted"])


def _tell(sobject: str, verdicts: Mapping[str, Verdict]) -> list[dict[str, Any]]:
    return [
        {"sobject": sobject, "salesforce_id": record_id, **vars(each), "kind": each.kind.value}
        for record_id, verdict in verdicts.items()
        for each in verdict.differences
    ]
