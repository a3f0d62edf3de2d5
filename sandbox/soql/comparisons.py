"""One operand against values: the SQL of a comparison, by type of the operand.

Owns what comparing means. Nothing but `= null` finds a missing value, and `!=` finds it too; text
and picklists have no letter case; Ids are the same in 15 and 18 characters. Source:
developer.salesforce.com, SOQL and SOSL Reference, "Comparison Operators".
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.org.errors import OrgError
from sandbox.soql.encoding import Encoded, Family, encode, family_of, is_blank
from sandbox.soql.literals import Point, Span, as_json_list, fold, like_pattern, scaled_number
from sandbox.soql.money import literal_rate_sql, sort_key_sql
from sandbox.soql.nodes import Literal, LiteralKind
from sandbox.soql.operands import Expression
from sandbox.soql.scope import Statement

#: Lists longer than this travel as one parameter.
_LONG_LIST = 16
_NEGATIVE = {"!=", "NOT IN", "EXCLUDES"}


@dataclass(frozen=True)
class Comparer:
    """Compares one operand of a statement."""

    statement: Statement
    operand: Expression

    @property
    def family(self) -> Family:
        """How values of the operand are compared."""
        return family_of(self.operand.field)

    def compare(self, operator: str, value: Literal) -> str:
        """`operand operator value` as SQL that is never NULL in a negative comparison."""
        if operator == "LIKE":
            return self._like(value)
        self._check_operator(operator)
        if is_blank(self.family, value):
            return self._is_blank(operator)
        if value.kind is LiteralKind.CURRENCY and self.operand.rate:
            return self._compare_currency(operator, value)
        encoded = self.encode(value)
        if self.operand.average and isinstance(encoded, Point):
            return self._compare_average(operator, value)
        if isinstance(encoded, Span):
            return self._compare_span(operator, encoded)
        return self._compare_point(operator, encoded)

    def among(self, operator: str, values: tuple[Literal, ...]) -> str:
        """`operand IN (…)`, or NOT IN."""
        blank = any(is_blank(self.family, value) for value in values)
        present = [value for value in values if not is_blank(self.family, value)]
        if self.operand.average or (
            self.operand.rate and any(v.kind is LiteralKind.CURRENCY for v in present)
        ):
            tests = [self.compare("=", value) for value in present]
        else:
            encoded = [self.encode(value) for value in present]
            points = [e.value for e in encoded if isinstance(e, Point) and e.exact]
            tests = [self._in_points(points)] if points else []
            tests += [self._compare_span("=", e) for e in encoded if isinstance(e, Span)]
        if blank:
            tests.append(f"{self.operand.sql} IS NULL")
        test = f"({' OR '.join(tests)})" if tests else "0"
        return f"({test} IS NOT TRUE)" if operator in _NEGATIVE else test

    def includes(self, operator: str, values: tuple[Literal, ...]) -> str:
        """`operand INCLUDES (…)`: any of the values, each of which may be several with `;`."""
        if self.family is not Family.MULTISELECT:
            raise self._refuse_operator(f"invalid operator on field {self.operand.name}")
        tests = [self._holds_all(self.encode(value)) for value in values]
        test = f"({' OR '.join(tests)})"
        return f"({test} IS NOT TRUE)" if operator in _NEGATIVE else test

    def encode(self, value: Literal) -> Encoded:
        """The literal as the operand's column holds it."""
        return encode(self.statement, self.operand, value)

    def _check_operator(self, operator: str) -> None:
        if operator in {"=", "!="}:
            return
        if self.family in {Family.CHECKBOX, Family.MULTISELECT}:
            raise self._refuse_operator(f"invalid operator on field {self.operand.name}")

    def _refuse_operator(self, reason: str) -> OrgError:
        return self.statement.refuse("INVALID_QUERY_FILTER_OPERATOR", self.operand.position, reason)

    def _is_blank(self, operator: str) -> str:
        if operator == "=":
            return f"{self.operand.sql} IS NULL"
        return f"{self.operand.sql} IS NOT NULL" if operator == "!=" else "0"

    def _like(self, value: Literal) -> str:
        if self.family not in {Family.TEXT, Family.MULTISELECT}:
            what = "id" if self.family is Family.ID else self.operand.field.type.value.lower()
            raise self._refuse_operator(f"invalid operator on {what} field")
        self.encode(value)
        pattern = like_pattern(value.text)
        if pattern.isascii():
            return f"{self.operand.sql} LIKE {self.statement.bind(pattern)} ESCAPE '\\'"
        placeholder = self.statement.bind(fold(pattern))
        return f"soql_fold({self.operand.sql}) LIKE {placeholder} ESCAPE '\\'"

    def _compare_point(self, operator: str, point: Point) -> str:
        if not point.exact:
            return self._compare_between(operator, point)
        sql, value = self.operand.sql, point.value
        if self.family in {Family.TEXT, Family.MULTISELECT} and isinstance(value, str):
            return self._compare_text(operator, value)
        placeholder = self.statement.bind(value)
        written = "IS NOT" if operator == "!=" else operator
        return f"{sql} {written} {placeholder}"

    def _compare_text(self, operator: str, value: str) -> str:
        sql, bind = self.operand.sql, self.statement.bind
        if operator not in {"=", "!="}:
            return f"soql_fold({sql}) {operator} {bind(fold(value))}"
        written = "IS NOT" if operator == "!=" else "="
        if self.operand.field.case_sensitive:
            return f"{sql} {written} {bind(value)}"
        if value.isascii():
            # The org's indexes of unique text ignore case in the same way.
            return f"{sql} {written} {bind(value)} COLLATE NOCASE"
        return f"soql_fold({sql}) {written} {bind(fold(value))}"

    def _compare_between(self, operator: str, point: Point) -> str:
        """A value between two values of the column's grid equals none of them."""
        if operator in {"=", "!="}:
            return "1" if operator == "!=" else "0"
        placeholder = self.statement.bind(point.value)
        written = "<=" if operator in {"<", "<="} else ">"
        return f"{self.operand.sql} {written} {placeholder}"

    def _compare_span(self, operator: str, span: Span) -> str:
        sql = self.operand.sql
        first, end = self.statement.bind(span.first), self.statement.bind(span.end)
        return {
            "=": f"({sql} >= {first} AND {sql} < {end})",
            "!=": f"({sql} < {first} OR {sql} >= {end} OR {sql} IS NULL)",
            "<": f"{sql} < {first}",
            "<=": f"{sql} < {end}",
            ">": f"{sql} >= {end}",
            ">=": f"{sql} >= {first}",
        }[operator]

    def _compare_currency(self, operator: str, value: Literal) -> str:
        """An amount against one of a named currency: both as the corporate currency sees them."""
        scale = self.operand.field.scale
        literal_rate = literal_rate_sql(self.statement, value.text[:3])
        point = scaled_number(value.text[3:], scale + 6)
        left = sort_key_sql(self.operand.sql, scale, self.operand.rate or "")
        amount = self.statement.bind(point.value)
        right = sort_key_sql(amount, scale + 6, literal_rate or "1, 1")
        return f"{left} {'IS NOT' if operator == '!=' else operator} {right}"

    def _compare_average(self, operator: str, value: Literal) -> str:
        """A mean against a number without dividing: sum against number times count."""
        average = self.operand.average
        assert average is not None  # noqa: S101 - the caller has asked
        extra = 6
        point = scaled_number(value.text, self.operand.field.scale + extra)
        right = f"{self.statement.bind(point.value)} * {average.count_sql}"
        written = "IS NOT" if operator == "!=" else operator
        return f"({average.sum_sql} * {10**extra}) {written} ({right})"

    def _in_points(self, points: list[str | int]) -> str:
        sql, values = self.operand.sql, points
        if self.family in {Family.TEXT, Family.MULTISELECT}:
            texts = [str(point) for point in points]
            if not self.operand.field.case_sensitive:
                if all(text.isascii() for text in texts):
                    sql = f"{sql} COLLATE NOCASE"
                else:
                    sql, values = f"soql_fold({sql})", [fold(text) for text in texts]
        if len(values) > _LONG_LIST:
            placeholder = self.statement.bind(as_json_list(values))
            return f"{sql} IN (SELECT value FROM json_each({placeholder}))"  # noqa: S608
        return f"{sql} IN ({', '.join(self.statement.bind(value) for value in values)})"

    def _holds_all(self, encoded: Encoded) -> str:
        assert isinstance(encoded, Point)  # noqa: S101 - text encodes to points
        held = f"(';' || soql_fold({self.operand.sql}) || ';')"
        wanted = [part for part in fold(str(encoded.value)).split(";") if part]
        tests = [f"instr({held}, {self.statement.bind(f';{part};')}) > 0" for part in wanted]
        return f"({' AND '.join(tests)})" if tests else "0"
