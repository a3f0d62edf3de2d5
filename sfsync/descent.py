"""Finds out where the replica and the org differ, as deep as it must.

Owns the descent: our rows against their checksums, at no call; figures by day of all sObjects, in
one call; Ids and stamps of the days that differ; and whole rows, where the stamps agree and the
figures do not, or where there are too many suspects to ask for each.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from simple_salesforce.api import Salesforce

from config.database import transaction
from sfsync import mapping as maps
from sfsync.about_org import describe_many
from sfsync.batch import BatchAnswer, get_many
from sfsync.errors import SalesforceRejected
from sfsync.examining import MOST_EXAMINED, Examiner, Inquiry, Pause, is_alive
from sfsync.exports import is_export_cheaper
from sfsync.figures import (
    DayBook,
    DayFigures,
    Measures,
    Row,
    choose_measures,
    figure_paths,
    read_figures,
)
from sfsync.healing import Healer
from sfsync.keyset import Span
from sfsync.queries import follow_pages
from sfsync.replica_reads import load_stored
from sfsync.results import Record
from sfsync.scanning import SECOND, Scan, spans_of
from sfsync.survey import Survey, find_unmet, survey
from sfsync.sync_state import credible_to

#: What a list of Ids and versions consists of.
VERSION_COLUMNS = frozenset({"salesforce_id", "is_deleted", "system_modstamp"})


@dataclass(frozen=True)
class _Question:
    """What one sObject has in the batch that serves all of them."""

    book: DayBook
    inquiry: Inquiry
    figures: Sequence[str]

    @property
    def paths(self) -> list[str]:
        return [*self.inquiry.paths, *self.figures]


@dataclass
class Descent:
    """One comparison at work, from the cheap to the exact."""

    sf: Salesforce
    healer: Healer
    examiner: Examiner
    pause: Pause

    def compare_fields(self, mappings: Iterable[maps.Mapping]) -> None:
        """Every field of every row."""
        for mapping in mappings:
            found = self._survey(mapping, Measures())
            self._compare_whole(mapping, found)

    def compare_figures(self, mappings: Sequence[maps.Mapping]) -> None:
        """Figures by day, and whatever lies below those that differ."""
        described = describe_many(self.sf, [mapping.sobject for mapping in mappings])
        questions = [
            question
            for mapping in mappings
            if (question := self._ask_about(mapping, described.get(mapping.sobject)))
        ]
        answers = iter(get_many(self.sf, [path for each in questions for path in each.paths]))
        for each in questions:
            self._take_answers(each, [next(answers) for _ in each.paths])

    def _ask_about(self, mapping: maps.Mapping, describe: Record | None) -> _Question | None:
        """What to ask the org of one sObject; None when all of its rows had to be read at once."""
        if describe is None:
            raise SalesforceRejected(
                f"The org does not show {mapping.sobject} to us.",
                code="INVALID_TYPE",
                remedy="Assign permission set Manufaktura_Integration.",
            )
        found = self._survey(mapping, choose_measures(mapping, describe))
        if len(found.suspects) > MOST_EXAMINED:
            self._compare_whole(mapping, found)
            return None
        book, inquiry = found.book, self.examiner.prepare(mapping, found.suspects)
        first_day = min(book.days, default=None)
        figures = figure_paths(mapping, book.measures, first_day, book.proven_to)
        return _Question(book, inquiry, figures)

    def _take_answers(self, question: _Question, answers: Sequence[BatchAnswer]) -> None:
        inquiry, book, places = question.inquiry, question.book, len(question.inquiry.paths)
        book.replace((), self.examiner.conclude(inquiry, answers[:places]))
        rows = (row for each in answers[places:] for row in follow_pages(self.sf, each.unwrap()))
        self._compare_days(inquiry.mapping, book, read_figures(rows, book.measures))

    def _survey(self, mapping: maps.Mapping, measures: Measures) -> Survey:
        self.pause()
        book = DayBook(measures, self._proven_to(mapping))
        found = survey(self.healer.engine, mapping, book, credible_to(self.healer.now))
        self.healer.findings[mapping.sobject].rows = found.rows
        return found

    def _compare_days(
        self, mapping: maps.Mapping, book: DayBook, theirs: Mapping[date, DayFigures]
    ) -> None:
        days = book.parted_from(theirs)
        if not days:
            return
        rows, spans = _count_rows(days, book, theirs), spans_of(days, book.proven_to)
        apart = sum(abs(_rows_on(day, book.days) - _rows_on(day, theirs)) for day in days)
        # An export of whole rows costs as many calls as one of their versions, and tells all.
        if apart <= MOST_EXAMINED and not is_export_cheaper(rows, len(spans)):
            self._note_depth(mapping, "ids")
            self.examiner.examine(mapping, self._find_other_versions(mapping, spans, rows), book)
            days = [day for day in book.unlike_in_values(theirs) if day in days]
            rows, spans = _count_rows(days, book, theirs), spans_of(days, book.proven_to)
        if days:
            self._compare_rows(mapping, spans, rows)

    def _find_other_versions(
        self, mapping: maps.Mapping, spans: Sequence[Span], rows: int
    ) -> list[str]:
        """The Ids of rows that exist on one side only, or in another version."""
        fields = tuple(each for each in mapping.fields if each.column in VERSION_COLUMNS)
        suspects: list[str] = []
        met = array("q")
        for page in Scan(self.sf, replace(mapping, fields=fields, extra=()), spans, rows).read():
            self.pause()
            with transaction(self.healer.engine) as session:
                ids = [row["salesforce_id"] for row in page]
                present = load_stored(session, mapping, ids, lock=False)
            for row in page:
                met.append(hash(row["salesforce_id"]))
                if _is_other_version(present.get(row["salesforce_id"]), row):
                    suspects.append(row["salesforce_id"])
        return [*suspects, *find_unmet(self.healer.engine, mapping, spans, met)]

    def _compare_whole(self, mapping: maps.Mapping, found: Survey) -> None:
        """All rows, and the suspects that are not among the org's."""
        spans = [Span(self._proven_to(mapping) - SECOND)]
        self._compare_rows(mapping, spans, found.rows, found.suspects)

    def _compare_rows(
        self,
        mapping: maps.Mapping,
        spans: Sequence[Span],
        rows: int,
        suspects: Sequence[str] = (),
    ) -> None:
        """Every field of the rows of these spans; then what is left of the suspects."""
        self._note_depth(mapping, "fields")
        doubtful: list[str] = []
        met = array("q")
        for page in Scan(self.sf, mapping, spans, rows).read():
            self.pause()
            met.extend(hash(row["salesforce_id"]) for row in page)
            doubtful += self.healer.settle(mapping, {row["salesforce_id"]: row for row in page})
        unmet = find_unmet(self.healer.engine, mapping, spans, met)
        known = set(met) if suspects else set()
        left = (each for each in suspects if hash(each) not in known)
        self.examiner.examine(mapping, dict.fromkeys([*doubtful, *unmet, *left]))

    def _proven_to(self, mapping: maps.Mapping) -> datetime:
        return self.healer.proven_to[mapping.sobject]

    def _note_depth(self, mapping: maps.Mapping, depth: str) -> None:
        self.healer.findings[mapping.sobject].depth = depth


def _is_other_version(ours: Row | None, theirs: Row) -> bool:
    if ours is None or theirs["is_deleted"] or ours["is_deleted"]:
        return is_alive(ours) != is_alive(theirs)
    return bool(ours["system_modstamp"] != theirs["system_modstamp"])


def _rows_on(day: date, figures: Mapping[date, DayFigures]) -> int:
    return figures[day].rows if day in figures else 0


def _count_rows(days: Iterable[date], book: DayBook, theirs: Mapping[date, DayFigures]) -> int:
    return sum(max(_rows_on(day, book.days), _rows_on(day, theirs)) for day in days)
