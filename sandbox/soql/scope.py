"""Names in a query: aliases, parent paths and fields, looked up in the schema.

Owns resolution: which table and column a written name means, in canonical spelling, and the joins
that reach it. Source: developer.salesforce.com, SOQL and SOSL Reference, "Relationship Queries".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.org.ddl import quote
from sandbox.org.errors import OrgError, not_implemented
from sandbox.org.schema import Field, FieldType, Schema, SObject
from sandbox.soql.environment import QueryEnv
from sandbox.soql.nodes import FromItem, Path
from sandbox.soql.syntax import refuse_at, too_complicated

_MAX_LEVELS = 5
#: SQLite joins at most 64 tables.
_MAX_JOINS = 60
_ADVICE = "Please reference your WSDL or the describe call for the appropriate names."
#: What a polymorphic relationship says about the record that it points at.
_POINTED_TYPE = Field("Type", FieldType.TEXT)
_POINTED_NAME = Field("Name", FieldType.TEXT)


class Statement:
    """One SQL statement being written: its parameters and table aliases."""

    def __init__(self, schema: Schema, env: QueryEnv, text: str, formulas: int) -> None:
        self.schema = schema
        self.env = env
        self.text = text
        self.formulas = formulas
        self.parameters: dict[str, object] = {}
        self._bound: dict[tuple[type, object], str] = {}
        self._aliases = 0

    def bind(self, value: object) -> str:
        """A placeholder for `value`; no value ever becomes part of the SQL text.

        Equal values share one, so that equal expressions have equal SQL.
        """
        name = self._bound.setdefault((type(value), value), f"p{len(self.parameters)}")
        self.parameters[name] = value
        return ":" + name

    def new_alias(self) -> str:
        """A table alias that is free in this statement."""
        alias = f"t{self._aliases}"
        self._aliases += 1
        return alias

    def refuse(self, code: str, position: int, reason: str) -> OrgError:
        """A refusal that points into the query; the caller raises it."""
        return refuse_at(code, self.text, position, reason)


@dataclass
class Source:
    """A table in FROM or a join, and the parents already joined to it."""

    sobject: SObject
    alias: str
    parents: dict[str, Parent] = field(default_factory=dict)

    @property
    def id_sql(self) -> str:
        """The SQL of the record's Id; NULL where a join found nothing."""
        return f'{self.alias}."Id"'


@dataclass(frozen=True)
class Parent:
    """A joined relationship in canonical spelling; several sources when it is polymorphic."""

    name: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Column:
    """A field found by its path. `trail` holds the relationships on the way, canonical."""

    field: Field
    sources: tuple[Source, ...]
    trail: tuple[Parent, ...]
    path: Path

    @property
    def is_formula(self) -> bool:
        """True when the value must be computed."""
        return self.field.is_formula


class Scope:
    """The tables of one SELECT: its object, and the parents that its paths have reached."""

    def __init__(self, statement: Statement, sobject: SObject) -> None:
        self.statement = statement
        self.root = Source(sobject, statement.new_alias())
        self.joins: list[str] = []
        self._named: dict[str, tuple[Parent, ...]] = {}
        if not sobject.parent_field(sobject.name):
            self._named[sobject.name.lower()] = ()

    def name_source(self, alias: str | None) -> None:
        """Let the object itself be called by its alias."""
        if alias:
            self._named[alias.lower()] = ()

    def name_parents(self, items: Iterable[FromItem]) -> None:
        """Let parents be called by alias, as in `FROM Contact c, c.Account a`."""
        for item in items:
            trail = self._walk(item.path, item.path.parts)
            self._named[(item.alias or item.path.parts[-1]).lower()] = trail

    def resolve(self, path: Path) -> Column:
        """The column of a path. Raises OrgError INVALID_FIELD that points at it."""
        trail = self._walk(path, path.parts[:-1])
        return self._find(path, trail[-1].sources if trail else (self.root,), trail)

    def resolve_in(self, source: Source, path: Path) -> Column:
        """A field of one of the types that TYPEOF tells apart."""
        if len(path.parts) > 1:
            raise not_implemented("SOQL TYPEOF with a path to a parent")
        trail = (Parent(source.sobject.name, (source,)),)
        return self._find(path, (source,), trail, is_pointed_at=True)

    def _find(
        self,
        path: Path,
        sources: tuple[Source, ...],
        trail: tuple[Parent, ...],
        is_pointed_at: bool = False,
    ) -> Column:
        name = path.parts[-1]
        if len(sources) > 1 and name.lower() == "type":
            return Column(_POINTED_TYPE, sources, trail, path)
        if (is_pointed_at or len(sources) > 1) and name.lower() == "name":
            named = tuple(s for s in sources if self.can_read(s, _name_of(s.sobject)))
            if any(source.sobject.field("Name") is None for source in named):
                return Column(_POINTED_NAME, named, trail, path)
        found = [(s, f) for s in sources if (f := s.sobject.field(name)) and self.can_read(s, f)]
        if found:
            return Column(found[0][1], tuple(source for source, _ in found), trail, path)
        entity = sources[0].sobject.name if len(sources) == 1 else "Name"
        raise self.statement.refuse(
            "INVALID_FIELD",
            path.position,
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom "
            f"field, be sure to append the '__c' after the custom field name. {_ADVICE}",
        )

    def reach(self, path: Path) -> tuple[Parent, ...]:
        """The parents on a path of relationships only."""
        return self._walk(path, path.parts)

    def can_read(self, source: Source, wanted: Field) -> bool:
        """True unless the running user lacks the field."""
        gate = self.statement.env.can_read
        return gate is None or gate(source.sobject, wanted)

    def _walk(self, path: Path, names: tuple[str, ...]) -> tuple[Parent, ...]:
        trail: tuple[Parent, ...] = ()
        if names and names[0].lower() in self._named:
            trail, names = self._named[names[0].lower()], names[1:]
        for name in names:
            sources = trail[-1].sources if trail else (self.root,)
            trail = (*trail, self._step(sources, name, path))
        if len(trail) > _MAX_LEVELS:
            reason = f"Relationship path has more than {_MAX_LEVELS} levels: {path.text}"
            raise self.statement.refuse("INVALID_FIELD", path.position, reason)
        return trail

    def _step(self, sources: tuple[Source, ...], name: str, path: Path) -> Parent:
        holder = sources[0]
        known = holder.parents.get(name.lower())
        if known is None:
            known = self._join(sources, name, path)
            holder.parents[name.lower()] = known
        return known

    def _join(self, sources: tuple[Source, ...], name: str, path: Path) -> Parent:
        lookups = [(s, f) for s in sources if (f := s.sobject.parent_field(name))]
        joined = tuple(
            self._join_table(source, lookup, target)
            for source, lookup in lookups
            if self.can_read(source, lookup)
            for wanted in lookup.reference_to
            if (target := self.statement.schema.sobject(wanted))
            and self.statement.env.shows(target)
        )
        if not joined:
            raise self.statement.refuse(
                "INVALID_FIELD",
                path.position,
                f"Didn't understand relationship '{name}' in field path. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom "
                f"relationship name. {_ADVICE}",
            )
        return Parent(lookups[0][1].relationship_name or name, joined)

    def _join_table(self, source: Source, lookup: Field, target: SObject) -> Source:
        joined = Source(target, self.statement.new_alias())
        self.joins.append(
            f"LEFT JOIN {quote(target.name)} {joined.alias} "
            f"ON {joined.id_sql} = {source.alias}.{quote(lookup.name)}"
        )
        if len(self.joins) > _MAX_JOINS:
            raise too_complicated(f"the query reaches more than {_MAX_JOINS} parent tables")
        return joined

    def from_sql(self) -> str:
        """FROM with every join that resolution has asked for so far."""
        table = f"FROM {quote(self.root.sobject.name)} {self.root.alias}"
        return " ".join([table, *self.joins])


def column_sql(statement: Statement, column: Column) -> str:
    """The SQL of a column's stored value; a formula's is computed by the org."""
    parts = [_source_sql(statement, source, column) for source in column.sources]
    if column.field.type is FieldType.CHECKBOX and column.trail:
        # Where there is no parent, its checkboxes count as not ticked.
        parts.append("0")
    return parts[0] if len(parts) == 1 else f"COALESCE({', '.join(parts)})"


def _source_sql(statement: Statement, source: Source, column: Column) -> str:
    if column.field is _POINTED_TYPE and _is_queue_table(source.sobject):
        # A queue calls itself a Queue; Group is only the table that it is kept in.
        return f'{source.alias}."Type"'
    if column.field is _POINTED_TYPE:
        return f"CASE WHEN {source.id_sql} IS NOT NULL THEN {_text(source.sobject.name)} END"
    if column.field is _POINTED_NAME:
        actual = _name_of(source.sobject)
    else:
        actual = source.sobject.fields.get(column.field.name, column.field)
    if not actual.is_formula:
        return f"{source.alias}.{quote(actual.name)}"
    names = f"{_text(source.sobject.name)}, {_text(actual.name)}"
    return f"soql_formula({statement.bind(statement.formulas)}, {names}, {source.id_sql})"


def _name_of(sobject: SObject) -> Field:
    """What stands for the Name where several types meet: the number of a case, for one."""
    return sobject.field("Name") or sobject.fields[sobject.name_field]


def _is_queue_table(sobject: SObject) -> bool:
    return sobject.name == "Group" and "Type" in sobject.fields


def _text(api_name: str) -> str:
    """An API name of the schema as SQL text; such names hold letters, digits and `_` only."""
    if not api_name.replace("_", "").isalnum():
        raise ValueError(f"no API name: {api_name}")
    return f"'{api_name}'"
