"""The statuses of an order and the people and jobs that move it, as closed sets.

It owns the words only; which move is permitted is decided in `lifecycle`.
"""

from __future__ import annotations

from enum import StrEnum


class OrderStatus(StrEnum):
    """Where an order stands; the values are the org's picklist."""

    #: Salesforce's own first status; an order that is not a request yet.
    DRAFT = "Draft"
    #: Salesforce's own activated status; nothing of ours uses it.
    ACTIVATED = "Activated"
    #: A request for proposals that operations have not screened yet (an RFP).
    PENDING_VALIDATION = "PENDING VALIDATION"
    #: The call is open: manufacturers may submit proposals until the order's last day.
    AWAITING_PROPOSALS = "AWAITING PROPOSALS"
    #: The selection needs a person to decide.
    SELECTION_REVIEW = "SELECTION REVIEW"
    #: The order is awarded; the manufacturer has not started yet.
    MANUFACTURER_SELECTED = "MANUFACTURER SELECTED"
    #: Nobody made a proposal; the order is closed.
    CANCELLED_NO_PROPOSALS = "CANCELLED NO PROPOSALS"
    #: Called off by people; the order is closed.
    CANCELLED = "CANCELLED"
    #: The manufacturer works through the stages, from the first samples to mass production.
    IN_PRODUCTION = "IN PRODUCTION"
    #: The hardware designer has the first batch and tests it; the rest is charged.
    FIRST_BATCH_DELIVERED = "FIRST BATCH DELIVERED"
    #: The hardware designer refused the first batch; people settle it.
    DISPUTED = "DISPUTED"
    #: Accepted; the manufacturer is paid. The order is closed.
    COMPLETED = "COMPLETED"


class Mover(StrEnum):
    """Who moves an order."""

    #: Operations staff, in Salesforce.
    OPERATIONS = "operations"
    #: The daily selection.
    SELECTION = "selection"
    #: The manufacturer, by accepting or declining the award.
    MANUFACTURER = "manufacturer"
    #: The hardware designer, by testing the first batch.
    HARDWARE_DESIGNER = "hardware designer"
