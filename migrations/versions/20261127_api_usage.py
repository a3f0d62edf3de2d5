"""API calls by hour and purpose, and what the org says of its allowance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "sync_allowance",
        sa.Column("org", sa.String(length=255), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("stepped_at", UtcDateTime(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=True),
        sa.Column("allowance", sa.Integer(), nullable=True),
        sa.Column("others", sa.Integer(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("org", name=op.f("pk_sync_allowance")),
    )
    op.create_table(
        "sync_call_hour",
        sa.Column("org", sa.String(length=255), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("unsent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org", "hour", "purpose", name=op.f("pk_sync_call_hour")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("sync_call_hour")
    op.drop_table("sync_allowance")
