"""The tables of the shop itself: facts about it, acknowledged differences of the audit, and what
the operator changed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table, Text

from ringbolt.store.schema.metadata import STRICT, Int64, RowId, metadata

MOVED: Final = "moved to"
"""The name of the fact that the shop was moved, and to which database."""

shop_fact = Table(
    "shop_fact",  # e.g. the fingerprint of the master secret
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at_ms", Int64, nullable=False),
    **STRICT,
)

acknowledgement = Table(
    "acknowledgement",  # a difference that the audit found and the operator has explained
    metadata,
    Column("id", Text, primary_key=True),  # derived from the difference and its amount
    Column("sentence", Text, nullable=False),
    Column("amount_msat", Int64, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),  # user and machine
    Column("at_ms", Int64, nullable=False),
    **STRICT,
)

operator_change = Table(
    "operator_change",  # the latest of a setting is in force
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("setting", Text, nullable=False),  # prices | rates | sales, or what was done
    Column("value", Text, nullable=False),  # '' for what the settings file says
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Index("ix_operator_change_setting", "setting", "id"),
    **STRICT,
)
