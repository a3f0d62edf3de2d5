"""Fields that the platform itself sets from other fields of the same record.

Owns the status categories: the category of an Order's status, and the closing of a Case. Source:
developer.salesforce.com, Object Reference, "Order" and "Case".
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.org.save import Save


def derive_fields(save: Save) -> None:
    """Bring the derived fields of the record in line with the rest of it."""
    derive = _DERIVATIONS.get(save.sobject.name)
    if derive is not None:
        derive(save)


def _category(save: Save) -> str:
    field = save.sobject.fields.get("Status")
    values = field.values if field else ()
    status = save.record.get("Status")
    return next((value.category for value in values if value.value == status), "")


def _order(save: Save) -> None:
    if "StatusCode" in save.record:
        save.record["StatusCode"] = _category(save) or "Draft"


def _case(save: Save) -> None:
    if not {"IsClosed", "ClosedDate"} <= save.record.keys():
        return
    is_closed = _category(save) == "Closed"
    if is_closed != save.record["IsClosed"]:
        save.record["IsClosed"] = is_closed
        save.record["ClosedDate"] = save.now if is_closed else None


_DERIVATIONS: dict[str, Callable[[Save], None]] = {"Order": _order, "Case": _case}
