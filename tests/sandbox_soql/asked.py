"""A random query as values: the oracle reads these, and `rendering` writes them as SOQL."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """A field by its path; `kind` tells how it compares."""

    path: tuple[str, ...]
    kind: str
    order: tuple[str, ...] = ()  #: a picklist's values as Setup lists them

    @property
    def text(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Value:
    """A literal: its text in the query and what it means."""

    text: str
    meaning: object


@dataclass(frozen=True)
class Period:
    """A date literal, resolved by looking at every day around."""

    name: str


@dataclass(frozen=True)
class Test:
    """A comparison; `part` is a date function around the column."""

    column: Column
    operator: str
    values: tuple[Value, ...]
    part: str = ""


@dataclass(frozen=True)
class Both:
    operator: str
    tests: tuple[object, ...]


@dataclass(frozen=True)
class Not:
    test: object


@dataclass(frozen=True)
class Join:
    """`column IN (SELECT inner FROM table WHERE …)`."""

    column: Column
    operator: str
    table: str
    inner: str
    where: object | None


@dataclass(frozen=True)
class Key:
    column: Column
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Child:
    relationship: str
    table: str
    lookup: str
    columns: tuple[Column, ...]
    where: object | None
    order: tuple[Key, ...]
    limit: int | None
    children: tuple[Child, ...] = ()


@dataclass(frozen=True)
class Typeof:
    """Other fields of a pointed row for every type; `otherwise` for the types without a case."""

    relationship: str
    cases: tuple[tuple[str, tuple[str, ...]], ...]
    otherwise: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """What rows are grouped by; `part` is a date function around the column."""

    column: Column
    part: str = ""


@dataclass(frozen=True)
class Having:
    """A comparison of one aggregate with a number."""

    function: str
    column: Column
    operator: str
    number: int


@dataclass(frozen=True)
class Ranking:
    """An aggregate, by its place among the functions, that groups are ordered by."""

    place: int
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Asked:
    """A whole random query."""

    table: str
    columns: tuple[Column, ...]
    children: tuple[Child, ...] = ()
    where: object | None = None
    order: tuple[Key, ...] = ()
    limit: int | None = None
    offset: int | None = None
    groups: tuple[Group, ...] = ()
    functions: tuple[tuple[str, Column], ...] = field(default=())
    subtotals: str = ""  #: ROLLUP or CUBE, which tell by GROUPING what was summed up
    having: Having | None = None
    ranking: Ranking | None = None
    typeof: Typeof | None = None
    counts_only: bool = False
