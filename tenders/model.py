"""The facts a selection is made from, as frozen values.

It owns what the rules may see: whoever reads the org fills these in and nothing else reaches the
rules. The text of a proposal is left out on purpose: it decides nothing and is not ours to copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo


class ProposalStatus(StrEnum):
    """Where a proposal stands; the org's picklist."""

    #: The manufacturer stands by the price; the only status that takes part.
    SUBMITTED = "Submitted"
    #: The manufacturer took it back.
    WITHDRAWN = "Withdrawn"
    #: Operations ruled it out.
    DISQUALIFIED = "Disqualified"
    #: It was awarded the order.
    WON = "Won"
    #: The runner-up, kept until the winner accepts.
    RESERVE = "Reserve"
    #: Another proposal was awarded the order.
    REJECTED = "Rejected"


class OnNoneEligible(StrEnum):
    """What becomes of an order whose proposals are all left out."""

    #: A person looks at it: there are proposals, so somebody wanted the work.
    REVIEW = "REVIEW"
    #: The order is cancelled without a person.
    CANCEL = "CANCEL"


#: Account record type and picklist values that the rules compare with, as the org names them.
MANUFACTURER_RECORD_TYPE = "Manufacturer"
BARRED_QUALIFICATIONS = frozenset({"Suspended", "Rejected"})
DEPOSIT_PAID = "Paid"


@dataclass(frozen=True)
class Tender:
    """One order in its tender phase, as it was read."""

    order_id: str
    order_number: str
    account_id: str
    currency: str
    effective_on: date
    status: str
    name: str | None = None
    external_id: str | None = None
    account_parent_id: str | None = None
    budget: Decimal | None = None
    deposit_required: bool = False
    deposit_status: str | None = None
    system_modstamp: datetime | None = None


@dataclass(frozen=True)
class Manufacturer:
    """The account behind a proposal, as it was read."""

    account_id: str
    name: str = ""
    record_type: str | None = MANUFACTURER_RECORD_TYPE
    qualification_status: str | None = None
    is_active: bool = True
    parent_id: str | None = None
    rating: Decimal | None = None


@dataclass(frozen=True)
class PriceChange:
    """One entry of a proposal's price history."""

    changed_at: datetime
    old: Decimal | None
    new: Decimal | None


@dataclass(frozen=True)
class Proposal:
    """One proposal, as it was read.

    `price` is the price now, in `currency`; the price that counts is the one at the deadline.
    `price_history` holds every known change of the price; `is_history_available` says that it was
    read in full, so that an empty history proves that the price never changed.
    """

    id: str
    name: str
    order_id: str
    manufacturer: Manufacturer | None
    price: Decimal | None
    currency: str
    created_at: datetime
    last_modified_at: datetime
    status: str | None = ProposalStatus.SUBMITTED
    submitted_at: datetime | None = None
    valid_until: date | None = None
    lead_time_days: int | None = None
    is_deleted: bool = False
    price_history: tuple[PriceChange, ...] = ()
    is_history_available: bool = True

    @property
    def submission_at(self) -> datetime:
        """When the proposal was made: as recorded on it, else when the record appeared."""
        return self.submitted_at or self.created_at

    @property
    def number(self) -> int | None:
        """The auto number behind the name (`OP-0000000042` is 42); None when it has none."""
        digits = "".join(c for c in self.name.rpartition("-")[2] if c in "0123456789")
        return int(digits) if digits else None


@dataclass(frozen=True)
class Rates:
    """Exchange rates of one moment: units of each currency per one `base` (corporate) unit."""

    base: str
    per_base: dict[str, Decimal] = field(default_factory=dict)
    source: str = ""
    as_of: datetime | None = None

    def rate_of(self, currency: str) -> Decimal | None:
        """Units of `currency` per base unit; None when there is no usable rate."""
        rate = Decimal(1) if currency == self.base else self.per_base.get(currency)
        return rate if rate is not None and rate.is_finite() and rate > 0 else None


@dataclass(frozen=True)
class Policy:
    """What the business has chosen: where its day ends, and what happens at the edges."""

    business_zone: str = "Europe/Warsaw"
    stale_after_days: int = 90
    on_none_eligible: OnNoneEligible = OnNoneEligible.REVIEW
    strategy_key: str = "best_price"
    strategy_version: int = 1


def deadline_of(effective_on: date, business_zone: str) -> datetime:
    """When a call closes: the first instant after its last day, in the business time zone.

    Aware. A proposal made at this very instant is late. Differs by daylight saving time, so it is
    computed from the zone and never by adding 24 hours.
    """
    zone = ZoneInfo(business_zone)
    return datetime.combine(effective_on + timedelta(days=1), time.min, zone)
