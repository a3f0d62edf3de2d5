"""The ways in which a proposal is left out of a selection, and their words for operations.

It owns one code and one sentence per way; `eligibility` decides which of them applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tenders.model import Proposal


class ExclusionCode(StrEnum):
    """Why a proposal takes no part; stored on the proposal and in the decision."""

    #: The record is in the recycle bin.
    DELETED = "DELETED"
    #: The manufacturer took it back.
    WITHDRAWN = "WITHDRAWN"
    #: Operations ruled it out.
    DISQUALIFIED = "DISQUALIFIED"
    #: Its status is left over from an earlier selection, or is missing.
    NOT_SUBMITTED = "NOT_SUBMITTED"
    #: It was made after the call closed.
    LATE = "LATE"
    #: The same manufacturer made a newer one in time; the newest counts, not the cheapest.
    SUPERSEDED = "SUPERSEDED"
    #: The account behind it is not a manufacturer (any more).
    NOT_MANUFACTURER = "NOT_MANUFACTURER"
    #: The manufacturer is suspended, or failed its qualification.
    MANUFACTURER_SUSPENDED = "MANUFACTURER_SUSPENDED"
    #: The manufacturer's account is closed.
    MANUFACTURER_INACTIVE = "MANUFACTURER_INACTIVE"
    #: The manufacturer and the hardware designer are one company or one group.
    SELF_BID = "SELF_BID"
    #: The manufacturer no longer holds the price on the day of the decision.
    EXPIRED = "EXPIRED"
    #: The price may have changed after the call closed and no record tells what it was.
    LATE_EDIT = "LATE_EDIT"
    #: There is no price.
    PRICE_MISSING = "PRICE_MISSING"
    #: The price is zero or less; such a price is a mistake that nobody can honour.
    PRICE_NOT_POSITIVE = "PRICE_NOT_POSITIVE"
    #: The currency is not one that can be paid.
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN"
    #: The price has a fraction that its currency does not have, such as half a yen.
    PRICE_NOT_PAYABLE = "PRICE_NOT_PAYABLE"
    #: No exchange rate leads from its currency to the order's.
    NO_RATE = "NO_RATE"


#: What operations read for each code, with the facts of the proposal put in.
EXCLUSION_WORDS: dict[ExclusionCode, str] = {
    ExclusionCode.DELETED: "The proposal is in the recycle bin.",
    ExclusionCode.WITHDRAWN: "The manufacturer withdrew the proposal.",
    ExclusionCode.DISQUALIFIED: "Operations disqualified the proposal.",
    ExclusionCode.NOT_SUBMITTED: (
        "The proposal's status is {status}. Set it to Submitted to let it take part."
    ),
    ExclusionCode.LATE: "Submitted {submitted}, after the call closed at {closed}.",
    ExclusionCode.SUPERSEDED: "The same manufacturer submitted a newer proposal, {newer}.",
    ExclusionCode.NOT_MANUFACTURER: "The account behind the proposal is not a manufacturer.",
    ExclusionCode.MANUFACTURER_SUSPENDED: "The manufacturer's qualification is {qualification}.",
    ExclusionCode.MANUFACTURER_INACTIVE: "The manufacturer's account is closed.",
    ExclusionCode.SELF_BID: (
        "The manufacturer belongs to the same company or group as the hardware designer."
    ),
    ExclusionCode.EXPIRED: "The proposal was valid until {valid_until}.",
    ExclusionCode.LATE_EDIT: (
        "The proposal was changed {changed}, after the call closed, and the history does not tell "
        "its price before that. Find out the price and decide by hand."
    ),
    ExclusionCode.PRICE_MISSING: "The proposal had no price when the call closed.",
    ExclusionCode.PRICE_NOT_POSITIVE: "The price is {price}. It must be above zero.",
    ExclusionCode.CURRENCY_UNKNOWN: "The currency {currency} is not known.",
    ExclusionCode.PRICE_NOT_PAYABLE: (
        "The price {price} has a fraction that nobody can pay in this currency."
    ),
    ExclusionCode.NO_RATE: "There is no exchange rate from {currency} to {order_currency}.",
}


@dataclass(frozen=True)
class Exclusion:
    """A proposal that takes no part, the reason, and the reason in operations' words."""

    proposal: Proposal
    code: ExclusionCode
    words: str
