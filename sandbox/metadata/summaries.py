"""Roll-up summary fields as `Field` values.

Owns what a summary is made of. It is read after all other fields, because it has the type of the
field that it summarises. Source: Metadata API guide, "CustomField", `summarizedField`.
"""

from __future__ import annotations

from lxml import etree

from sandbox.metadata.documents import children, flag, text
from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType, FilterItem, Schema, Summary

_OPERATIONS = ("count", "sum", "min", "max")
#: Lookups of Salesforce's own that count as master-detail.
#: Source: Salesforce help, "Roll-Up Summary Field".
_MASTERS = frozenset({"CampaignMember.CampaignId", "Opportunity.AccountId", "OrderItem.OrderId"})


class SummaryError(ValueError):
    """The summary names what does not exist; the message says what to correct."""


def is_summary(element: etree._Element) -> bool:
    """True for a roll-up summary field."""
    return text(element, "type") == "Summary"


def read_summary(element: etree._Element, schema: Schema, owner: str, name: str) -> Field:
    """The field. Raises SummaryError when what it summarises does not exist."""
    operation = text(element, "summaryOperation") or ""
    if operation not in _OPERATIONS:
        raise SummaryError(f"summaryOperation {operation} is none of {', '.join(_OPERATIONS)}")
    key = text(element, "summaryForeignKey") or ""
    lookup = _find(schema, key, "summaryForeignKey")
    is_detail = lookup.type is FieldType.MASTER_DETAIL or key in _MASTERS
    if not is_detail or owner not in lookup.reference_to:
        raise SummaryError(f"summaryForeignKey {lookup.name} is no master-detail to {owner}")
    path = text(element, "summarizedField")
    summarised = None if operation == "count" else _find(schema, path or "", "summarizedField")
    if operation == "sum" and summarised and summarised.type not in NUMERIC_TYPES:
        raise SummaryError(f"summarizedField {path} is no number, so it cannot be added up")
    child = key.partition(".")[0]
    is_number = operation in {"count", "sum"}
    return Field(
        name=name,
        type=summarised.type if summarised else FieldType.NUMBER,
        label=text(element, "label") or name,
        precision=18 if summarised is None else summarised.precision,
        scale=summarised.scale if summarised else 0,
        custom=True,
        createable=False,
        updateable=False,
        default="0" if is_number else None,
        summary=Summary(
            child, lookup.name, operation, summarised.name if summarised else None, _items(element)
        ),
        track_history=flag(element, "trackHistory"),
        description=text(element, "description") or "",
        help_text=text(element, "inlineHelpText") or "",
    )


def _find(schema: Schema, path: str, tag: str) -> Field:
    owner, _, name = path.partition(".")
    sobject = schema.sobject(owner)
    field = sobject.field(name) if sobject else None
    if field is None:
        raise SummaryError(f"{tag} {path} does not exist; correct it")
    return field


def _items(element: etree._Element) -> tuple[FilterItem, ...]:
    return tuple(
        FilterItem(
            text(item, "field") or "",
            text(item, "operation") or "",
            text(item, "value"),
            text(item, "valueField"),
        )
        for item in children(element, "summaryFilterItems")
    )
