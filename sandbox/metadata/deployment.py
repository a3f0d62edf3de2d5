"""A deploy: a zip of metadata becomes part of a running org, or every reason why not.

Owns all-or-nothing and its exception: with `rollback_on_error` one bad component refuses all,
without it the good ones go in, as Salesforce allows outside production. What a check-only deploy
accepts the same deploy for real accepts too, because it goes the same way up to the last step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox.metadata.archive import ArchiveError, read_archive
from sandbox.metadata.files import package_path, render, standalone
from sandbox.metadata.findings import Finding, about_component, about_package, find_culprit
from sandbox.metadata.ledger import MetadataLedger, key_of
from sandbox.metadata.package import read_package
from sandbox.metadata.parts import combine
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component, Project
from sandbox.metadata.vetting import Fault, find_faults
from sandbox.org.schema import Schema


class UnfitSchemaError(Exception):
    """The org cannot take a schema. `reasons` by field (`Order.Budget__c`) or other place."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{place}: {reason}" for place, reason in reasons.items()))
        self.reasons = reasons


#: Puts a schema into force, calling back before it is final, or only tries it when there is no
#: callback. Raises UnfitSchemaError; nothing has changed then.
Adopt = Callable[[Schema, Callable[[], None] | None], None]


@dataclass(frozen=True)
class DeployOptions:
    """What the client asks of a deploy. Source: Metadata API guide, DeployOptions."""

    check_only: bool = False
    rollback_on_error: bool = False
    allow_missing_files: bool = False


@dataclass(frozen=True)
class Deployed:
    """A component that went in (or would), and what that does there."""

    component: Component
    is_new: bool
    is_changed: bool


@dataclass
class DeployReport:
    """How a deploy went."""

    options: DeployOptions
    deployed: list[Deployed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    components_count: int = 0

    @property
    def is_success(self) -> bool:
        """True when nothing was refused."""
        return not self.findings

    @property
    def is_partial(self) -> bool:
        """True when some components were refused and the rest went in."""
        return bool(self.findings and self.deployed)


def deploy(
    ledger: MetadataLedger, adopt: Adopt, data: bytes, options: DeployOptions
) -> DeployReport:
    """Deploy a zip in Metadata API format, or check whether it could be deployed.

    Sending the same zip again changes nothing. Never raises for what the zip holds: the report
    says what somebody must correct.
    """
    with ledger.lock:
        return _Deployment(ledger, adopt, options).run(data)


class _Deployment:
    """One deploy while it runs: the components still good, and the findings so far."""

    def __init__(self, ledger: MetadataLedger, adopt: Adopt, options: DeployOptions) -> None:
        self._ledger = ledger
        self._adopt = adopt
        self._report = DeployReport(options)
        self._good: list[Component] = []
        self._dropped: list[Component] = []

    def run(self, data: bytes) -> DeployReport:
        try:
            members = read_archive(data)
        except ArchiveError as error:
            self._report.findings.append(about_package(str(error)))
            return self._report
        options = self._report.options
        package = read_package(members, allow_missing=options.allow_missing_files)
        self._report.findings += package.findings
        self._report.components_count = len(package.components)
        refused = {(f.type_name, f.full_name, f.file) for f in package.findings}
        before = {key_of(c): c for c in self._ledger.components}
        sound = (c for c in package.components if _identity(c) not in refused)
        self._good = [combine(before.get(key_of(c)), c) for c in sound]
        self._drop(list(find_faults(self._good)))
        self._settle()
        return self._report

    def _settle(self) -> None:
        """Build from what is good until nothing bad is left in it, then put it into force."""
        while True:
            project = self._ledger.merged_with(self._good)
            schema, problems = self._ledger.build(project)
            faults = [self._blame(project, problem) for problem in problems]
            if not faults and self._must_give_up():
                return
            faults = faults or self._put_in(project, schema)
            before = len(self._good)
            self._drop(faults)
            if not faults or len(self._good) == before:
                return

    def _must_give_up(self) -> bool:
        findings = self._report.findings
        is_broken = any(not f.type_name for f in findings)
        return is_broken or bool(findings and self._report.options.rollback_on_error)

    def _put_in(self, project: Project, schema: Schema) -> list[Fault]:
        """Try the schema, for good unless only a check was asked for."""
        added, ledger = list(self._good), self._ledger
        before = {key_of(c): c for c in ledger.components}
        is_final = not self._report.options.check_only
        try:
            self._adopt(schema, (lambda: ledger.accept(added, schema)) if is_final else None)
        except UnfitSchemaError as error:
            return [
                self._blame_place(project, place, reason) for place, reason in error.reasons.items()
            ]
        self._report.deployed = [_compare(component, before) for component in added]
        return []

    def _blame(self, project: Project, problem: Problem) -> Fault:
        """The component at fault: one of the package, or one that was there and breaks."""
        culprit = find_culprit(self._good, problem)
        if culprit is None:
            culprit = find_culprit(project.components, problem)
            assert culprit is not None  # noqa: S101 - every problem stands in a component's file
            # Where the org keeps its own copy is no business of the client.
            culprit = replace(culprit, path=Path(package_path(culprit)))
        return culprit, problem

    def _blame_place(self, project: Project, place: str, reason: str) -> Fault:
        """The field or rule of that name if the package brings it, else anything it brings."""
        named = (c for c in [*self._good, *project.components] if c.full_name == place)
        culprit = next(named, None) or next(iter([*self._good, *project.components]))
        return culprit, culprit.problem(f"{place}: {reason}")

    def _drop(self, faults: Sequence[Fault]) -> None:
        """Report faults and go on without their components, but keep silent about echoes.

        What a refused component defines is missing to the others; saying so buries the cause.
        """
        echo = _echo_pattern(self._dropped)
        for component, problem in faults:
            if echo is None or not echo.search(problem.message):
                finding = about_component(component, problem.message, problem.line)
                self._report.findings.append(finding)
        bad = {id(component) for component, _ in faults}
        self._dropped += [c for c in self._good if id(c) in bad]
        self._good = [c for c in self._good if id(c) not in bad]


def _echo_pattern(dropped: Sequence[Component]) -> re.Pattern[str] | None:
    names = sorted({re.escape(c.name) for c in dropped if c.name})
    return re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)") if names else None


def _identity(component: Component) -> tuple[str, str, str]:
    finding = about_component(component, "")
    return finding.type_name, finding.full_name, finding.file


def _compare(component: Component, before: dict[tuple[str, str], Component]) -> Deployed:
    old = before.get(key_of(component))
    if old is None:
        return Deployed(component, is_new=True, is_changed=True)
    is_same = render(standalone(old)) == render(standalone(component))
    return Deployed(component, is_new=False, is_changed=not is_same)
