"""The mark of a write's latest attempt under the name that it has everywhere else."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    # Both databases rename a column in place; a batch would copy the table on SQLite.
    op.execute("ALTER TABLE outbox_write RENAME COLUMN token TO mark")


def downgrade() -> None:
    """Takes it back."""
    op.execute("ALTER TABLE outbox_write RENAME COLUMN mark TO token")
