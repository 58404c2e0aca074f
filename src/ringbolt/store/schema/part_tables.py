"""The tables of what is known of parts: what each attempt costs, and which parts keep failing."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from ringbolt.store.schema.metadata import STRICT, Int64, metadata, partial_index

attempt_cost = Table(
    "attempt_cost",  # of attempts at parts that bill
    metadata,
    Column("attempt_id", Text, ForeignKey("attempt.id"), primary_key=True),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("area", Text, nullable=False),  # calls | sms | numbers | mail
    Column("part", Text, nullable=False),
    # What the part told, by segment: {"0": [7500, "USD"]}; 0 is the whole
    Column("told", Text, nullable=False, server_default="{}"),
    Column("source", Text, nullable=False, server_default=""),  # told | card | none; '': not yet
    Column("currency", Text, nullable=False, server_default=""),
    Column("micros", Int64),  # millionths of the currency; NULL: not known
    Column("msat", Int64),  # booked in the ledger; NULL: no rate, or not known
    Column("bookings", Integer, nullable=False, server_default="0"),
    Column("expected_msat", Int64, nullable=False, server_default="0"),  # counted for its day
    Column("lookups", Integer, nullable=False, server_default="0"),
    Column("created_ms", Int64, nullable=False),
    Column("due_ms", Int64, nullable=False),  # when it is looked at next
    Column("open", Integer, nullable=False, server_default="1"),  # 0: nothing is to be done
    CheckConstraint("source IN ('','told','card','none')", name="cost_source"),
    partial_index("ix_attempt_cost_open", "due_ms", where="open = 1"),
    Index("ix_attempt_cost_created", "created_ms"),
    **STRICT,
)

part_state = Table(
    "part_state",  # parts that kept failing
    metadata,
    Column("area", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("failures", Integer, nullable=False),  # consecutive
    Column("left_alone_until_ms", Int64, nullable=False),  # 0: it answers again
    Column("reason", Text, nullable=False, server_default=""),
    Column("at_ms", Int64, nullable=False),
    **STRICT,
)
