"""Random queries as SOQL text."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

from collections.abc import Sequence

from tests.sandbox_soql.asked import Asked, Both, Child, Join, Key, Not, Test


def render(asked: Asked) -> str:
    """The query as SOQL text."""
    if asked.counts_only:
        items = ["COUNT()"]
    elif asked.groups or asked.functions:
        items = [c.text for c in asked.groups] + [f"{f}({c.text})" for f, c in asked.functions]
    else:
        items = [c.text for c in asked.columns] + [_render_child(c) for c in asked.children]
    text = f"SELECT {', '.join(items)} FROM {asked.table}{_render_tail(asked.where, asked.order)}"
    if asked.groups:
        text += f" GROUP BY {', '.join(c.text for c in asked.groups)}"
    text += "" if asked.limit is None else f" LIMIT {asked.limit}"
    return text + ("" if asked.offset is None else f" OFFSET {asked.offset}")


def _render_child(child: Child) -> str:
    columns = ", ".join(c.text for c in child.columns)
    limit = "" if child.limit is None else f" LIMIT {child.limit}"
    tail = _render_tail(child.where, child.order) + limit
    return f"(SELECT {columns} FROM {child.relationship}{tail})"


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
    left = test.column.text
    if test.part:
        name, _, is_local = test.part.partition("/")
        left = f"{name}(convertTimezone({left}))" if is_local else f"{name}({left})"
    if test.operator in {"IN", "NOT IN", "INCLUDES", "EXCLUDES"}:
        return f"{left} {test.operator} ({', '.join(v.text for v in test.values)})"
    return f"{left} {test.operator} {test.values[0].text}"
