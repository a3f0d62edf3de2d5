"""Which saves queue outbound messages.

Owns when a trigger fires: after the record is stored, in the same transaction, so that a rollback
queues nothing. Deletes and undeletes queue nothing, and neither do lookups that the platform blanks
or re-points by itself. An object without triggers costs one look-up in a dictionary. Source:
developer.salesforce.com, Apex guide, "Triggers and Order of Execution"; Salesforce help, "Workflow
Rule Evaluation Criteria".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.org.automation import Dialect, Trigger, TriggerItem
from sandbox.org.errors import refuse
from sandbox.org.filter_conditions import FilterError, compile_item
from sandbox.org.filter_logic import FilterLogicError, Logic, parse_logic
from sandbox.org.flow_filters import Check, FlowFilterError, compile_flow_item
from sandbox.org.flow_formulas import FlowContext, compile_flow_formula, flow_resolver
from sandbox.org.formula_context import RecordContext
from sandbox.org.formula_library import SchemaError
from sandbox.org.formulas import (
    Formula,
    FormulaContext,
    FormulaError,
    FormulaSyntaxError,
    FormulaTypeError,
    Resolver,
    ResultType,
    compile_formula,
)
from sandbox.org.save import Save
from sandbox.org.schema import FilterItem, Schema, SObject

#: Functions that a rule which waits for a record to meet it may not use.
_CHANGE_FUNCTIONS = frozenset({"ISCHANGED", "ISNEW", "PRIORVALUE"})
#: What a flow calls the two plain ways to combine conditions; in a rule they are never written.
_PLAIN_LOGIC: dict[str, Logic] = {"and": all, "or": any}


class TriggerError(ValueError):
    """A trigger that cannot work; `line` is that of the formula, from 1, when one is at fault."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class CompiledTrigger:
    """A trigger, ready to be asked after each save."""

    trigger: Trigger
    holds: Check

    def fires(self, save: Save) -> bool:
        """True when this save queues the trigger's messages. Raises OrgError."""
        trigger = self.trigger
        if not (trigger.on_create if save.is_new else trigger.on_update):
            return False
        try:
            return self.holds(save.context) and not self._held_before(save)
        except FormulaError as error:
            # Sent or not sent would both be a guess; a flow that fails undoes the save in an org.
            message = f"The formula of {trigger.place} failed: {error}"
            raise refuse("CANNOT_EXECUTE_FLOW_TRIGGER", message) from error

    def _held_before(self, save: Save) -> bool:
        """True when the record met the conditions already and that makes this save none."""
        if not self.trigger.only_when_newly_met or save.before is None:
            return False
        # The record of before, at rest: there nothing is new and nothing has changed.
        return self.holds(save.context.of(save.sobject, save.before))


def compile_trigger(schema: Schema, trigger: Trigger, resolve: Resolver) -> CompiledTrigger:
    """The trigger, checked in full. `resolve` knows the fields of its sObject.

    Raises TriggerError for what a deploy would refuse.
    """
    sobject = schema.objects.get(trigger.sobject)
    if sobject is None:
        raise TriggerError(f"object {trigger.sobject} does not exist")
    for name in trigger.messages:
        message = schema.outbound_messages.get(name)
        if message is None:
            raise TriggerError(f"outbound message {name} does not exist")
        if message.sobject != sobject.name:
            raise TriggerError(f"outbound message {name} is not one of {sobject.name}")
    if trigger.formula is not None:
        return CompiledTrigger(trigger, _compile_formula(trigger, trigger.formula, resolve))
    return CompiledTrigger(trigger, _compile_items(schema, sobject, trigger))


def _compile_items(schema: Schema, sobject: SObject, trigger: Trigger) -> Check:
    compile_one = _ITEM_COMPILERS[trigger.dialect]
    try:
        checks = [compile_one(schema, sobject, item) for item in trigger.items]
        logic = _logic(trigger)
    except (FilterError, FlowFilterError, FilterLogicError) as error:
        raise TriggerError(str(error)) from error
    if not checks:
        return lambda _context: True
    return lambda context: logic([check(context) for check in checks])


def _logic(trigger: Trigger) -> Logic:
    text = trigger.logic or "and"
    plain = _PLAIN_LOGIC.get(text.strip().lower())
    return plain or parse_logic(text, len(trigger.items))


def _rule_item(schema: Schema, sobject: SObject, item: TriggerItem) -> Check:
    as_filter = FilterItem(item.field, item.operation, item.value, item.reference)
    condition, _ = compile_item(schema, sobject, sobject, as_filter)
    return lambda context: condition(context, context)


_ITEM_COMPILERS = {Dialect.RULE: _rule_item, Dialect.FLOW: compile_flow_item}


class _Names:
    """The fields that a formula may name, as the engine asks for them."""

    def __init__(self, resolve: Resolver) -> None:
        self.field_type = resolve


def _compile_formula(trigger: Trigger, text: str, resolve: Resolver) -> Check:
    is_flow = trigger.dialect is Dialect.FLOW
    try:
        formula = compile_flow_formula(text) if is_flow else compile_formula(text)
        found = formula.check(_Names(flow_resolver(resolve) if is_flow else resolve))
    except FormulaSyntaxError as error:
        raise TriggerError(f"the formula does not parse: {error.message}", error.line) from error
    except FormulaTypeError as error:
        raise TriggerError(f"the formula is not valid: {error.message}", error.line) from error
    if found not in {ResultType.BOOLEAN, ResultType.NULL, ResultType.ANY}:
        raise TriggerError(f"the formula returns {found}; Boolean is needed here", 1)
    used = sorted(formula.functions & _CHANGE_FUNCTIONS)
    if used and trigger.only_when_newly_met and not is_flow:
        message = f"{', '.join(used)} cannot stand in a rule that waits for a record to meet it"
        raise TriggerError(f"{message}; choose another evaluation", 1)
    return _evaluator(formula, FlowContext if is_flow else None)


def _evaluator(formula: Formula, wrap: Callable[[RecordContext], FormulaContext] | None) -> Check:
    if wrap is None:
        return lambda context: formula.evaluate(context) is True
    return lambda context: formula.evaluate(wrap(context)) is True


class Triggers:
    """All triggers of a schema by their sObject. `scope` gives the fields of an sObject.

    Raises SchemaError listing every trigger that cannot work.
    """

    def __init__(self, schema: Schema, scope: Callable[[SObject], Resolver]) -> None:
        self._by_sobject: dict[str, list[CompiledTrigger]] = {}
        problems = []
        for trigger in schema.triggers:
            sobject = schema.objects.get(trigger.sobject)
            resolve = scope(sobject) if sobject else _knows_nothing
            try:
                compiled = compile_trigger(schema, trigger, resolve)
            except TriggerError as error:
                problems.append(f"{trigger.place}: {error}")
            else:
                self._by_sobject.setdefault(trigger.sobject, []).append(compiled)
        if problems:
            raise SchemaError("; ".join(problems))

    def messages_of(self, save: Save) -> list[str]:
        """The messages that this save queues, one per action that sends."""
        found = self._by_sobject.get(save.sobject.name)
        if found is None:
            return []
        fired = [compiled.trigger for compiled in found if compiled.fires(save)]
        return [name for trigger in fired for name in trigger.messages]


def _knows_nothing(_path: tuple[str, ...]) -> None:
    return None


def queue_messages(save: Save) -> None:
    """Queue what this save sends; the record is stored by now. Raises OrgError."""
    for name in save.core.triggers.messages_of(save):
        save.core.outbound.add(name, str(save.record["Id"]), save.now)
