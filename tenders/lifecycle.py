"""The life of an order: its statuses, who may move it where, and what must be true first.

It owns the lifecycle table. The org enforces the same rules as validation rules; a test drives
every pair of statuses through the org and compares, so neither side can drift. Lookup filters
(the proposal belongs to the order, the account is a manufacturer) are the org's alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from tenders.statuses import Mover, OrderStatus

__all__ = [
    "CLOSED_TO_PROPOSALS",
    "FINAL_STATUSES",
    "INITIAL_STATUSES",
    "PERMITTED_MOVES",
    "SELECTION_TARGETS",
    "SHORTEST_CALL_DAYS",
    "TRANSITIONS",
    "Mover",
    "OrderRule",
    "OrderStatus",
    "Refusal",
    "Situation",
    "Transition",
    "is_permitted",
    "refusal",
    "refusals",
]


class OrderRule(StrEnum):
    """The org's validation rules on orders, by name, in the order in which we report them."""

    #: A call stays open for at least three days, so that manufacturers can answer.
    CALL_NEEDS_THREE_DAYS = "Call_Needs_Three_Days"
    #: An order begins before or at its call, never after.
    INITIAL_STATUS = "Initial_Status"
    #: An order moves along the lifecycle table only.
    STATUS_TRANSITION = "Status_Transition"
    #: An awarded order names its manufacturer and its proposal. Nobody may bypass this.
    WINNER_COMPLETE = "Winner_Complete"
    #: The manufacturer on the order is the one who made the proposal on it.
    WINNER_BELONGS = "Winner_Belongs"
    #: A call opens once the deposit is paid, where one is required.
    DEPOSIT_SETTLED = "Deposit_Settled"
    #: An order completes once the hardware designer accepted the first batch.
    QA_ACCEPTED = "QA_Accepted"
    #: A person who does the selection's work by hand says why.
    MANUAL_SELECTION_NEEDS_REASON = "Manual_Selection_Needs_Reason"
    #: The selection decides open calls only: a person who moved the order first wins.
    SELECTION_STILL_OPEN = "Selection_Still_Open"
    #: The selection's answer counts for the last day that it read.
    SELECTION_DATE_UNCHANGED = "Selection_Date_Unchanged"
    #: The selection's figures count in the currency that it read.
    SELECTION_CURRENCY_UNCHANGED = "Selection_Currency_Unchanged"
    #: The selection's award counts for the price that it read.
    SELECTION_PRICE_UNCHANGED = "Selection_Price_Unchanged"
    #: The selection's answer counts for the deposit that it read.
    SELECTION_DEPOSIT_UNCHANGED = "Selection_Deposit_Unchanged"
    #: The selection awards nobody who was suspended, expired or joined the designer meanwhile.
    SELECTION_WINNER_QUALIFIED = "Selection_Winner_Qualified"


@dataclass(frozen=True)
class Transition:
    """One permitted move and who makes it."""

    source: OrderStatus
    target: OrderStatus
    movers: frozenset[Mover]


def _moves(source: OrderStatus, *targets: OrderStatus, by: set[Mover]) -> tuple[Transition, ...]:
    return tuple(Transition(source, target, frozenset(by)) for target in targets)


_S = OrderStatus
_OPS, _JOB, _MAKER, _DESIGNER = Mover
#: The lifecycle table. Staying where it is, is always permitted to an order.
TRANSITIONS: tuple[Transition, ...] = (
    *_moves(_S.DRAFT, _S.PENDING_VALIDATION, by={_OPS}),
    *_moves(_S.PENDING_VALIDATION, _S.AWAITING_PROPOSALS, _S.CANCELLED, by={_OPS}),
    *_moves(
        _S.AWAITING_PROPOSALS,
        _S.MANUFACTURER_SELECTED,
        _S.CANCELLED_NO_PROPOSALS,
        _S.SELECTION_REVIEW,
        by={_JOB, _OPS},
    ),
    *_moves(
        _S.SELECTION_REVIEW,
        _S.MANUFACTURER_SELECTED,
        _S.AWAITING_PROPOSALS,
        _S.CANCELLED,
        by={_OPS},
    ),
    *_moves(_S.MANUFACTURER_SELECTED, _S.IN_PRODUCTION, _S.SELECTION_REVIEW, by={_OPS, _MAKER}),
    *_moves(_S.MANUFACTURER_SELECTED, _S.CANCELLED, by={_OPS}),
    *_moves(_S.IN_PRODUCTION, _S.FIRST_BATCH_DELIVERED, _S.CANCELLED, by={_OPS}),
    *_moves(_S.FIRST_BATCH_DELIVERED, _S.COMPLETED, _S.DISPUTED, by={_OPS, _DESIGNER}),
    *_moves(_S.DISPUTED, _S.COMPLETED, _S.CANCELLED, by={_OPS}),
)
#: The same table as pairs, for looking up.
PERMITTED_MOVES = frozenset((move.source, move.target) for move in TRANSITIONS)
#: Where a new order may begin.
INITIAL_STATUSES = frozenset({_S.DRAFT, _S.PENDING_VALIDATION, _S.AWAITING_PROPOSALS})
#: Where an order ends: no move leads out.
FINAL_STATUSES = frozenset(_S) - {move.source for move in TRANSITIONS} - {_S.ACTIVATED}
#: Where the org refuses new proposals: the call is over or the order is closed.
CLOSED_TO_PROPOSALS = FINAL_STATUSES | {
    _S.MANUFACTURER_SELECTED,
    _S.IN_PRODUCTION,
    _S.FIRST_BATCH_DELIVERED,
    _S.DISPUTED,
}
#: What the selection, or a person in its place, makes of an open call.
SELECTION_TARGETS = frozenset(
    {_S.MANUFACTURER_SELECTED, _S.CANCELLED_NO_PROPOSALS, _S.SELECTION_REVIEW}
)
#: The shortest time that a call may stay open, in days.
SHORTEST_CALL_DAYS = 3


@dataclass(frozen=True)
class Situation:
    """An order as it is about to be saved, with what the save changes.

    `status` is the status before the save, None for a new order. All other facts are as they will
    be after it. The `…_changed` flags say what this save touches besides the status. `today` is
    the date of the user who saves. `is_refund_of_paid`: a deposit that this save makes Refund Due
    was Paid before. `is_winner_barred`: the order's manufacturer is suspended or rejected, belongs
    to the designer's group, or no longer holds its price on the run's business date.
    """

    status: OrderStatus | None
    today: date
    effective_on: date
    effective_on_changed: bool = False
    deposit_required: bool = False
    deposit_status: str | None = "Not Requested"
    has_manufacturer: bool = False
    has_proposal: bool = False
    proposal_is_manufacturers: bool = True
    winner_changed: bool = False
    qa_result: str | None = None
    is_operations_user: bool = False
    has_selection_reason: bool = False
    is_selection_run_changed: bool = False
    is_decided_date_current: bool = True
    is_decided_currency_current: bool = True
    is_decided_price_current: bool = True
    is_refund_of_paid: bool = True
    is_winner_barred: bool = False
    bypass: bool = False

    @property
    def is_new(self) -> bool:
        """Whether the save creates the order."""
        return self.status is None


@dataclass(frozen=True)
class Refusal:
    """A rule that stops the save."""

    rule: OrderRule


def refusals(situation: Situation, target: OrderStatus) -> tuple[Refusal, ...]:
    """Every validation rule that stops saving the order with status `target`; empty when none.

    All rules are told together, as Salesforce does. With the bypass for data loads only
    Winner_Complete is left.
    """
    return tuple(
        Refusal(rule)
        for rule, stops in _RULES.items()
        if (rule in _NEVER_BYPASSED or not situation.bypass) and stops(situation, target)
    )


def refusal(situation: Situation, target: OrderStatus) -> Refusal | None:
    """The first rule that stops the save; None when the org accepts it."""
    return next(iter(refusals(situation, target)), None)


def is_permitted(source: OrderStatus, target: OrderStatus) -> bool:
    """Whether the lifecycle table lets an order move, or stay where it is."""
    return source == target or (source, target) in PERMITTED_MOVES


def _call_is_short(s: Situation, target: OrderStatus) -> bool:
    touched = s.is_new or s.status != target or s.effective_on_changed
    earliest = s.today + timedelta(days=SHORTEST_CALL_DAYS)
    return target == _S.AWAITING_PROPOSALS and touched and s.effective_on < earliest


def _begins_too_far(s: Situation, target: OrderStatus) -> bool:
    return s.is_new and target not in INITIAL_STATUSES


def _leaves_the_table(s: Situation, target: OrderStatus) -> bool:
    return s.status is not None and not is_permitted(s.status, target)


def _winner_is_incomplete(s: Situation, target: OrderStatus) -> bool:
    return target == _S.MANUFACTURER_SELECTED and not (s.has_manufacturer and s.has_proposal)


def _winner_is_mixed_up(s: Situation, target: OrderStatus) -> bool:
    is_awarded_now = target == _S.MANUFACTURER_SELECTED and s.status != target
    is_touched = not s.is_new and (s.winner_changed or is_awarded_now)
    is_one_pair = s.has_manufacturer and s.proposal_is_manufacturers
    return is_touched and s.has_proposal and not is_one_pair


def _deposit_is_open(s: Situation, target: OrderStatus) -> bool:
    opens = (s.status, target) == (_S.PENDING_VALIDATION, _S.AWAITING_PROPOSALS)
    return opens and s.deposit_required and s.deposit_status != "Paid"


def _qa_is_open(s: Situation, target: OrderStatus) -> bool:
    completes = (s.status, target) == (_S.FIRST_BATCH_DELIVERED, _S.COMPLETED)
    return completes and s.qa_result != "Accepted"


def _person_gives_no_reason(s: Situation, target: OrderStatus) -> bool:
    decides = s.status == _S.AWAITING_PROPOSALS and target in SELECTION_TARGETS
    return decides and s.is_operations_user and not s.has_selection_reason


def _call_was_closed(s: Situation, target: OrderStatus) -> bool:
    return _run_decides(s) and s.status != _S.AWAITING_PROPOSALS


def _date_has_moved(s: Situation, target: OrderStatus) -> bool:
    return _run_decides(s) and not s.is_decided_date_current


def _currency_has_moved(s: Situation, target: OrderStatus) -> bool:
    return _run_decides(s) and not s.is_decided_currency_current


def _price_has_moved(s: Situation, target: OrderStatus) -> bool:
    awards = _run_decides(s) and target == _S.MANUFACTURER_SELECTED
    return awards and not (s.has_proposal and s.is_decided_price_current)


def _deposit_has_moved(s: Situation, target: OrderStatus) -> bool:
    is_paid = s.deposit_status == "Paid"
    refunds_wrongly = s.deposit_status == "Refund Due" and not s.is_refund_of_paid
    moved = {
        _S.MANUFACTURER_SELECTED: s.deposit_required and not is_paid,
        _S.CANCELLED_NO_PROPOSALS: is_paid or refunds_wrongly,
    }
    return _run_decides(s) and moved.get(target, False)


def _winner_is_barred(s: Situation, target: OrderStatus) -> bool:
    return _run_decides(s) and target == _S.MANUFACTURER_SELECTED and s.is_winner_barred


def _run_decides(s: Situation) -> bool:
    return s.is_selection_run_changed and not s.is_new


_RULES: dict[OrderRule, Callable[[Situation, OrderStatus], bool]] = {
    OrderRule.CALL_NEEDS_THREE_DAYS: _call_is_short,
    OrderRule.INITIAL_STATUS: _begins_too_far,
    OrderRule.STATUS_TRANSITION: _leaves_the_table,
    OrderRule.WINNER_COMPLETE: _winner_is_incomplete,
    OrderRule.WINNER_BELONGS: _winner_is_mixed_up,
    OrderRule.DEPOSIT_SETTLED: _deposit_is_open,
    OrderRule.QA_ACCEPTED: _qa_is_open,
    OrderRule.MANUAL_SELECTION_NEEDS_REASON: _person_gives_no_reason,
    OrderRule.SELECTION_STILL_OPEN: _call_was_closed,
    OrderRule.SELECTION_DATE_UNCHANGED: _date_has_moved,
    OrderRule.SELECTION_CURRENCY_UNCHANGED: _currency_has_moved,
    OrderRule.SELECTION_PRICE_UNCHANGED: _price_has_moved,
    OrderRule.SELECTION_DEPOSIT_UNCHANGED: _deposit_has_moved,
    OrderRule.SELECTION_WINNER_QUALIFIED: _winner_is_barred,
}
_NEVER_BYPASSED = frozenset({OrderRule.WINNER_COMPLETE})
