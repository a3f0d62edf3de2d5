"""What the org last described of each column, and the values of fields that no column has.

Rows that are there already have no such values; a first comparison finds out whether there are any.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

REPLICA = ("sf_account", "sf_order", "sf_order_proposal")


def upgrade() -> None:
    """Applies the change."""
    for table in REPLICA:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("extra", sa.Text(), nullable=True))
    op.create_table(
        "sync_schema",
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("compared_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("sobject", name=op.f("pk_sync_schema")),
    )
    op.create_table(
        "sync_field",
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("is_extra", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("described", sa.Text(), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("is_acceptable", sa.Boolean(), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("as_of", UtcDateTime(), nullable=True),
        sa.Column("needs_read", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sobject", "name", name=op.f("pk_sync_field")),
    )
    # Not in a batch: SQLite would copy the table, and its partial indexes with it.
    op.add_column(
        "outbox_write",
        sa.Column("is_remainder", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("outbox_write", "is_remainder")
    op.drop_table("sync_field")
    op.drop_table("sync_schema")
    for table in REPLICA:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("extra")
