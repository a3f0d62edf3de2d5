"""What can become of an order on a morning, and why, as closed sets.

It owns the codes that are stored with every decision; `decision` chooses among them.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What the selection does with an order; the org's picklist."""

    #: The order goes to the winner.
    AWARD = "AWARD"
    #: A person must decide.
    REVIEW = "REVIEW"
    #: The order is cancelled. Whoever writes it must first prove that there is no proposal.
    CANCEL = "CANCEL"
    #: The call stays open longer. Reserved: no rule of today gives it.
    EXTEND = "EXTEND"
    #: Nothing to do for this order today.
    SKIP = "SKIP"
    #: The award waits for something that others must do first.
    HOLD = "HOLD"


class Reason(StrEnum):
    """Why the order came out as it did."""

    #: The winner is first in the strategy's ranking.
    BEST_RANKED = "BEST_RANKED"
    #: Nobody ever made a proposal.
    NO_PROPOSALS = "NO_PROPOSALS"
    #: All proposals are in the recycle bin, which may be a mistake.
    ALL_DELETED = "ALL_DELETED"
    #: There are proposals, but every one was left out.
    NO_ELIGIBLE = "NO_ELIGIBLE"
    #: The call closed so long ago that prices and intentions may no longer hold.
    STALE = "STALE"
    #: A price may have been changed after the call closed, and no record tells the price before.
    LATE_EDIT = "LATE_EDIT"
    #: The order asks for a strategy that does not exist; price is never used in its place.
    STRATEGY_UNKNOWN = "STRATEGY_UNKNOWN"
    #: The order's last day is not over.
    NOT_DUE = "NOT_DUE"
    #: The order is not waiting for proposals, so a person or an earlier run has decided.
    NOT_OPEN = "NOT_OPEN"
    #: The hardware designer has not paid the deposit.
    DEPOSIT_UNPAID = "DEPOSIT_UNPAID"
