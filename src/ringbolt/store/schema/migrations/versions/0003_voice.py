"""Calls on a balance: which of an account's are open, and in what order they were placed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _only(where: str) -> dict[str, Any]:
    """A partial index, on both databases."""
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


def upgrade() -> None:
    op.create_index(
        "ix_orders_account_calls",
        "orders",
        ["account_id", "created_ms", "id"],
        unique=False,
        **_only("account_id IS NOT NULL AND kind = 'call'"),
    )
    op.create_index(
        "ix_orders_open_calls",
        "orders",
        ["account_id", "state", "created_ms", "id"],
        unique=False,
        **_only("account_id IS NOT NULL AND kind = 'call' AND finished_ms IS NULL"),
    )
