"""Tells a person in Salesforce what the backoffice could not save, in words without code.

Owns the wording of notes on records and of Cases. Fields are called by their labels in the org, as
its pages show them; the org's own sentence stands in the text unchanged.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from sfsync import jsonio
from sfsync.readback import flatten

#: Length of Sync_Problem__c in salesforce/.
LONGEST_NOTE = 4000
#: More of one value than this helps nobody to recognise it.
LONGEST_VALUE = 120
ORG_SPEAKS = "Salesforce said"
COULD_NOT_SAVE = "The backoffice could not save this record."
SEND_AGAIN = (
    "When it is corrected, send the corrected sheet again, or ask the developer on call to have it"
    " sent again, or dropped if it is no longer wanted."
)
NOTE_GOES = "This note goes away by itself as soon as that is settled."
CASE_CLOSES = "This Case closes by itself as soon as that is settled."

#: Labels of one sObject's fields by API name, and of its lookups by relationship name.
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong between us and one record of the org.

    At least one of `external_id` and `salesforce_id` is given; both where both are known, so that
    all problems of a record come together.
    """

    sobject: str
    external_id: str | None
    salesforce_id: str | None
    wanted: Mapping[str, Any]  #: what we want the record to hold, by API name
    said: str  #: why it does not: the org's own words, or what a person did
    remedy: str  #: what a person does about it, without a word of code
    blamed: tuple[str, ...]  #: API names of the fields at fault, as far as known
    cause: str  #: what brought it about: a file and row, an event, a run
    at: datetime  #: when it was found
    heading: str = COULD_NOT_SAVE
    speaker: str = ORG_SPEAKS  #: who or what `said` comes from, to stand before it
    afterwards: str = SEND_AGAIN  #: what follows the remedy, the same for many problems

    @property
    def facts(self) -> tuple[object, ...]:
        """What makes this problem another one; that it is met again later does not."""
        told = (self.heading, self.speaker, self.said, self.remedy, self.afterwards)
        return (*told, dict(self.wanted), self.blamed, self.cause)


def fingerprint(problems: Sequence[Problem]) -> str:
    """The same for the same problems, whenever they are met; 64 characters."""
    text = jsonio.dumps([each.facts for each in problems], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_labels(describe: Mapping[str, Any]) -> dict[str, str]:
    """The labels that a describe gives to its fields and lookups."""
    labels: dict[str, str] = {}
    for field in describe["fields"]:
        labels[field["name"]] = field["label"]
        if field.get("relationshipName"):
            labels[field["relationshipName"]] = field["label"]
    return labels


def tell_problems(
    problems: Sequence[Problem],
    labels: Labels,
    since: datetime,
    zone: tzinfo,
    ending: str = NOTE_GOES,
) -> str:
    """The note about all problems of one record, cut to the length of its field.

    The end, with what happens to the note, is never cut.
    """
    told = "\n\n".join(_tell_problem(each, labels) for each in problems)
    afterwards = " ".join(dict.fromkeys(each.afterwards for each in problems if each.afterwards))
    last = f"Since {since.astimezone(zone):%Y-%m-%d %H:%M %Z}."
    end = f"\n\n{f'{afterwards} {ending}'.strip()}\n{last}"
    return shorten(told, LONGEST_NOTE - len(end)) + end


def _tell_problem(problem: Problem, labels: Labels) -> str:
    lines = (
        problem.heading,
        f"Wanted: {_tell_values(problem, labels)}" if problem.wanted else "",
        f"From: {problem.cause}" if problem.cause else "",
        f"{problem.speaker}: {_tell_reason(problem, labels)}",
        f"What to do: {problem.remedy}",
    )
    return "\n".join(line for line in lines if line)


def _tell_reason(problem: Problem, labels: Labels) -> str:
    """The org's sentence as it is, with the fields at fault; ours with labels for their names."""
    if problem.speaker != ORG_SPEAKS:
        pattern = "|".join(map(re.escape, problem.blamed)) or "(?!)"
        return re.sub(rf"\b(?:{pattern})\b", lambda name: _label(name[0], labels), problem.said)
    blamed = ", ".join(_label(name, labels) for name in problem.blamed)
    return problem.said + (f" (field: {blamed})" if blamed else "")


def _tell_values(problem: Problem, labels: Labels) -> str:
    """The wanted values, those of the fields at fault first."""
    values = dict(flatten(problem.wanted))
    order = sorted(values, key=lambda path: path.split(".")[0] not in problem.blamed)
    told = [f"{_label(path, labels)} = {tell_value(values[path])}" for path in order]
    return "; ".join(told)


def _label(path: str, labels: Labels) -> str:
    name = path.split(".")[0]
    return labels.get(name, name)


def tell_value(value: object) -> str:
    """A value as a person writes it."""
    if value is None or value == "":
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    return shorten(" ".join(str(value).split()), LONGEST_VALUE)


def shorten(text: str, longest: int) -> str:
    """`text`, its end replaced by … when it is too long."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
