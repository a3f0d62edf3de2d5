"""What a workbook row becomes: accounts, orders and proposals in our own words.

Owns the external IDs. They derive from what the sheet calls a thing, so that the same sheet
always names the same record and a second import finds what the first one made.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class AccountKind(StrEnum):
    """Which side of a tender an account is on; the values are record type developer names."""

    HARDWARE_DESIGNER = "Hardware_Designer"  #: orders the product and pays for it
    MANUFACTURER = "Manufacturer"  #: makes the product and is paid for it


EXTERNAL_ID_LENGTH = 64
#: Prefix of the external IDs of accounts, by kind.
ACCOUNT_PREFIX = {AccountKind.HARDWARE_DESIGNER: "HD", AccountKind.MANUFACTURER: "MS"}


@dataclass(frozen=True)
class AccountRow:
    """A company that the sheet mentions."""

    external_id: str
    name: str
    kind: AccountKind
    country: str | None


@dataclass(frozen=True)
class OrderRow:
    """An RFP: an order before it is validated. `budget` is in `currency`."""

    external_id: str
    account_external_id: str
    title: str
    effective_on: date
    budget: Decimal | None
    currency: str
    channel: str | None
    deposit_required: bool
    description: str | None


@dataclass(frozen=True)
class ProposalRow:
    """One manufacturer's priced answer. `price` is in `currency`, `submitted_at` aware."""

    external_id: str
    order_external_id: str
    manufacturer_external_id: str
    price: Decimal
    currency: str
    lead_time_days: int | None
    submitted_at: datetime | None
    valid_until: date | None
    description: str | None


def external_id_of_account(kind: AccountKind, name: str) -> str:
    """`HD-acme-robotics` for ` Acme  ROBOTICS`: one company however its name was typed."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    slug = re.sub(r"\W+", "-", letters).strip("-_")
    whole = f"{ACCOUNT_PREFIX[kind]}-{slug}"
    if len(whole) <= EXTERNAL_ID_LENGTH:
        return whole
    return f"{whole[:47]}-{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


def external_id_of_number(number: str) -> str:
    """The sheet's own number, upper case and without blanks: `rfp 2026 / 7` → `RFP2026/7`."""
    return re.sub(r"\s+", "", number).upper()
