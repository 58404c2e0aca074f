"""The shop's first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ringbolt.store.schema import guards

revision = "0001"
down_revision = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

PLATFORM_ACCOUNTS = (
    ("node", "asset"),
    ("escrow", "liability"),
    ("revenue", "income"),
    ("routing_fee", "expense"),
)


def upgrade() -> None:
    _account()
    _api_key()
    _cursor()
    _inbox()
    _job()
    _orders()
    _rate_limit()
    _attempt()
    _call()
    _order_event()
    _refund()
    _transfer()
    _platform_accounts()
    guards.install(op.get_bind())


def _platform_accounts() -> None:
    account = sa.table(
        "account", sa.column("id", sa.Text), sa.column("kind", sa.Text), sa.column("stored", INT64)
    )
    rows = [{"id": name, "kind": kind, "stored": 0} for name, kind in PLATFORM_ACCOUNTS]
    op.bulk_insert(account, rows)


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("floor_msat", INT64, nullable=True),
        sa.Column("posted_msat", INT64, server_default="0", nullable=False),
        sa.Column("pending_out_msat", INT64, server_default="0", nullable=False),
        sa.CheckConstraint(
            "kind IN ('asset','liability','income','expense')", name=op.f("ck_account_account_kind")
        ),
        sa.CheckConstraint(
            "floor_msat IS NULL OR posted_msat - pending_out_msat >= floor_msat",
            name=op.f("ck_account_floor"),
        ),
        sa.CheckConstraint("pending_out_msat >= 0", name=op.f("ck_account_pending")),
        sa.CheckConstraint(
            "stored = 1 OR floor_msat IS NULL", name=op.f("ck_account_floor_needs_balance")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sqlite_strict=True,
    )


def _api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("revoked_ms", INT64, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
        sqlite_strict=True,
    )


def _cursor() -> None:
    op.create_table(
        "cursor",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursor")),
        sqlite_strict=True,
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("applied", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id", name=op.f("pk_inbox")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_inbox_unapplied",
        "inbox",
        ["source", "at_ms"],
        sqlite_where=sa.text("applied = 0"),
        postgresql_where=sa.text("applied = 0"),
    )


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("uniq", sa.Text(), nullable=False),
        sa.Column("run_at_ms", INT64, nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("payload", sa.Text(), server_default="{}", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("dead", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("uniq", name=op.f("uq_job_uniq")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_job_due",
        "job",
        ["lane", "run_at_ms"],
        sqlite_where=sa.text("dead = 0"),
        postgresql_where=sa.text("dead = 0"),
    )
    op.create_index("ix_job_order_id", "job", ["order_id"], unique=False)


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("price_msat", INT64, nullable=False),
        sa.Column("payment_hash", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("status_token", sa.Text(), nullable=False),
        sa.Column("refund_address", sa.Text(), server_default="", nullable=False),
        sa.Column("may_retry", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_until_ms", INT64, server_default="0", nullable=False),
        sa.Column("deadline_ms", INT64, nullable=True),
        sa.Column("idempotency_key", sa.Text(), server_default="", nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("started_ms", INT64, nullable=False),
        sa.Column("finished_ms", INT64, nullable=True),
        sa.Column("wiped_ms", INT64, nullable=True),
        sa.CheckConstraint("method IN ('l402','hold','balance')", name=op.f("ck_orders_method")),
        sa.CheckConstraint(
            "state IN ('awaiting_payment','paid','dispatching','in_progress','fulfilled','settled',"
            "'failed','returned','expired')",
            name=op.f("ck_orders_state"),
        ),
        sa.CheckConstraint("price_msat >= 0", name=op.f("ck_orders_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("payment_hash", name=op.f("uq_orders_payment_hash")),
        sa.UniqueConstraint("status_token", name=op.f("uq_orders_status_token")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_orders_unwiped",
        "orders",
        ["finished_ms"],
        unique=False,
        sqlite_where=sa.text("wiped_ms IS NULL"),
        postgresql_where=sa.text("wiped_ms IS NULL"),
    )
    op.create_index("ix_orders_created", "orders", ["created_ms"], unique=False)
    op.create_index(
        "ix_orders_open",
        "orders",
        ["deadline_ms"],
        sqlite_where=sa.text("finished_ms IS NULL"),
        postgresql_where=sa.text("finished_ms IS NULL"),
    )


def _rate_limit() -> None:
    op.create_table(
        "rate_limit",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tat_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limit")),
        sqlite_strict=True,
    )


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("carrier_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("last_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("finished_ms", INT64, nullable=True),
        sa.CheckConstraint(
            "state IN ('intent','accepted','unknown','rejected','done')",
            name=op.f("ck_attempt_attempt_state"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_attempt_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("order_id", "n", name=op.f("uq_attempt_order_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_attempt_ref")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_attempt_open",
        "attempt",
        ["finished_ms"],
        sqlite_where=sa.text("finished_ms IS NULL"),
        postgresql_where=sa.text("finished_ms IS NULL"),
    )


def _call() -> None:
    op.create_table(
        "call",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("digits", sa.Text(), server_default="", nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="[]", nullable=False),
        sa.Column("queued_ms", INT64, nullable=False),
        sa.Column("ringing_ms", INT64, nullable=True),
        sa.Column("answered_ms", INT64, nullable=True),
        sa.Column("ended_ms", INT64, nullable=True),
        sa.Column("heard_ms", INT64, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_call_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_call")),
        sa.UniqueConstraint("sid", name=op.f("uq_call_sid")),
        sqlite_strict=True,
    )
    op.create_index("ix_call_to", "call", ["to_number", "queued_ms"], unique=False)


def _order_event() -> None:
    op.create_table(
        "order_event",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_event_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_event")),
        sqlite_strict=True,
    )
    op.create_index("ix_order_event_order_id", "order_event", ["order_id", "id"], unique=False)


def _refund() -> None:
    op.create_table(
        "refund",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("amount_msat", INT64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("k1", sa.Text(), nullable=False),
        sa.Column("bolt11", sa.Text(), nullable=True),
        sa.Column("payment_hash", sa.Text(), nullable=True),
        sa.Column("fee_msat", INT64, server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("claimed_ms", INT64, nullable=True),
        sa.Column("paid_ms", INT64, nullable=True),
        sa.CheckConstraint(
            "state IN ('open','claimed','paid')", name=op.f("ck_refund_refund_state")
        ),
        sa.CheckConstraint("amount_msat > 0", name=op.f("ck_refund_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refund_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_refund")),
        sa.UniqueConstraint("k1", name=op.f("uq_refund_k1")),
        sa.UniqueConstraint("payment_hash", name=op.f("uq_refund_payment_hash")),
        sqlite_strict=True,
    )


def _transfer() -> None:
    op.create_table(
        "transfer",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("idem", sa.Text(), nullable=False),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("amount_msat", INT64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("captured_msat", INT64, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("resolved_ms", INT64, nullable=True),
        sa.CheckConstraint(
            "(state = 'captured') = (captured_msat IS NOT NULL)", name=op.f("ck_transfer_captured")
        ),
        sa.CheckConstraint(
            "state IN ('posted','pending','captured','voided')",
            name=op.f("ck_transfer_transfer_state"),
        ),
        sa.CheckConstraint("amount_msat > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint(
            "captured_msat IS NULL OR (captured_msat >= 0 AND captured_msat <= amount_msat)",
            name=op.f("ck_transfer_captured_range"),
        ),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_transfer_two_accounts")),
        sa.ForeignKeyConstraint(["credit"], ["account.id"], name=op.f("fk_transfer_credit")),
        sa.ForeignKeyConstraint(["debit"], ["account.id"], name=op.f("fk_transfer_debit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("idem", name=op.f("uq_transfer_idem")),
        sqlite_strict=True,
    )
    op.create_index("ix_transfer_credit", "transfer", ["credit"], unique=False)
    op.create_index("ix_transfer_debit", "transfer", ["debit"], unique=False)
    op.create_index("ix_transfer_order_id", "transfer", ["order_id"], unique=False)
