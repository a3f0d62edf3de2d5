"""The queue of effects: notices and refunds, each under a key that makes it happen once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "outbox_effect",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("template", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=18), nullable=False),
        sa.Column("order_id", sa.String(length=18), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_effect")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_effect_key")),
    )
    with op.batch_alter_table("outbox_effect", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_outbox_effect_status_created_at_id"),
            ["status", "created_at", "id"],
            unique=False,
        )


def downgrade() -> None:
    """Takes it back."""
    with op.batch_alter_table("outbox_effect", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_effect_status_created_at_id"))

    op.drop_table("outbox_effect")
