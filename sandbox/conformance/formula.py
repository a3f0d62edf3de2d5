"""Runs the formula conformance file: Salesforce's own engine's results, row by row.

Owns the comparison. A row passes when both blank modes give the expected value; text, dates and
exact numbers must be equal, numbers that went through doubles may differ in the last digits. Rows
that fail for a reviewed reason are listed apart and count neither as passed nor as failed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from sandbox.conformance.formula_inputs import (
    CaseField,
    CaseRecord,
    read_field,
    read_java_date,
)
from sandbox.conformance.reviewed import load_reviewed
from sandbox.org.formulas import (
    Formula,
    FormulaError,
    FormulaSyntaxError,
    FormulaTypeError,
    compile_formula,
)
from sandbox.org.formulas.arithmetic import ONE
from sandbox.org.formulas.registry import FUNCTIONS

#: Modes of a row, with the context's flag.
MODES = {"blanks_as_zero": True, "blanks_as_blank": False}
#: Functions whose results depend on the last bits of a double.
INEXACT = frozenset(
    {"ACOS", "ASIN", "ATAN", "ATAN2", "COS", "DISTANCE", "EXP", "LN", "LOG", "SIN", "SQRT", "TAN"}
)
#: Allowed difference per unit: of such numbers, and of exact ones (printed with 32 decimals).
TOLERANCE, ROUNDED = Decimal("1E-12"), Decimal("1E-30")
#: Wide enough to see a difference in the last printed digit.
COMPARING = Context(prec=100)
KEYS = frozenset({"name", "returns", "formula", "fields", "rows"})
EXIT_FAILED, EXIT_BAD_FILE = 1, 2


class BadFile(Exception):
    """The file is not a list of cases; the message says what is missing."""


@dataclass(frozen=True)
class Case:
    """One case, compiled: its formula over its fields, and its rows."""

    name: str
    returns: str
    formula: Formula
    fields: Sequence[CaseField]
    rows: Sequence[Mapping[str, Any]]

    @property
    def functions(self) -> frozenset[str]:
        """Every function that its formula and its fields' formulas use."""
        nested = [field.formula.functions for field in self.fields if field.formula]
        return self.formula.functions.union(*nested)


def run(path: Path) -> int:
    """Print what fails, differs and is skipped, then `N passed, M failed`; give the exit code.

    0 when nothing failed, 1 when something did, 2 when the file cannot be read as cases.
    """
    try:
        described = _load(path)
    except (OSError, ValueError, BadFile) as error:
        print(f"Cannot read the formula cases in {path}: {error}")
        return EXIT_BAD_FILE
    counts: Counter[str] = Counter()
    for entry in described:
        _run_case(entry, counts)
    for word, label in (("known", "rows known to differ"), ("skipped", "rows skipped")):
        if counts[word]:
            print(f"{counts[word]} {label}")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return EXIT_FAILED if counts["failed"] else 0


def _load(path: Path) -> list[Mapping[str, Any]]:
    entries = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(entries, list):
        raise BadFile("expected a JSON list of cases")
    for number, entry in enumerate(entries, start=1):
        missing = KEYS - set(entry if isinstance(entry, dict) else ())
        if missing:
            raise BadFile(f"case {number} lacks {', '.join(sorted(missing))}")
    return entries


def _run_case(entry: Mapping[str, Any], counts: Counter[str]) -> None:
    rows = len(entry["rows"])
    try:
        case = _compile(entry)
    except (FormulaSyntaxError, ValueError) as error:
        counts["failed"] += rows
        print(f"FAIL {entry['name']}, all {rows} rows: {error}")
        return
    unknown = case.functions - set(FUNCTIONS)
    reason = load_reviewed().explain_skip(unknown) if unknown else None
    if reason:
        counts["skipped"] += rows
        print(f"SKIP {case.name}, {rows} rows: {reason}")
        return
    _run_rows(case, counts)


def _run_rows(case: Case, counts: Counter[str]) -> None:
    known = load_reviewed().rows
    for number, row in enumerate(case.rows, start=1):
        difference = _row_difference(case, row)
        reason = known.get((case.name, number))
        if not difference:
            counts["passed"] += 1
        elif reason:
            counts["known"] += 1
            print(f"KNOWN {case.name}, row {number}: {reason} ({difference})")
        else:
            counts["failed"] += 1
            print(f"FAIL {case.name}, row {number} {row['inputs']}: {difference}")


def _compile(entry: Mapping[str, Any]) -> Case:
    fields = [read_field(field) for field in entry["fields"]]
    formula = compile_formula(entry["formula"])
    return Case(entry["name"], entry["returns"], formula, fields, entry["rows"])


def _row_difference(case: Case, row: Mapping[str, Any]) -> str:
    found = {mode: _difference(case, row, mode) for mode in MODES}
    return "; ".join(f"{mode}: {text}" for mode, text in found.items() if text)


def _difference(case: Case, row: Mapping[str, Any], mode: str) -> str:
    expected = row[mode]
    found: Any
    try:
        record = CaseRecord(case.fields, row["inputs"], blanks_as_zero=MODES[mode])
        found = case.formula.evaluate(record)
    except FormulaError as error:
        found = error
    except FormulaTypeError as error:
        return f"refused: {error}"
    except ValueError as error:
        return f"unreadable input: {error}"
    if _matches(case, expected, found):
        return ""
    shown = f"error {found}" if isinstance(found, FormulaError) else str(found)
    return f"expected {expected}, got {shown}"


def _matches(case: Case, expected: Any, found: Any) -> bool:
    if isinstance(expected, dict) or isinstance(found, FormulaError):
        return isinstance(expected, dict) and isinstance(found, FormulaError)
    if case.returns == "Boolean":
        return bool(expected == ("true" if found else "false"))
    if expected in (None, "") or found is None:
        # An empty text is a blank here, whichever of the two the file writes.
        return expected in (None, "") and found is None
    if isinstance(found, Decimal):
        return _same_number(case, Decimal(expected), found)
    return bool(_same_kind(expected, found) == found)


def _same_number(case: Case, expected: Decimal, found: Decimal) -> bool:
    if case.returns == "Percent":
        expected = expected.scaleb(-2)
    allowed = TOLERANCE if case.functions & INEXACT else ROUNDED
    return COMPARING.subtract(expected, found).copy_abs() <= allowed * max(expected.copy_abs(), ONE)


def _same_kind(expected: str, found: Any) -> Any:
    if isinstance(found, time):
        return time.fromisoformat(expected)
    if isinstance(found, datetime):
        return read_java_date(expected)
    if isinstance(found, date):
        moment = read_java_date(expected)
        is_midnight = moment == datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        return moment.date() if is_midnight else moment
    return expected
