"""Withdrawals of unused balances, and the secrets of webhooks that are replaced by account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("finished_ms IS NULL")


def upgrade() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("amount_msat", INT64, nullable=False),
        sa.Column("max_fee_msat", INT64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("k1", sa.Text()),
        sa.Column("address", sa.Text(), nullable=False, server_default=""),
        sa.Column("bolt11", sa.Text(), nullable=False, server_default=""),
        sa.Column("payment_hash", sa.Text()),
        sa.Column("fee_msat", INT64, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("until_ms", INT64, nullable=False),
        sa.Column("finished_ms", INT64),
        sa.Column("node", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint(
            "state IN ('open','paying','paid','failed')",
            name=op.f("ck_withdrawal_withdrawal_state"),
        ),
        sa.CheckConstraint("amount_msat > 0", name=op.f("ck_withdrawal_amount")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_withdrawal_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("k1", name=op.f("uq_withdrawal_k1")),
        sa.UniqueConstraint("payment_hash", name=op.f("uq_withdrawal_payment_hash")),
        sqlite_strict=True,
    )
    op.create_index(
        "ux_withdrawal_open",
        "withdrawal",
        ["account_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_withdrawal_account", "withdrawal", ["account_id", "created_ms"])
    op.add_column(
        "api_key", sa.Column("webhook_secret", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("api_key", sa.Column("webhook_secret_ms", INT64))
