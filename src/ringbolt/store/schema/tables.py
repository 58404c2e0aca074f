"""The tables of orders, calls, jobs and money, for both databases.

Times are integer ms UTC, amounts integer msat, hashes lower-case hex text, booleans 0/1. The tables
of texts, numbers and webhooks are in ``text_tables``.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

import ringbolt.store.schema.part_tables
import ringbolt.store.schema.shop_tables
import ringbolt.store.schema.text_tables  # noqa: F401 - they register their tables in the metadata
from ringbolt.store.schema.metadata import STRICT, Int64, RowId, metadata, partial_index

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # call | sms | email | activation | rental | fund
    Column("family", Text, nullable=False),  # the API that placed it: l402 | orders | voice
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("method", Text, nullable=False),  # l402 | hold | balance
    Column("price_msat", Int64, nullable=False),
    Column("payment_hash", Text, unique=True),
    Column("account_id", Text),  # the account that pays, for method = balance
    Column("body_hash", Text, nullable=False, server_default=""),
    Column("request", Text, nullable=False),  # the command as JSON
    Column("status_token", Text, nullable=False, unique=True),
    Column("refund_address", Text, nullable=False, server_default=""),
    # 1 while a failed order may be retried with its credential (nothing billable happened)
    Column("may_retry", Integer, nullable=False, server_default="0"),
    Column("retry_until_ms", Int64, nullable=False, server_default="0"),
    Column("deadline_ms", Int64),  # when an unfinished order is given up
    Column("idempotency_key", Text, nullable=False, server_default=""),
    Column("created_ms", Int64, nullable=False),
    Column("started_ms", Int64, nullable=False),  # of the current try; earlier attempts don't count
    Column("finished_ms", Int64),
    Column("wiped_ms", Int64),  # when texts were removed from ``request``
    Column("payreq", Text, nullable=False, server_default=""),  # the BOLT11 to be paid
    Column("paid_ms", Int64),
    Column("expiry_height", Int64),  # block height at which a held payment returns to the payer
    Column("referrer", Text, nullable=False, server_default=""),  # a Lightning Address
    Column("referral_percent", Integer, nullable=False, server_default="10"),  # when it was placed
    Column("webhook_url", Text, nullable=False, server_default=""),
    Column("client", Text, nullable=False, server_default=""),  # the buyer's address, hashed
    Column("node", Text, nullable=False, server_default=""),  # that has the invoice; '': the only
    CheckConstraint("price_msat >= 0", name="price"),
    CheckConstraint(
        "state IN ('awaiting_payment','paid','dispatching','in_progress','fulfilled','settled',"
        "'failed','returned','expired')",
        name="state",
    ),
    CheckConstraint("method IN ('l402','hold','balance')", name="method"),
    Index(
        "ix_orders_open",
        "deadline_ms",
        sqlite_where=text("finished_ms IS NULL"),
        postgresql_where=text("finished_ms IS NULL"),
    ),
    Index("ix_orders_created", "created_ms"),
    partial_index("ix_orders_unpaid", "finished_ms", where="state = 'expired'"),
    # Partial indexes without closed orders, so that a long history costs nothing
    partial_index("ix_orders_awaiting", "client", "created_ms", where="state = 'awaiting_payment'"),
    partial_index("ix_orders_held", "created_ms", where="finished_ms IS NULL AND method = 'hold'"),
    partial_index("ix_orders_account", "account_id", "created_ms", where="account_id IS NOT NULL"),
    partial_index(
        "ix_orders_account_calls",
        "account_id",
        "created_ms",
        "id",
        where="account_id IS NOT NULL AND kind = 'call'",
    ),
    partial_index(
        "ix_orders_open_calls",
        "account_id",
        "state",
        "created_ms",
        "id",
        where="account_id IS NOT NULL AND kind = 'call' AND finished_ms IS NULL",
    ),
    Index(
        "ix_orders_unwiped",
        "finished_ms",
        sqlite_where=text("wiped_ms IS NULL"),
        postgresql_where=text("wiped_ms IS NULL"),
    ),
    **STRICT,
)

call = Table(
    "call",
    metadata,
    Column("order_id", Text, ForeignKey("orders.id"), primary_key=True),
    Column("sid", Text, nullable=False, unique=True),
    Column("to_number", Text, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt_id", Text),  # the attempt whose events count
    Column("digits", Text, nullable=False, server_default=""),
    Column("cause", Text, nullable=False, server_default=""),
    Column("notes", Text, nullable=False, server_default="[]"),
    Column("queued_ms", Int64, nullable=False),
    Column("ringing_ms", Int64),
    Column("answered_ms", Int64),
    Column("ended_ms", Int64),
    Column("heard_ms", Int64, nullable=False, server_default="0"),
    Column("talked_ms", Int64),  # the duration that the carrier reported at the end
    Index("ix_call_to", "to_number", "queued_ms"),
    **STRICT,
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("ref", Text, nullable=False, unique=True),  # our reference, sent to the carrier
    Column("state", Text, nullable=False),
    Column("carrier_id", Text),
    Column("reason", Text, nullable=False, server_default=""),
    Column("last_seq", Integer, nullable=False, server_default="0"),
    Column("created_ms", Int64, nullable=False),
    Column("finished_ms", Int64),
    # 1: rejected, and this carrier would reject a repetition too
    Column("permanent", Integer, nullable=False, server_default="0"),
    UniqueConstraint("order_id", "n"),
    Index(
        "ix_attempt_open",
        "finished_ms",
        sqlite_where=text("finished_ms IS NULL"),
        postgresql_where=text("finished_ms IS NULL"),
    ),
    CheckConstraint(
        "state IN ('intent','accepted','unknown','rejected','done')", name="attempt_state"
    ),
    **STRICT,
)

order_event = Table(
    "order_event",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Index("ix_order_event_order_id", "order_id", "id"),
    **STRICT,
)

refund = Table(
    "refund",
    metadata,
    Column("order_id", Text, ForeignKey("orders.id"), primary_key=True),
    Column("amount_msat", Int64, nullable=False),
    Column("state", Text, nullable=False),  # open | claimed | paid
    Column("k1", Text, nullable=False, unique=True),
    Column("bolt11", Text),
    Column("payment_hash", Text, unique=True),
    Column("fee_msat", Int64, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_ms", Int64, nullable=False),
    Column("claimed_ms", Int64),
    Column("paid_ms", Int64),
    Column("node", Text, nullable=False, server_default=""),  # the node that pays it
    CheckConstraint("state IN ('open','claimed','paid')", name="refund_state"),
    CheckConstraint("amount_msat > 0", name="amount"),
    **STRICT,
)

job = Table(
    "job",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("lane", Text, nullable=False),  # money | payout | dispatch | webhook | unpaid
    Column("kind", Text, nullable=False),
    Column("order_id", Text),
    Column("uniq", Text, nullable=False, unique=True),
    Column("run_at_ms", Int64, nullable=False),
    Column("token", Text),  # of the worker's claim; every change by the worker requires it
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("payload", Text, nullable=False, server_default="{}"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("dead", Integer, nullable=False, server_default="0"),
    Index(
        "ix_job_due",
        "lane",
        "run_at_ms",
        sqlite_where=text("dead = 0"),
        postgresql_where=text("dead = 0"),
    ),
    Index("ix_job_order_id", "order_id"),
    **STRICT,
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("at_ms", Int64, nullable=False),
    Column("payload", Text, nullable=False),
    # 0 until its order or attempt is found: a receipt may come before we record the attempt
    Column("applied", Integer, nullable=False, server_default="0"),
    Index(
        "ix_inbox_unapplied",
        "source",
        "at_ms",
        sqlite_where=text("applied = 0"),
        postgresql_where=text("applied = 0"),
    ),
    **STRICT,
)

cursor = Table(
    "cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    **STRICT,
)

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),  # e.g. node, escrow, revenue, key:4f.., refund:..
    Column("kind", Text, nullable=False),
    # Only accounts with a floor store their balance: each transfer must lock such a row
    Column("stored", Integer, nullable=False),
    Column("floor_msat", Int64),
    Column("posted_msat", Int64, nullable=False, server_default="0"),
    Column("pending_out_msat", Int64, nullable=False, server_default="0"),
    CheckConstraint("kind IN ('asset','liability','income','expense')", name="account_kind"),
    CheckConstraint("stored = 1 OR floor_msat IS NULL", name="floor_needs_balance"),
    CheckConstraint("pending_out_msat >= 0", name="pending"),
    CheckConstraint(
        "floor_msat IS NULL OR posted_msat - pending_out_msat >= floor_msat", name="floor"
    ),
    **STRICT,
)

transfer = Table(
    "transfer",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("idem", Text, nullable=False, unique=True),
    Column("debit", Text, ForeignKey("account.id"), nullable=False),  # pays
    Column("credit", Text, ForeignKey("account.id"), nullable=False),  # receives
    Column("amount_msat", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("captured_msat", Int64),
    Column("kind", Text, nullable=False),
    Column("order_id", Text),
    Column("at_ms", Int64, nullable=False),
    Column("resolved_ms", Int64),
    CheckConstraint("amount_msat > 0", name="amount"),
    CheckConstraint("debit <> credit", name="two_accounts"),
    CheckConstraint("state IN ('posted','pending','captured','voided')", name="transfer_state"),
    CheckConstraint("(state = 'captured') = (captured_msat IS NOT NULL)", name="captured"),
    CheckConstraint(
        "captured_msat IS NULL OR (captured_msat >= 0 AND captured_msat <= amount_msat)",
        name="captured_range",
    ),
    Index("ix_transfer_order_id", "order_id"),
    # With the id, so that an account's latest transfers are found without sorting all of them
    Index("ix_transfer_debit", "debit", "id"),
    Index("ix_transfer_credit", "credit", "id"),
    **STRICT,
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),  # visible prefix, also the account's name
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("label", Text, nullable=False, server_default=""),
    Column("scopes", Text, nullable=False),
    Column("created_ms", Int64, nullable=False),
    Column("revoked_ms", Int64),
    Column("webhook_secret", Integer, nullable=False, server_default="0"),  # how often replaced
    Column("webhook_secret_ms", Int64),  # when it was last
    **STRICT,
)

rate_limit = Table(
    "rate_limit",
    metadata,
    Column("key", Text, primary_key=True),
    Column("tat_ms", Int64, nullable=False),  # theoretical arrival time (GCRA)
    **STRICT,
)
