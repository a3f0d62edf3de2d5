"""Random queries as SOQL text."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

from collections.abc import Sequence

from tests.sandbox_soql.asked import Asked, Both, Child, Group, Join, Key, Not, Test, Typeof


def render(asked: Asked) -> str:
    """The query as SOQL text."""
    if asked.counts_only:
        items = ["COUNT()"]
    elif asked.groups or asked.functions:
        items = [_render_group(g) for g in asked.groups]
        items += [f"{f}({c.text})" for f, c in asked.functions]
        if asked.subtotals:
            items += [f"GROUPING({_render_group(g)})" for g in asked.groups]
    else:
        items = [c.text for c in asked.columns] + [_render_child(c) for c in asked.children]
        items += [_render_typeof(asked.typeof)] if asked.typeof else []
    text = f"SELECT {', '.join(items)} FROM {asked.table}{_render_tail(asked.where, asked.order)}"
    if asked.groups:
        text += _render_groups(asked)
    text += "" if asked.limit is None else f" LIMIT {asked.limit}"
    return text + ("" if asked.offset is None else f" OFFSET {asked.offset}")


def _render_groups(asked: Asked) -> str:
    groups = ", ".join(_render_group(group) for group in asked.groups)
    text = f" GROUP BY {asked.subtotals}({groups})" if asked.subtotals else f" GROUP BY {groups}"
    if asked.having:
        having = asked.having
        text += f" HAVING {having.function}({having.column.text}) {having.operator} {having.number}"
    if asked.ranking:
        function, column = asked.functions[asked.ranking.place]
        text += f" ORDER BY {function}({column.text})"
        text += " DESC" if asked.ranking.descending else ""
        text += " NULLS LAST" if asked.ranking.nulls_last else ""
    return text


def _render_group(group: Group) -> str:
    return _render_part(group.part, group.column.text)


def _render_part(part: str, text: str) -> str:
    if not part:
        return text
    name, _, is_local = part.partition("/")
    return f"{name}(convertTimezone({text}))" if is_local else f"{name}({text})"


def _render_child(child: Child) -> str:
    items = [c.text for c in child.columns] + [_render_child(c) for c in child.children]
    limit = "" if child.limit is None else f" LIMIT {child.limit}"
    tail = _render_tail(child.where, child.order) + limit
    return f"(SELECT {', '.join(items)} FROM {child.relationship}{tail})"


def _render_typeof(typeof: Typeof) -> str:
    text = f"TYPEOF {typeof.relationship}"
    for name, fields in typeof.cases:
        text += f" WHEN {name} THEN {', '.join(fields)}"
    return text + (f" ELSE {', '.join(typeof.otherwise)}" if typeof.otherwise else "") + " END"


def _render_tail(where: object, order: Sequence[Key]) -> str:
    text = f" WHERE {render_test(where)}" if where else ""
    if order:
        text += " ORDER BY " + ", ".join(
            f"{key.column.text}{' DESC' if key.descending else ''}"
            f"{' NULLS LAST' if key.nulls_last else ''}"
            for key in order
        )
    return text


def render_test(test: object) -> str:
    if isinstance(test, Both):
        return f" {test.operator} ".join(f"({render_test(part)})" for part in test.tests)
    if isinstance(test, Not):
        return f"(NOT ({render_test(test.test)}))"
    if isinstance(test, Join):
        tail = _render_tail(test.where, ())
        return f"{test.column.text} {test.operator} (SELECT {test.inner} FROM {test.table}{tail})"
    assert isinstance(test, Test)
    left = _render_part(test.part, test.column.text)
    if test.operator in {"IN", "NOT IN", "INCLUDES", "EXCLUDES"}:
        return f"{left} {test.operator} ({', '.join(v.text for v in test.values)})"
    return f"{left} {test.operator} {test.values[0].text}"
