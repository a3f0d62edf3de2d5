"""What is wrong with a folder of metadata, said so that an admin can mend it.

Owns the one shape of a finding: file, line, sentence. Findings are gathered and told together,
since a deploy that stops at the first of twenty mistakes costs twenty deploys.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One finding: where it stands, and what is wrong, expected, and to be done."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class MetadataError(Exception):
    """The metadata cannot be loaded: somebody must fix the named files, retrying is pointless."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
