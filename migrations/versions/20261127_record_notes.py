"""Which note about an unsaved write stands where in the org, and when a write last failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    with op.batch_alter_table("outbox_write", schema=None) as batch_op:
        batch_op.add_column(sa.Column("failed_at", UtcDateTime(), nullable=True))
    op.create_table(
        "sync_note",
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("record", sa.String(length=255), nullable=False),
        sa.Column("salesforce_id", sa.String(length=18), nullable=True),
        sa.Column("place", sa.String(length=10), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("sobject", "record", name=op.f("pk_sync_note")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("sync_note")
    with op.batch_alter_table("outbox_write", schema=None) as batch_op:
        batch_op.drop_column("failed_at")
