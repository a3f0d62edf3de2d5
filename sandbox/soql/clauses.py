"""What all kinds of SELECT share: their object, WHERE, ORDER BY, and the limits of a query.

Owns the rules about whole queries. Source: developer.salesforce.com, Salesforce Developer Limits,
"SOQL and SOSL Limits"; SOQL and SOSL Reference, "FOR VIEW", "USING SCOPE", "WITH".
"""

from __future__ import annotations

from sandbox.org.ddl import quote
from sandbox.org.errors import not_implemented, refuse
from sandbox.org.schema import Field, SObject
from sandbox.soql.conditions import ConditionCompiler, JoinCompiler
from sandbox.soql.functions import is_aggregate
from sandbox.soql.nodes import Call, Query, SelectedField
from sandbox.soql.operands import compile_operand
from sandbox.soql.ordering import direction_sql, sort_keys
from sandbox.soql.scope import Scope, Statement
from sandbox.soql.syntax import malformed

_MAX_OFFSET = 2_000
_ADVICE = "Please reference your WSDL or the describe call for the appropriate names."


def check_query(query: Query) -> None:
    """Refuse what is not to be had over REST, or not here. Raises OrgError."""
    if query.all_rows:
        raise malformed("ALL ROWS not allowed in this context")
    if "UPDATE" in query.purposes:
        raise malformed("FOR UPDATE not allowed in this context")
    for name in query.filters:
        raise not_implemented(f"SOQL WITH {name}")
    if query.offset and query.offset > _MAX_OFFSET:
        raise refuse("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {_MAX_OFFSET}")
    if is_grouped(query) and not query.group and query.limit is not None:
        raise malformed(
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
        )


def is_count(query: Query) -> bool:
    """True for SELECT COUNT() and nothing else, which answers a number instead of rows."""
    item = query.items[0]
    return (
        len(query.items) == 1
        and not query.group
        and isinstance(item, SelectedField)
        and item.alias is None
        and isinstance(item.operand, Call)
        and item.operand.name == "COUNT"
        and not item.operand.arguments
    )


def is_grouped(query: Query) -> bool:
    """True when rows are groups: GROUP BY, HAVING, or an aggregate function over everything."""
    if query.group or query.having:
        return True
    return not is_count(query) and any(
        isinstance(item, SelectedField) and is_aggregate(item.operand) for item in query.items
    )


def find_sobject(statement: Statement, query: Query) -> SObject:
    """The sObject that FROM names. Raises OrgError INVALID_TYPE that points at it."""
    path = query.source.path
    found = statement.schema.sobject(path.text)
    if found is None or not statement.env.shows(found):
        raise statement.refuse(
            "INVALID_TYPE",
            path.position,
            f"sObject type '{path.text}' is not supported. If you are attempting to use a custom "
            f"object, be sure to append the '__c' after the entity name. {_ADVICE}",
        )
    return found


def find_child(statement: Statement, parent: SObject, query: Query) -> tuple[str, SObject, Field]:
    """The child relationship that FROM names: its name, the child and the lookup it comes from."""
    path = query.source.path
    wanted = path.parts[-1].lower()
    for relation in statement.schema.children_of(parent.name):
        if relation.name and relation.name.lower() == wanted:
            child = statement.schema.objects[relation.child]
            gate = statement.env.can_read
            if statement.env.shows(child) and (gate is None or gate(child, relation.field)):
                return relation.name, child, relation.field
    raise statement.refuse(
        "INVALID_TYPE",
        path.position,
        f"Didn't understand relationship '{path.text}' in FROM part of query call. If you are "
        "attempting to use a custom relationship, be sure to append the '__r' after the custom "
        f"relationship name. {_ADVICE}",
    )


def compile_where(scope: Scope, query: Query, compile_join: JoinCompiler | None) -> str:
    """WHERE with what the caller asked and what he may not see; empty when all rows qualify."""
    tests = []
    if query.where:
        compiler = ConditionCompiler(
            scope.statement, lambda operand: compile_operand(scope, operand), compile_join
        )
        tests.append(compiler.compile(query.where))
    root = scope.root
    if not scope.statement.env.include_deleted and root.sobject.field("IsDeleted"):
        tests.append(f'{root.alias}."IsDeleted" = 0')
    tests += _compile_scope(scope, query) + _compile_history(scope)
    return "WHERE " + " AND ".join(f"({test})" for test in tests) if tests else ""


def _compile_scope(scope: Scope, query: Query) -> list[str]:
    name = (query.scope or "everything").lower()
    user_id = scope.statement.env.user_id
    owner = scope.root.sobject.field("OwnerId")
    if name == "everything":
        return []
    if name == "mine" and user_id and owner:
        return [f"{scope.root.alias}.{quote(owner.name)} = {scope.statement.bind(user_id)}"]
    raise not_implemented(f"SOQL USING SCOPE {query.scope} FROM {scope.root.sobject.name}")


def _compile_history(scope: Scope) -> list[str]:
    """History tells nothing of fields that the user may not see."""
    gate, tracked_name = scope.statement.env.can_read, scope.root.sobject.history_of
    if gate is None or tracked_name is None:
        return []
    tracked = scope.statement.schema.objects[tracked_name]
    hidden = [field.name for field in tracked.fields.values() if not gate(tracked, field)]
    names = ", ".join(scope.statement.bind(name) for name in hidden)
    return [f'{scope.root.alias}."Field" NOT IN ({names})'] if hidden else []


def compile_order(scope: Scope, query: Query) -> list[str]:
    """ORDER BY keys; the Id comes last, so that the same rows always come in the same order."""
    keys = []
    for ordering in query.order:
        expression = compile_operand(scope, ordering.operand)
        direction = direction_sql(ordering)
        keys += [f"{sql} {direction}" for sql in sort_keys(scope.statement, expression)]
        if expression.sql == scope.root.id_sql:
            return keys
    return [*keys, scope.root.id_sql]
