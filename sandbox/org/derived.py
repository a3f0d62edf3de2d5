"""Fields that the platform itself sets from other fields of the same record.

Owns the status categories: the category of an Order's or Contract's status, the closing of cases,
tasks and opportunities, the probability of a stage; and the product and list price that an order
product takes from its price book entry. Source: developer.salesforce.com, Object Reference, the
pages of these objects.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sandbox.org.save import Save
from sandbox.org.schema import PicklistValue


def derive_fields(save: Save) -> None:
    """Bring the derived fields of the record in line with the rest of it."""
    derive = _DERIVATIONS.get(save.sobject.name)
    if derive is not None:
        derive(save)


def _category(save: Save, name: str = "Status") -> str:
    field = save.sobject.fields.get(name)
    values = field.values if field else ()
    status = save.record.get(name)
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


def _task(save: Save) -> None:
    is_closed = _category(save) == "Closed"
    if is_closed != save.record["IsClosed"]:
        save.record["CompletedDateTime"] = save.now if is_closed else None
    save.record["IsClosed"] = is_closed
    save.record["IsHighPriority"] = save.record["Priority"] == "High"


def _opportunity(save: Save) -> None:
    category = _category(save, "StageName")
    save.record["IsWon"] = category == "Won"
    save.record["IsClosed"] = category in {"Won", "Closed"}
    stage = _stage(save)
    if stage is None or not save.has_changed("StageName"):
        return
    # The stage brings its probability and forecast category, unless the save says otherwise.
    if stage.probability is not None and not save.has_changed("Probability"):
        save.record["Probability"] = Decimal(stage.probability)
    if stage.forecast and not save.has_changed("ForecastCategoryName"):
        save.record["ForecastCategoryName"] = _FORECAST_NAMES[stage.forecast]
    save.record["ForecastCategory"] = stage.forecast or None


def _stage(save: Save) -> PicklistValue | None:
    stage = save.record["StageName"]
    values = save.sobject.fields["StageName"].values
    return next((value for value in values if value.value == stage), None)


#: What people call the forecast categories of the Metadata API.
_FORECAST_NAMES = {
    "BestCase": "Best Case",
    "Closed": "Closed",
    "Forecast": "Commit",
    "MostLikely": "Most Likely",
    "Omitted": "Omitted",
    "Pipeline": "Pipeline",
}


def _campaign_member(save: Save) -> None:
    has_responded = _category(save) == "Responded"
    if has_responded and not save.record["HasResponded"]:
        save.record["FirstRespondedDate"] = save.now.astimezone(save.actor.time_zone).date()
    save.record["HasResponded"] = has_responded


def _order_item(save: Save) -> None:
    entry = save.record["PricebookEntryId"]
    row = save.rows.get(str(entry)) if save.is_new and entry else None
    if row is not None:
        save.record["Product2Id"] = row.get("Product2Id")
        save.record["ListPrice"] = row.get("UnitPrice")


_DERIVATIONS: dict[str, Callable[[Save], None]] = {
    "CampaignMember": _campaign_member,
    "Case": _case,
    "Contract": _order,
    "Opportunity": _opportunity,
    "Order": _order,
    "OrderItem": _order_item,
    "Task": _task,
}
