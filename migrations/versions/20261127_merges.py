"""What a write was changed from, the mark of its latest attempt, and the list of clashes.

The replica mirrors the mark and an account's description; the next pull reads everything, so
that no row is without them; a pull that is at work meanwhile counts as overtaken.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

REPLICA = ("sf_account", "sf_order", "sf_order_proposal")


def upgrade() -> None:
    """Applies the change."""
    with op.batch_alter_table("outbox_write", schema=None) as batch_op:
        batch_op.add_column(sa.Column("base", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("sent", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("token", sa.String(length=80), nullable=True))
    for table in REPLICA:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("sync_write", sa.Text(), nullable=True))
    with op.batch_alter_table("sf_account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("description", sa.Text(), nullable=True))
    op.execute(
        "UPDATE sync_state SET load_no = load_no + 1, watermark_at = NULL, cursor_at = NULL,"
        " cursor_id = NULL, export_job_id = NULL, export_locator = NULL, export_end_at = NULL"
    )
    _create_conflicts()


def _create_conflicts() -> None:
    op.create_table(
        "sync_conflict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("write_id", sa.Integer(), nullable=False),
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("salesforce_id", sa.String(length=18), nullable=True),
        sa.Column("field", sa.String(length=255), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("ours", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Text(), nullable=False),
        sa.Column("their_user_id", sa.String(length=18), nullable=True),
        sa.Column("their_change_at", UtcDateTime(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("policy", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_conflict")),
    )
    op.create_index("uq_sync_conflict_write", "sync_conflict", ["write_id", "field"], unique=True)
    op.create_index("ix_sync_conflict_outcome", "sync_conflict", ["outcome", "id"])
    op.create_index("ix_sync_conflict_key", "sync_conflict", ["sobject", "external_id"])


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("sync_conflict")
    with op.batch_alter_table("sf_account", schema=None) as batch_op:
        batch_op.drop_column("description")
    for table in REPLICA:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("sync_write")
    with op.batch_alter_table("outbox_write", schema=None) as batch_op:
        for name in ("token", "sent", "base"):
            batch_op.drop_column(name)
