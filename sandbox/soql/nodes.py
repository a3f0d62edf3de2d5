"""A SOQL query as values: what the text says, before any name is looked up.

Owns the vocabulary between the parser and the compiler. Every node that can be refused later
carries `position`, its offset in the text, because Salesforce's refusals point at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class LiteralKind(StrEnum):
    """How a value was written."""

    TEXT = "text"  #: in single quotes; `text` is what stands between them, escapes untouched
    NUMBER = "number"
    CURRENCY = "currency"  #: a number after an ISO code: USD5000
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    BOOLEAN = "boolean"
    NULL = "null"
    PERIOD = "period"  #: TODAY, LAST_N_DAYS:30, …: a range of days


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in the text; `text` is normalised to upper case where case has no meaning."""

    kind: LiteralKind
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps through parents: `Order__r.Account.Name`."""

    parts: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        """The path as written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments. `name` is upper case and known to exist."""

    name: str
    arguments: tuple[Path | Call | Literal, ...]
    position: int


#: What can be compared, grouped and ordered by.
Operand = Path | Call


@dataclass(frozen=True, slots=True)
class SelectedField:
    """A field or function in the SELECT list."""

    operand: Operand
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class ChildQuery:
    """A subquery in the SELECT list; its FROM names a child relationship."""

    query: Query


@dataclass(frozen=True, slots=True)
class TypeOf:
    """Fields that depend on what a polymorphic relationship points at."""

    relationship: Path
    branches: tuple[tuple[Path, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


SelectItem = SelectedField | ChildQuery | TypeOf


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operand` against one value; `operator` is one of = != < <= > >= LIKE."""

    operand: Operand
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    """`operand` against a list; `operator` is one of IN, NOT IN, INCLUDES, EXCLUDES."""

    operand: Operand
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """`operand` against the rows of a subquery; `operator` is IN or NOT IN."""

    operand: Operand
    operator: str
    query: Query


@dataclass(frozen=True, slots=True)
class Negation:
    """True where `condition` is not."""

    condition: Condition
    depth: int


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions of one level joined by one `operator`, AND or OR; SOQL never mixes them."""

    operator: str
    conditions: tuple[Condition, ...]
    depth: int


Condition = Comparison | Membership | SemiJoin | Negation | Junction


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of ORDER BY. Nulls come first in either direction unless said otherwise."""

    operand: Operand
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class FromItem:
    """What FROM names: an sObject, a child relationship, or a parent given an alias."""

    path: Path
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT statement; `text` is the whole text it stands in."""

    text: str
    position: int
    items: tuple[SelectItem, ...]
    sources: tuple[FromItem, ...]
    scope: str | None = None
    where: Condition | None = None
    group: tuple[Operand, ...] = ()
    having: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    access: tuple[str, ...] = ()  #: SECURITY_ENFORCED, USER_MODE, SYSTEM_MODE
    filters: tuple[str, ...] = ()  #: other WITH clauses, by name
    purposes: frozenset[str] = field(default_factory=frozenset)  #: VIEW, REFERENCE, UPDATE, …
    all_rows: bool = False

    @property
    def source(self) -> FromItem:
        """The sObject or child relationship that rows come from."""
        return self.sources[0]
