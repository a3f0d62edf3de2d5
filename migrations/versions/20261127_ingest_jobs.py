"""The ingest job that carries a write, so that a push that died finds its results again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    with op.batch_alter_table("outbox_write", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bulk_job_id", sa.String(length=18), nullable=True))


def downgrade() -> None:
    """Takes it back."""
    with op.batch_alter_table("outbox_write", schema=None) as batch_op:
        batch_op.drop_column("bulk_job_id")
