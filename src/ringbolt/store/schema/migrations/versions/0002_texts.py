"""Texts, leased numbers, e-mail, webhooks, limits and payouts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _only(where: str) -> dict[str, Any]:
    """A partial index, on both databases."""
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


def upgrade() -> None:
    _payout()
    _pool_number()
    _spend()
    _suppression()
    _idempotency()
    _lease()
    _message()
    _pool_lease()
    _received_text()
    _reception()
    _webhook()
    _message_part()
    _recording()
    _webhook_try()
    _orders()
    _transfer()


def _payout() -> None:
    op.create_table(
        "payout",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("amount_msat", INT64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("bolt11", sa.Text(), server_default="", nullable=False),
        sa.Column("payment_hash", sa.Text(), nullable=True),
        sa.Column("fee_msat", INT64, server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("finished_ms", INT64, nullable=True),
        sa.CheckConstraint(
            "state IN ('open','paying','paid','failed')", name=op.f("ck_payout_payout_state")
        ),
        sa.CheckConstraint("amount_msat > 0", name=op.f("ck_payout_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("payment_hash", name=op.f("uq_payout_payment_hash")),
        sqlite_strict=True,
    )
    op.create_index(
        "ux_payout_open", "payout", ["address"], unique=True, **_only("finished_ms IS NULL")
    )


def _pool_number() -> None:
    op.create_table(
        "pool_number",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("country", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("added_ms", INT64, nullable=False),
        sa.Column("removed_ms", INT64, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_pool_number")),
        sqlite_strict=True,
    )


def _spend() -> None:
    op.create_table(
        "spend",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("msat", INT64, nullable=False),
        sa.PrimaryKeyConstraint("day", "scope", name=op.f("pk_spend")),
        sqlite_strict=True,
    )


def _suppression() -> None:
    op.create_table(
        "suppression",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("to_hash", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("channel", "to_hash", name=op.f("pk_suppression")),
        sqlite_strict=True,
    )


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_idempotency_order_id")),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency")),
        sqlite_strict=True,
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at_ms"], unique=False)


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("from_ms", INT64, nullable=False),
        sa.Column("until_ms", INT64, nullable=False),
        sa.Column("cancel_after_ms", INT64, server_default="0", nullable=False),
        sa.Column("ended_ms", INT64, nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_lease_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lease")),
        sa.UniqueConstraint("provider", "provider_id", name=op.f("uq_lease_provider")),
        sqlite_strict=True,
    )
    op.create_index("ix_lease_number", "lease", ["number", "from_ms"], unique=False)
    op.create_index("ix_lease_order_id", "lease", ["order_id"], unique=False)
    op.create_index("ux_lease_open", "lease", ["number"], unique=True, **_only("ended_ms IS NULL"))


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("to_hash", sa.Text(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_ms", INT64, nullable=True),
        sa.Column("delivered_ms", INT64, nullable=True),
        sa.Column("failed_ms", INT64, nullable=True),
        sa.CheckConstraint(
            "status IN ('created','sent','delivered','failed')",
            name=op.f("ck_message_message_status"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_message_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_message")),
        sa.UniqueConstraint("public_id", name=op.f("uq_message_public_id")),
        sqlite_strict=True,
    )


def _pool_lease() -> None:
    op.create_table(
        "pool_lease",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("from_ms", INT64, nullable=False),
        sa.Column("until_ms", INT64, nullable=False),
        sa.Column("ended_ms", INT64, nullable=True),
        sa.ForeignKeyConstraint(
            ["number"], ["pool_number.number"], name=op.f("fk_pool_lease_number")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_pool_lease")),
        sqlite_strict=True,
    )
    op.create_index("ix_pool_lease_number", "pool_lease", ["number", "ended_ms"], unique=False)
    op.create_index(
        "ux_pool_lease_open", "pool_lease", ["number"], unique=True, **_only("ended_ms IS NULL")
    )


def _received_text() -> None:
    op.create_table(
        "received_text",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("lease_id", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("received_ms", INT64, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_received_text_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_text")),
        sa.UniqueConstraint("source", "event_id", name=op.f("uq_received_text_source")),
        sqlite_strict=True,
    )
    op.create_index("ix_received_text_order_id", "received_text", ["order_id", "id"], unique=False)
    op.create_index("ix_received_text_received", "received_text", ["received_ms"], unique=False)


def _reception() -> None:
    op.create_table(
        "reception",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("country", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_id", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("number_country", sa.Integer(), server_default="0", nullable=False),
        sa.Column("assigned_ms", INT64, nullable=True),
        sa.Column("until_ms", INT64, nullable=True),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("numbers_tried", sa.Integer(), server_default="0", nullable=False),
        sa.Column("texts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_ms", INT64, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_reception_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_reception")),
        sqlite_strict=True,
    )


def _webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), server_default="", nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("done_ms", INT64, nullable=True),
        sa.CheckConstraint(
            "state IN ('pending','delivered','given_up')", name=op.f("ck_webhook_webhook_state")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_webhook_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.UniqueConstraint("order_id", "topic", "seq", name=op.f("uq_webhook_order_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_webhook_created", "webhook", ["created_ms"], unique=False)


def _message_part() -> None:
    op.create_table(
        "message_part",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_message_part_attempt_id")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "n", name=op.f("pk_message_part")),
        sa.UniqueConstraint("carrier", "part_id", name=op.f("uq_message_part_carrier")),
        sqlite_strict=True,
    )


def _webhook_try() -> None:
    op.create_table(
        "webhook_try",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_try_webhook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_try")),
        sqlite_strict=True,
    )
    op.create_index("ix_webhook_try_webhook_id", "webhook_try", ["webhook_id", "id"], unique=False)


def _recording() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_recording_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("order_id", "n", name=op.f("uq_recording_order_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_recording_created", "recording", ["created_ms"], unique=False)


def _orders() -> None:
    op.add_column("orders", sa.Column("payreq", sa.Text(), server_default="", nullable=False))
    op.add_column("orders", sa.Column("paid_ms", INT64, nullable=True))
    op.add_column("orders", sa.Column("expiry_height", INT64, nullable=True))
    op.add_column("orders", sa.Column("referrer", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "orders",
        sa.Column("referral_percent", sa.Integer(), server_default="10", nullable=False),
    )
    op.add_column("orders", sa.Column("webhook_url", sa.Text(), server_default="", nullable=False))
    op.add_column("orders", sa.Column("client", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_orders_account",
        "orders",
        ["account_id", "created_ms"],
        unique=False,
        **_only("account_id IS NOT NULL"),
    )
    op.create_index(
        "ix_orders_awaiting",
        "orders",
        ["client", "created_ms"],
        unique=False,
        **_only("state = 'awaiting_payment'"),
    )
    op.create_index(
        "ix_orders_held",
        "orders",
        ["created_ms"],
        unique=False,
        **_only("finished_ms IS NULL AND method = 'hold'"),
    )


def _transfer() -> None:
    """Indexes to find an account's latest transfers without sorting all of them."""
    for side in ("debit", "credit"):
        op.drop_index(f"ix_transfer_{side}", "transfer")
        op.create_index(f"ix_transfer_{side}", "transfer", [side, "id"], unique=False)
