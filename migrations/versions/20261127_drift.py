"""Checksums of replica rows, and the ledger of drift.

Rows get their checksum when they are written, so the next pull reads everything again; a pull that
is at work meanwhile counts as overtaken.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REPLICA = ("sf_account", "sf_order", "sf_order_proposal")


def upgrade() -> None:
    """Applies the change."""
    for table in REPLICA:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("checksum", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE sync_state SET load_no = load_no + 1, watermark_at = NULL, cursor_at = NULL,"
        " cursor_id = NULL, export_job_id = NULL, export_locator = NULL, export_end_at = NULL"
    )
    op.create_table(
        "sync_reconcile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("depth", sa.String(length=10), nullable=False),
        sa.Column("sobjects", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("rows_checked", sa.Integer(), nullable=False),
        sa.Column("rows_drifted", sa.Integer(), nullable=False),
        sa.Column("api_calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_reconcile")),
    )
    op.create_table(
        "sync_drift",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("salesforce_id", sa.String(length=18), nullable=False),
        sa.Column("field", sa.String(length=255), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("ours", sa.Text(), nullable=True),
        sa.Column("theirs", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("healed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_reconcile.id"], name=op.f("fk_sync_drift_run_id_sync_reconcile")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_drift")),
    )
    op.create_index(op.f("ix_sync_drift_salesforce_id"), "sync_drift", ["salesforce_id"])


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("sync_drift")
    op.drop_table("sync_reconcile")
    for table in REPLICA:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("checksum")
