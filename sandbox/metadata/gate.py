"""The metadata gate: everything that a deploy would refuse, and what ops would miss after it.

Owns the order of judging: a file must be readable, then valid by the Metadata schema, and what can
be built from the good files is then checked as a whole. A file that failed earlier is not judged
again by the checks that would stumble over the same mistake.
"""

from __future__ import annotations

import json as json_module
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from sandbox.metadata.builder import build_schema
from sandbox.metadata.checks import CheckContext, run_all_checks
from sandbox.metadata.loader import shape_problems
from sandbox.metadata.manifest import check_manifest
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Project, read_project
from sandbox.org.schema import Unsupported


def check_folder(folder: Path) -> list[Problem]:
    """Every problem of an SFDX project or source folder, sorted by file and line.

    An empty list means that the folder may be deployed. Nothing is written, nothing is sent.
    """
    return _judge(read_project([folder]), folder)


def main(folder: Path, json: bool = False) -> int:
    """Print the problems of a folder, one `file:line: message` a line, and a summary.

    With `json`, one object with `files`, `problems`. Returns the exit code: 0 without problems,
    1 with some, 2 when the folder is missing or holds no metadata.
    """
    project = read_project([folder])
    problems = _judge(project, folder)
    if json:
        report = {"files": project.files_count, "problems": [asdict(p) for p in problems]}
        print(json_module.dumps(report, indent=2))
    else:
        for problem in problems:
            print(problem)
        print(f"{project.files_count} files checked, {len(problems)} problems")
    if not project.files_count:
        return 2
    return 1 if problems else 0


def _judge(project: Project, folder: Path) -> list[Problem]:
    problems = [*project.problems, *(_stray_problem(stray) for stray in project.strays)]
    unusable = {problem.file for problem in problems}
    for component in project.components:
        if not component.inline:
            problems += shape_problems(component, any_order=False)
            # A file that is merely out of order says clearly what it means.
            if any(shape_problems(component, any_order=True)):
                unusable.add(str(component.path))
    sound = [c for c in project.components if str(c.path) not in unusable]
    good = Project(sound, [], project.files_count)
    built = build_schema(good, is_strict=True)
    problems += built.problems
    unusable |= {finding.file for finding in built.problems}
    context = CheckContext(good, built.schema)
    later = [*run_all_checks(context), *check_manifest(project, folder)]
    return sorted({*problems, *_independent(later, unusable)})


def _stray_problem(stray: Unsupported) -> Problem:
    return Problem(stray.file, 1, stray.reason)


def _independent(findings: list[Problem], unusable: set[str]) -> Iterator[Problem]:
    """Findings that are not mere echoes of a file that could not be used.

    What such a file defines seems to be missing everywhere; saying so would bury the cause.
    """
    names = {re.escape(Path(file).name.partition(".")[0]) for file in unusable}
    echo = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(names))})(?!\w)") if names else None
    return (f for f in findings if echo is None or not echo.search(f.message))
