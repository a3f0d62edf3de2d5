"""What can be wrong with a formula: its spelling, its types, or the values it meets.

Owns the split by what happens next. `FormulaSyntaxError` and `FormulaTypeError` mean that the
metadata must be corrected before it is loaded; `FormulaError` means that one record's values have
no result (`#Error!` in the UI, a failed save in a validation rule).
"""

from __future__ import annotations


class FormulaSyntaxError(Exception):
    """The text is no formula. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"Syntax error at line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class FormulaTypeError(Exception):
    """The formula can be read but not used: unknown names, wrong arguments, mixed types."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"{message} (line {line}, column {column})")
        self.message = message
        self.line = line
        self.column = column


class FormulaError(Exception):
    """This record's values have no result: a division by zero, an impossible date."""


#: What an evaluation may raise for bad values; IFERROR catches these and nothing else.
FAILURES = (FormulaError, ArithmeticError)
