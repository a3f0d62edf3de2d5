"""Owners, addresses and formulas in the replica, and what keeps formulas fresh.

The new columns are empty until the rows are read again, so the next pull reads everything.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from config.database import ExactDecimal, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.String(length=18)
COLUMNS: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "sf_account": {
        "owner_id": ID,
        "billing_street": sa.Text(),
        "billing_city": sa.Text(),
        "billing_state": sa.Text(),
        "billing_postal_code": sa.Text(),
        "billing_country": sa.Text(),
    },
    "sf_order": {
        "owner_id": ID,
        "decided_currency": sa.Text(),
        "owner_type": sa.Text(),
        "days_to_deadline": ExactDecimal(),
    },
    "sf_order_proposal": {
        "owner_id": ID,
        "owner_type": sa.Text(),
        "order_status": sa.Text(),
        "manufacturer_qualification": sa.Text(),
    },
}
#: The lookups through which formulas are found that a parent's change made stale.
LOOKUPS = ("order_id", "manufacturer_id")


def upgrade() -> None:
    """Applies the change."""
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, kind in columns.items():
                batch_op.add_column(sa.Column(name, kind, nullable=True))
    for name in LOOKUPS:
        op.create_index(op.f(f"ix_sf_order_proposal_{name}"), "sf_order_proposal", [name])
    op.create_table(
        "sync_formulas",
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("fresh_at", UtcDateTime(), nullable=True),
        sa.Column("parent_loads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sobject", name=op.f("pk_sync_formulas")),
    )
    op.create_table(
        "sync_stale_formula",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("salesforce_id", sa.String(length=18), nullable=False),
        sa.Column("is_refreshed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_stale_formula")),
    )
    op.create_index(
        op.f("ix_sync_stale_formula_sobject_salesforce_id"),
        "sync_stale_formula",
        ["sobject", "salesforce_id"],
    )
    op.execute("UPDATE sync_state SET watermark_at = NULL")


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("sync_stale_formula")
    op.drop_table("sync_formulas")
    for name in LOOKUPS:
        op.drop_index(op.f(f"ix_sf_order_proposal_{name}"), "sf_order_proposal")
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in columns:
                batch_op.drop_column(name)
