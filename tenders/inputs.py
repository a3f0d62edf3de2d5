"""Everything one decision was made from, in the form in which it is stored beside the decision.

It owns how the facts fit into one text field of the org: as canonical JSON, else compressed, else
as a fingerprint only. Which of the three it is can be read off the stored text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from tenders.codec import dump, from_plain, to_plain
from tenders.model import Policy, Proposal, Rates, Tender

#: The most characters that the org's field for the inputs holds.
STORED_LIMIT = 131_072
_FORMAT = 1
#: What reading text that `to_stored` never wrote may run into.
_DAMAGE = (AttributeError, KeyError, TypeError, ValueError, ArithmeticError, zlib.error)


class ReplayImpossible(ValueError):
    """The stored text does not hold the inputs; read the order's proposals from the org instead."""


@dataclass(frozen=True)
class Inputs:
    """The facts of one decision. Proposals are kept in the order of their Ids."""

    tender: Tender
    proposals: tuple[Proposal, ...]
    rates: Rates
    policy: Policy
    business_date: date
    deadline: datetime

    @cached_property
    def canonical(self) -> str:
        """All facts as canonical JSON: equal facts, equal text."""
        return dump({"format": _FORMAT, **to_plain(self)})

    @cached_property
    def sha256(self) -> str:
        """The fingerprint of all facts, however they are stored."""
        return hashlib.sha256(self.canonical.encode("ascii")).hexdigest()

    def to_stored(self, limit: int = STORED_LIMIT) -> str:
        """The text to store, never longer than `limit` characters.

        Plain canonical JSON where it fits. A very large order is stored compressed (key `packed`:
        base64 of zlib of the canonical JSON). One too large even for that is stored as a
        fingerprint (key `too_large`), which proves the inputs but cannot replay them.
        """
        if len(self.canonical) <= limit:
            return self.canonical
        head: dict[str, Any] = {"format": _FORMAT, "sha256": self.sha256}
        data = base64.b64encode(zlib.compress(self.canonical.encode("ascii"), 9)).decode("ascii")
        packed = dump(head | {"packed": data})
        if len(packed) <= limit:
            return packed
        return dump(head | {"too_large": True, "proposals": len(self.proposals)})


def read_inputs(stored: str) -> Inputs:
    """The facts behind a stored decision. Raises ReplayImpossible when the text lacks them."""
    try:
        plain = json.loads(stored)
        if not isinstance(plain, dict) or plain.get("format") != _FORMAT:
            raise ReplayImpossible(
                f"Stored inputs are not in format {_FORMAT}; they were written by another version."
            )
        if "too_large" in plain:
            raise ReplayImpossible(
                f"The order had {plain['proposals']} proposals, too many to store; "
                "only the fingerprint was kept."
            )
        if "packed" in plain:
            return from_plain(Inputs, _unpack(plain))
        return from_plain(Inputs, plain)
    except ReplayImpossible:
        raise
    except json.JSONDecodeError as error:
        raise ReplayImpossible(f"Stored inputs are not JSON: {error}.") from error
    except _DAMAGE as error:
        raise ReplayImpossible(f"Stored inputs are damaged: {error!r}.") from error


def _unpack(plain: dict[str, Any]) -> dict[str, Any]:
    canonical = zlib.decompress(base64.b64decode(plain["packed"]))
    if hashlib.sha256(canonical).hexdigest() != plain["sha256"]:
        raise ReplayImpossible("Stored inputs do not match their fingerprint; do not trust them.")
    unpacked: dict[str, Any] = json.loads(canonical)
    return unpacked
