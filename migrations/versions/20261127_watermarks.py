"""Watermarks that the org itself vouches for, and the mark of the latest reading of everything.

The old progress is not carried over: it proves less, and the next pull reads everything again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REPLICA = ("sf_account", "sf_order", "sf_order_proposal")


def upgrade() -> None:
    """Applies the change."""
    op.drop_table("sync_state")
    op.create_table(
        "sync_state",
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("watermark_at", UtcDateTime(), nullable=True),
        sa.Column("proved_at", UtcDateTime(), nullable=True),
        sa.Column("cursor_at", UtcDateTime(), nullable=True),
        sa.Column("cursor_id", sa.String(length=18), nullable=True),
        sa.Column("load_no", sa.Integer(), nullable=False),
        sa.Column("is_loading", sa.Boolean(), nullable=False),
        sa.Column("export_job_id", sa.String(length=18), nullable=True),
        sa.Column("export_locator", sa.Text(), nullable=True),
        sa.Column("export_end_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("sobject", name=op.f("pk_sync_state")),
    )
    for table in REPLICA:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("seen_in_load", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Takes it back."""
    for table in REPLICA:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("seen_in_load")
    op.drop_table("sync_state")
    op.create_table(
        "sync_state",
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("watermark_at", UtcDateTime(), nullable=True),
        sa.Column("window_end_at", UtcDateTime(), nullable=True),
        sa.Column("cursor_at", UtcDateTime(), nullable=True),
        sa.Column("cursor_id", sa.String(length=18), nullable=True),
        sa.Column("last_pull_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("sobject", name=op.f("pk_sync_state")),
    )
