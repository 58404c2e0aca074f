"""The tables of texts, leased numbers, e-mail, webhooks and payouts, for both databases."""

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
)

from ringbolt.store.schema.metadata import STRICT, Int64, RowId, metadata, partial_index

message = Table(
    "message",  # an SMS or an e-mail that an order sends
    metadata,
    Column("order_id", Text, ForeignKey("orders.id"), primary_key=True),
    Column("to_hash", Text, nullable=False),  # of the number or address, for limits
    Column("parts", Integer, nullable=False),
    Column("status", Text, nullable=False),  # created | sent | delivered | failed
    Column("public_id", Text, nullable=False, unique=True),  # shown to the buyer: SM or EM + hex
    Column("attempt_id", Text),  # the attempt whose receipts count
    Column("cause", Text, nullable=False, server_default=""),
    Column("sent_ms", Int64),
    Column("delivered_ms", Int64),
    Column("failed_ms", Int64),
    CheckConstraint("status IN ('created','sent','delivered','failed')", name="message_status"),
    **STRICT,
)

message_part = Table(
    "message_part",
    metadata,
    Column("attempt_id", Text, ForeignKey("attempt.id"), primary_key=True),
    Column("n", Integer, primary_key=True),  # from 1
    Column("carrier", Text, nullable=False),
    Column("part_id", Text, nullable=False),  # the carrier's id of it
    Column("state", Text, nullable=False),  # accepted | sent | delivered | failed
    Column("raw", Text, nullable=False, server_default=""),  # the carrier's latest status
    UniqueConstraint("carrier", "part_id"),
    **STRICT,
)

receiving = Table(
    "reception",  # an activation or a rental: what an order receives texts for
    metadata,
    Column("order_id", Text, ForeignKey("orders.id"), primary_key=True),
    Column("service", Text, nullable=False),
    Column("country", Integer, nullable=False),  # as requested; 999 = any
    Column("hours", Integer, nullable=False, server_default="0"),  # 0: an activation
    Column("lease_id", Text),  # the current lease
    Column("number", Text, nullable=False, server_default=""),
    Column("number_country", Integer, nullable=False, server_default="0"),
    Column("assigned_ms", Int64),
    Column("until_ms", Int64),  # when the current lease ends
    Column("code", Text, nullable=False, server_default=""),
    Column("numbers_tried", Integer, nullable=False, server_default="0"),
    Column("texts", Integer, nullable=False, server_default="0"),
    Column("closed_ms", Int64),
    **STRICT,
)

lease = Table(
    "lease",  # a number leased to an order; at most one open lease per number
    metadata,
    Column("id", Text, primary_key=True),  # the attempt's id and ref
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("from_ms", Int64, nullable=False),
    Column("until_ms", Int64, nullable=False),
    Column("cancel_after_ms", Int64, nullable=False, server_default="0"),
    Column("ended_ms", Int64),
    Column("why", Text, nullable=False, server_default=""),
    UniqueConstraint("provider", "provider_id"),
    Index("ix_lease_order_id", "order_id"),
    Index("ix_lease_number", "number", "from_ms"),
    partial_index("ux_lease_open", "number", where="ended_ms IS NULL", unique=True),
    **STRICT,
)

received_text = Table(
    "received_text",  # order_id NULL: in quarantine
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("order_id", Text, ForeignKey("orders.id")),
    Column("lease_id", Text),
    Column("number", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=""),
    Column("at_ms", Int64, nullable=False),
    Column("received_ms", Int64, nullable=False),
    Column("masked", Text),  # the text as it is shown unpaid; NULL: it was not masked
    UniqueConstraint("source", "event_id"),
    Index("ix_received_text_order_id", "order_id", "id"),
    Index("ix_received_text_received", "received_ms"),
    **STRICT,
)

pool_number = Table(
    "pool_number",  # the operator's own numbers
    metadata,
    Column("number", Text, primary_key=True),
    Column("country", Integer, nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    Column("added_ms", Int64, nullable=False),
    Column("removed_ms", Int64),
    Column("watched_by", Text, nullable=False, server_default=""),  # the carrier of its phone
    Column("alive_until_ms", Int64),  # unless the phone is heard again; NULL: it is not watched
    Column("back_ms", Int64),  # when it was heard again after a silence
    **STRICT,
)

pool_lease = Table(
    "pool_lease",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("number", Text, ForeignKey("pool_number.number"), nullable=False),
    Column("service", Text, nullable=False),
    Column("from_ms", Int64, nullable=False),
    Column("until_ms", Int64, nullable=False),
    Column("ended_ms", Int64),
    Index("ix_pool_lease_number", "number", "ended_ms"),
    partial_index("ux_pool_lease_open", "number", where="ended_ms IS NULL", unique=True),
    **STRICT,
)

suppression = Table(
    "suppression",  # numbers and addresses that must not be contacted
    metadata,
    Column("channel", Text, primary_key=True),  # sms | email
    Column("to_hash", Text, primary_key=True),
    Column("why", Text, nullable=False, server_default=""),
    Column("at_ms", Int64, nullable=False),
    **STRICT,
)

spend = Table(
    "spend",  # sales per day, for spend limits, and routing fees that the shop bears
    metadata,
    Column("day", Integer, primary_key=True),  # days since 1970-01-01 UTC
    Column("scope", Text, primary_key=True),  # all, prefix:<digits>, fees, fees:<client>, ..
    Column("msat", Int64, nullable=False),
    **STRICT,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("principal", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("at_ms", Int64, nullable=False),
    Index("ix_idempotency_at", "at_ms"),
    Index("ix_idempotency_order_id", "order_id"),
    **STRICT,
)

webhook = Table(
    "webhook",  # one webhook; ``seq`` is its place among those of an order's topic
    metadata,
    Column("id", Text, primary_key=True),  # msg_ + hex: the webhook-id, constant over retries
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("topic", Text, nullable=False, server_default=""),  # '': the order's status
    Column("seq", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # before the first try, the notice to render
    Column("news", Text, nullable=False, server_default=""),  # compared with the next one's
    Column("state", Text, nullable=False),  # pending | delivered | given_up
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_ms", Int64, nullable=False),
    Column("done_ms", Int64),
    UniqueConstraint("order_id", "topic", "seq"),
    CheckConstraint("state IN ('pending','delivered','given_up')", name="webhook_state"),
    Index("ix_webhook_created", "created_ms"),
    **STRICT,
)

recording = Table(
    "recording",  # of the called party; added after all its pieces
    metadata,
    Column("id", Text, primary_key=True),  # RE + hex
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("n", Integer, nullable=False),  # from 1
    Column("duration_ms", Integer, nullable=False),
    Column("created_ms", Int64, nullable=False),
    UniqueConstraint("order_id", "n"),
    Index("ix_recording_created", "created_ms"),
    **STRICT,
)

recording_piece = Table(
    "recording_piece",  # the bytes of a WAV, split to keep transactions small
    metadata,
    Column("recording_id", Text, primary_key=True),
    Column("n", Integer, primary_key=True),  # from 0
    Column("sound", LargeBinary, nullable=False),
    Column("created_ms", Int64, nullable=False),
    Index("ix_recording_piece_created", "created_ms"),
    **STRICT,
)

webhook_try = Table(
    "webhook_try",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("webhook_id", Text, ForeignKey("webhook.id"), nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("status", Integer),  # HTTP; NULL if there was no answer
    Column("error", Text, nullable=False, server_default=""),
    Column("took_ms", Integer, nullable=False),
    Index("ix_webhook_try_webhook_id", "webhook_id", "id"),
    **STRICT,
)

payout = Table(
    "payout",
    metadata,
    Column("id", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("amount_msat", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("bolt11", Text, nullable=False, server_default=""),
    Column("payment_hash", Text, unique=True),
    Column("fee_msat", Int64, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_ms", Int64, nullable=False),
    Column("finished_ms", Int64),
    Column("node", Text, nullable=False, server_default=""),  # the node that pays it
    CheckConstraint("state IN ('open','paying','paid','failed')", name="payout_state"),
    CheckConstraint("amount_msat > 0", name="amount"),
    # One unfinished payout per address: the next starts when the outcome of this one is known
    partial_index("ux_payout_open", "address", where="finished_ms IS NULL", unique=True),
    **STRICT,
)

withdrawal = Table(
    "withdrawal",  # unused balance on its way out of a prepaid account
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("amount_msat", Int64, nullable=False),
    Column("max_fee_msat", Int64, nullable=False),  # held with the amount, for the route
    Column("state", Text, nullable=False),
    Column("k1", Text, unique=True),  # of LNURL-withdraw; NULL: to ``address``
    Column("address", Text, nullable=False, server_default=""),  # a Lightning Address
    Column("bolt11", Text, nullable=False, server_default=""),
    Column("payment_hash", Text, unique=True),
    Column("fee_msat", Int64, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_ms", Int64, nullable=False),
    Column("until_ms", Int64, nullable=False),  # until when an invoice may be named
    Column("finished_ms", Int64),
    Column("node", Text, nullable=False, server_default=""),  # the node that pays it
    CheckConstraint("state IN ('open','paying','paid','failed')", name="withdrawal_state"),
    CheckConstraint("amount_msat > 0", name="amount"),
    # One unfinished withdrawal per account: two tabs, or two presses, are one
    partial_index("ux_withdrawal_open", "account_id", where="finished_ms IS NULL", unique=True),
    Index("ix_withdrawal_account", "account_id", "created_ms"),
    **STRICT,
)
