"""The replica of the org and the outbox of writes to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import ExactDecimal, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "outbox_write",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "enqueued_at",
            UtcDateTime(),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_by", sa.String(length=128), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("salesforce_id", sa.String(length=18), nullable=True),
        sa.Column("created", sa.Boolean(), nullable=True),
        sa.Column("error_code", sa.String(length=80), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_fields", sa.Text(), nullable=True),
        sa.Column("error_remedy", sa.Text(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_write")),
    )
    with op.batch_alter_table("outbox_write", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_write_key", ["sobject", "external_id"], unique=False)
        batch_op.create_index("ix_outbox_write_state", ["state", "sobject", "id"], unique=False)
        batch_op.create_index(
            "uq_outbox_write_pending",
            ["sobject", "external_id"],
            unique=True,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index(
            "uq_outbox_write_sending",
            ["sobject", "external_id"],
            unique=True,
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        )

    op.create_table(
        "sf_account",
        sa.Column("salesforce_id", sa.String(length=18), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.Column("created_by_id", sa.String(length=18), nullable=True),
        sa.Column("last_modified_at", UtcDateTime(), nullable=True),
        sa.Column("last_modified_by_id", sa.String(length=18), nullable=True),
        sa.Column("system_modstamp", UtcDateTime(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("record_type", sa.Text(), nullable=True),
        sa.Column("qualification_status", sa.Text(), nullable=True),
        sa.Column("rating", ExactDecimal(), nullable=True),
        sa.Column("payout_account", sa.Text(), nullable=True),
        sa.Column("payouts_ready", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("salesforce_id", name=op.f("pk_sf_account")),
    )
    with op.batch_alter_table("sf_account", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sf_account_external_id"), ["external_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sf_account_system_modstamp_salesforce_id"),
            ["system_modstamp", "salesforce_id"],
            unique=False,
        )

    op.create_table(
        "sf_order",
        sa.Column("salesforce_id", sa.String(length=18), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.Column("created_by_id", sa.String(length=18), nullable=True),
        sa.Column("last_modified_at", UtcDateTime(), nullable=True),
        sa.Column("last_modified_by_id", sa.String(length=18), nullable=True),
        sa.Column("system_modstamp", UtcDateTime(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("account_id", sa.String(length=18), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("proposal_id", sa.String(length=18), nullable=True),
        sa.Column("manufacturer_id", sa.String(length=18), nullable=True),
        sa.Column("manufacturer_selected_at", UtcDateTime(), nullable=True),
        sa.Column("budget", ExactDecimal(), nullable=True),
        sa.Column("marketing_channel", sa.Text(), nullable=True),
        sa.Column("deposit_required", sa.Boolean(), nullable=True),
        sa.Column("deposit_amount", ExactDecimal(), nullable=True),
        sa.Column("deposit_status", sa.Text(), nullable=True),
        sa.Column("manufacturing_stage", sa.Text(), nullable=True),
        sa.Column("qa_result", sa.Text(), nullable=True),
        sa.Column("selection_run_id", sa.String(length=18), nullable=True),
        sa.Column("decided_due_on", sa.Date(), nullable=True),
        sa.Column("price_at_decision", ExactDecimal(), nullable=True),
        sa.Column("awarded_price", ExactDecimal(), nullable=True),
        sa.Column("selection_reason", sa.Text(), nullable=True),
        sa.Column("selection_note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("salesforce_id", name=op.f("pk_sf_order")),
    )
    with op.batch_alter_table("sf_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sf_order_external_id"), ["external_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_sf_order_system_modstamp_salesforce_id"),
            ["system_modstamp", "salesforce_id"],
            unique=False,
        )

    op.create_table(
        "sf_order_proposal",
        sa.Column("salesforce_id", sa.String(length=18), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.Column("created_by_id", sa.String(length=18), nullable=True),
        sa.Column("last_modified_at", UtcDateTime(), nullable=True),
        sa.Column("last_modified_by_id", sa.String(length=18), nullable=True),
        sa.Column("system_modstamp", UtcDateTime(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("order_id", sa.String(length=18), nullable=True),
        sa.Column("manufacturer_id", sa.String(length=18), nullable=True),
        sa.Column("price", ExactDecimal(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("lead_time_days", ExactDecimal(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.Column("exclusion_code", sa.Text(), nullable=True),
        sa.Column("exclusion_reason", sa.Text(), nullable=True),
        sa.Column("rank", ExactDecimal(), nullable=True),
        sa.PrimaryKeyConstraint("salesforce_id", name=op.f("pk_sf_order_proposal")),
    )
    with op.batch_alter_table("sf_order_proposal", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sf_order_proposal_external_id"), ["external_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sf_order_proposal_system_modstamp_salesforce_id"),
            ["system_modstamp", "salesforce_id"],
            unique=False,
        )

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


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("sync_state")
    with op.batch_alter_table("sf_order_proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sf_order_proposal_system_modstamp_salesforce_id"))
        batch_op.drop_index(batch_op.f("ix_sf_order_proposal_external_id"))

    op.drop_table("sf_order_proposal")
    with op.batch_alter_table("sf_order", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sf_order_system_modstamp_salesforce_id"))
        batch_op.drop_index(batch_op.f("ix_sf_order_external_id"))

    op.drop_table("sf_order")
    with op.batch_alter_table("sf_account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sf_account_system_modstamp_salesforce_id"))
        batch_op.drop_index(batch_op.f("ix_sf_account_external_id"))

    op.drop_table("sf_account")
    with op.batch_alter_table("outbox_write", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_outbox_write_sending",
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        )
        batch_op.drop_index(
            "uq_outbox_write_pending",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.drop_index("ix_outbox_write_state")
        batch_op.drop_index("ix_outbox_write_key")

    op.drop_table("outbox_write")
