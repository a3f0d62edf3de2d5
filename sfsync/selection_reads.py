"""Reads what the selection needs from the org, in our own words and types.

Owns the names of the fields on the org's side. Every read is paged to its end and checked against
the announced total (`sfsync.queries`), because a proposal that was not read would lose unheard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from simple_salesforce.api import Salesforce

from sfsync.about_org import org_time
from sfsync.queries import query, query_all, query_in, query_in_rows, query_rows
from sfsync.results import Record
from sfsync.soql import soql

Reader = Callable[[Any], Any]
AWAITING_PROPOSALS = "AWAITING PROPOSALS"
MANUFACTURER_SELECTED = "MANUFACTURER SELECTED"
#: A grouped query cannot be paged: the service refuses more groups than this.
MOST_GROUPS = 2000


def read_instant(text: str) -> datetime:
    """A Salesforce datetime (`2026-11-20T07:00:00.000+0000`) as an aware instant."""
    return datetime.fromisoformat(text)


def read_decimal(number: Any) -> Decimal:
    """A number of the exact JSON reader, which gives whole ones as int."""
    return Decimal(number)


def read_as_is(value: Any) -> Any:
    """Text, booleans and whole numbers need no reading."""
    return value


#: Our name → (path in SOQL, reader) for an order in its tender phase.
ORDER_FIELDS: dict[str, tuple[str, Reader]] = {
    "order_id": ("Id", read_as_is),
    "order_number": ("OrderNumber", read_as_is),
    "name": ("Name", read_as_is),
    "external_id": ("External_Id__c", read_as_is),
    "account_id": ("AccountId", read_as_is),
    "account_parent_id": ("Account.ParentId", read_as_is),
    "currency": ("CurrencyIsoCode", read_as_is),
    "effective_on": ("EffectiveDate", date.fromisoformat),
    "status": ("Status", read_as_is),
    "budget": ("Budget__c", read_decimal),
    "deposit_required": ("Deposit_Required__c", read_as_is),
    "deposit_status": ("Deposit_Status__c", read_as_is),
    "system_modstamp": ("SystemModstamp", read_instant),
}
#: What the job needs of an order beside the facts of the rules.
ORDER_HANDLING_FIELDS: dict[str, tuple[str, Reader]] = {
    "last_modified_at": ("LastModifiedDate", read_instant),
    "owner_id": ("OwnerId", read_as_is),
    "run_id": ("Selection_Run__c", read_as_is),
}
PROPOSAL_FIELDS: dict[str, tuple[str, Reader]] = {
    "id": ("Id", read_as_is),
    "name": ("Name", read_as_is),
    "order_id": ("Order__c", read_as_is),
    "price": ("Price__c", read_decimal),
    "currency": ("CurrencyIsoCode", read_as_is),
    "status": ("Status__c", read_as_is),
    "created_at": ("CreatedDate", read_instant),
    "last_modified_at": ("LastModifiedDate", read_instant),
    "submitted_at": ("Submitted_At__c", read_instant),
    "valid_until": ("Valid_Until__c", date.fromisoformat),
    "lead_time_days": ("Lead_Time_Days__c", int),
    "is_deleted": ("IsDeleted", read_as_is),
}
MANUFACTURER_FIELDS: dict[str, tuple[str, Reader]] = {
    "account_id": ("Manufacturer__c", read_as_is),
    "name": ("Manufacturer__r.Name", read_as_is),
    "record_type": ("Manufacturer__r.RecordType.DeveloperName", read_as_is),
    "qualification_status": ("Manufacturer__r.Qualification_Status__c", read_as_is),
    "parent_id": ("Manufacturer__r.ParentId", read_as_is),
    "rating": ("Manufacturer__r.Rating__c", read_decimal),
}


def select_from(sobject: str, condition: str, *tables: Mapping[str, tuple[str, Reader]]) -> str:
    """A query template for the fields of some tables; values stay as `{names}`."""
    paths = ", ".join(path for table in tables for path, _ in table.values())
    return " ".join(["SELECT", paths, "FROM", sobject, condition])


def read_fields(row: Record, table: Mapping[str, tuple[str, Reader]]) -> dict[str, Any]:
    """One row under our names; what the org left empty is None."""
    values = {}
    for name, (path, reader) in table.items():
        raw = row.get(path) if "." not in path else follow_path(row, path)
        values[name] = None if raw is None else reader(raw)
    return values


def follow_path(row: Record, path: str) -> Any:
    """A value of a parent record; None when the row has no such parent."""
    found: Any = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def read_due_orders(sf: Salesforce, business_date: date) -> list[dict[str, Any]]:
    """Orders in AWAITING PROPOSALS whose last day is before `business_date`, oldest first.

    The date is explicit: SOQL's own TODAY would follow the integration user's time zone.
    """
    condition = "WHERE Status = {status} AND EffectiveDate < {day} ORDER BY EffectiveDate, Id"
    template = select_from("Order", condition, ORDER_FIELDS, ORDER_HANDLING_FIELDS)
    rows = query(sf, soql(template, status=AWAITING_PROPOSALS, day=business_date))
    return [read_fields(row, ORDER_FIELDS | ORDER_HANDLING_FIELDS) for row in rows]


def read_orders(sf: Salesforce, order_ids: Sequence[str]) -> list[dict[str, Any]]:
    """These orders as they are now, whatever their status."""
    condition = "WHERE Id IN {values}"
    template = select_from("Order", condition, ORDER_FIELDS, ORDER_HANDLING_FIELDS)
    rows = query_in(sf, template, order_ids)
    return [read_fields(row, ORDER_FIELDS | ORDER_HANDLING_FIELDS) for row in rows]


def find_order_id(sf: Salesforce, named: str) -> str | None:
    """The Id of an order named by its Id, its order number or its external ID."""
    template = "SELECT Id FROM Order WHERE OrderNumber = {named} OR External_Id__c = {named}"
    if named[:3] == "801" and len(named) in (15, 18):
        template += " OR Id = {named}"
    rows = query(sf, soql(template + " LIMIT 2", named=named))
    return str(rows[0]["Id"]) if len(rows) == 1 else None


def read_proposals_due(sf: Salesforce, business_date: date) -> Iterator[dict[str, Any]]:
    """All proposals of all due orders in a few pages, those in the recycle bin too.

    They come as their pages arrive: nothing is proven before the last one.
    """
    condition = "WHERE Order__r.Status = {status} AND Order__r.EffectiveDate < {day}"
    condition += " ORDER BY Order__c, Id"
    template = select_from("Order_Proposal__c", condition, PROPOSAL_FIELDS, MANUFACTURER_FIELDS)
    text = soql(template, status=AWAITING_PROPOSALS, day=business_date)
    return map(read_proposal, query_rows(sf, text, include_deleted=True))


def read_proposals_of(sf: Salesforce, order_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """All proposals of these orders, those in the recycle bin too, as their pages arrive."""
    condition = "WHERE Order__c IN {values}"
    template = select_from("Order_Proposal__c", condition, PROPOSAL_FIELDS, MANUFACTURER_FIELDS)
    return map(read_proposal, query_in_rows(sf, template, order_ids, include_deleted=True))


def read_proposal(row: Record) -> dict[str, Any]:
    """One proposal with its manufacturer beside; None when the org shows no account."""
    manufacturer = read_fields(row, MANUFACTURER_FIELDS)
    return {
        **read_fields(row, PROPOSAL_FIELDS),
        "manufacturer": manufacturer if manufacturer["account_id"] else None,
    }


def count_proposals_due(sf: Salesforce, business_date: date) -> dict[str, int]:
    """Proposals per due order, asked as a question of its own: the proof beside the reading.

    Counts deleted ones too. Only for at most MOST_GROUPS orders; use `count_proposals_of` above.
    """
    template = (
        "SELECT Order__c, COUNT(Id) total FROM Order_Proposal__c WHERE Order__r.Status = {status} "
        "AND Order__r.EffectiveDate < {day} GROUP BY Order__c"
    )
    rows = query_all(sf, soql(template, status=AWAITING_PROPOSALS, day=business_date))
    return {row["Order__c"]: int(row["total"]) for row in rows}


def count_proposals_of(sf: Salesforce, order_ids: Sequence[str]) -> dict[str, int]:
    """Proposals per order for these orders, deleted ones too; orders without any are missing."""
    template = (
        "SELECT Order__c, COUNT(Id) total FROM Order_Proposal__c WHERE Order__c IN {values} "
        "GROUP BY Order__c"
    )
    rows = query_in(sf, template, order_ids, include_deleted=True)
    return {row["Order__c"]: int(row["total"]) for row in rows}


def read_price_history_due(sf: Salesforce, business_date: date) -> list[dict[str, Any]]:
    """Changes of price on proposals of due orders: proposal_id, changed_at, old, new."""
    template = (
        "SELECT ParentId, OldValue, NewValue, CreatedDate FROM Order_Proposal__History "
        "WHERE Field = 'Price__c' AND Parent.Order__r.Status = {status} "
        "AND Parent.Order__r.EffectiveDate < {day} ORDER BY CreatedDate, Id"
    )
    rows = query(sf, soql(template, status=AWAITING_PROPOSALS, day=business_date))
    return [read_price_change(row) for row in rows]


def read_price_history_of(sf: Salesforce, order_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The same for these orders."""
    template = (
        "SELECT ParentId, OldValue, NewValue, CreatedDate FROM Order_Proposal__History "
        "WHERE Field = 'Price__c' AND Parent.Order__c IN {values}"
    )
    return [read_price_change(row) for row in query_in(sf, template, order_ids)]


def read_price_change(row: Record) -> dict[str, Any]:
    """One history row; a value that the org does not show is None."""
    return {
        "proposal_id": row["ParentId"],
        "changed_at": read_instant(row["CreatedDate"]),
        "old": None if row["OldValue"] is None else Decimal(str(row["OldValue"])),
        "new": None if row["NewValue"] is None else Decimal(str(row["NewValue"])),
    }


def read_rates(sf: Salesforce) -> dict[str, Any]:
    """The org's exchange rates: `base`, units `per_base` of one corporate unit, and `as_of` when.

    Source: Object Reference, CurrencyType: ConversionRate is relative to the corporate currency.
    """
    text = "SELECT IsoCode, ConversionRate, IsCorporate FROM CurrencyType WHERE IsActive = true"
    rows = query(sf, text)
    corporate = [row["IsoCode"] for row in rows if row["IsCorporate"]]
    rates = {row["IsoCode"]: Decimal(row["ConversionRate"]) for row in rows}
    return {
        "base": corporate[0],
        "per_base": rates,
        "source": "Salesforce CurrencyType",
        "as_of": org_time(sf),
    }


def read_manual_awards(sf: Salesforce, since: datetime) -> list[dict[str, Any]]:
    """Orders that stand awarded, changed since then, whose winner no stored decision names."""
    template = (
        "SELECT Id, OrderNumber, Proposal__c, Proposal__r.Price__c, Proposal__r.Name, "
        "Proposal__r.CurrencyIsoCode, Manufacturer__c, Manufacturer__r.Name, EffectiveDate, "
        "Selection_Reason__c, LastModifiedDate, LastModifiedBy.Name, Manufacturer_Selected_Date__c "
        "FROM Order WHERE Status = {status} AND LastModifiedDate >= {since} AND Proposal__c != null"
    )
    rows = query(sf, soql(template, status=MANUFACTURER_SELECTED, since=since))
    template = (
        "SELECT Order__c, Winning_Proposal__c FROM Selection_Decision__c "
        "WHERE Outcome__c = 'AWARD' AND Order__c IN {values}"
    )
    known = query_in(sf, template, [row["Id"] for row in rows])
    explained = {(row["Order__c"], row["Winning_Proposal__c"]) for row in known}
    return [row for row in rows if (row["Id"], row["Proposal__c"]) not in explained]


def read_decisions(sf: Salesforce, order_id: str) -> list[Record]:
    """Stored decisions about one order, newest first, for people to read."""
    template = (
        "SELECT Name, External_Id__c, Type__c, Outcome__c, Reason_Code__c, Decided_At__c, "
        "Business_Date__c, Explanation__c, Inputs_Hash__c, Selection_Run__r.Name, Code_Version__c "
        "FROM Selection_Decision__c WHERE Order__c = {order} ORDER BY Decided_At__c DESC, Name DESC"
    )
    return query(sf, soql(template, order=order_id))


def read_run_decisions(sf: Salesforce, run_id: str) -> list[dict[str, Any]]:
    """External ID and stored inputs of the awards and cancellations of one run."""
    template = (
        "SELECT External_Id__c, Inputs__c FROM Selection_Decision__c "
        "WHERE Selection_Run__c = {run} AND Outcome__c IN ('AWARD', 'CANCEL') "
        "AND Type__c = 'AUTOMATIC'"
    )
    rows = query(sf, soql(template, run=run_id))
    return [{"external_id": row["External_Id__c"], "inputs": row["Inputs__c"]} for row in rows]


def read_dead_runs(sf: Salesforce, before: datetime) -> list[Record]:
    """Runs that are not finished and showed no life since then: Id and External_Id__c."""
    template = (
        "SELECT Id, External_Id__c FROM Selection_Run__c WHERE Status__c = 'Running' "
        "AND Heartbeat_At__c < {before} ORDER BY Started_At__c, Id"
    )
    return query(sf, soql(template, before=before))


def read_runs(sf: Salesforce, limit: int) -> list[Record]:
    """The latest runs, newest first, for people to read."""
    template = (
        "SELECT Name, External_Id__c, Business_Date__c, Status__c, Started_At__c, Finished_At__c, "
        "Lateness_Minutes__c, Catch_Up__c, Orders_Due__c, Awarded__c, Cancelled__c, In_Review__c, "
        "Skipped__c, API_Calls__c, Worker__c FROM Selection_Run__c ORDER BY Started_At__c DESC "
        "LIMIT {limit}"
    )
    return query(sf, soql(template, limit=limit))


def count_run_outcomes(sf: Salesforce, run_id: str) -> dict[str, int]:
    """Stored decisions of one run, by outcome; awards by hand are not its work."""
    template = (
        "SELECT Outcome__c, COUNT(Id) total FROM Selection_Decision__c "
        "WHERE Selection_Run__c = {run} AND Type__c = 'AUTOMATIC' GROUP BY Outcome__c"
    )
    rows = query(sf, soql(template, run=run_id))
    return {row["Outcome__c"]: int(row["total"]) for row in rows}
