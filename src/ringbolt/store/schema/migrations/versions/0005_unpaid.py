"""Orders that were never paid can be found by their end, and forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

EXPIRED = sa.text("state = 'expired'")


def upgrade() -> None:
    op.create_index(
        "ix_orders_unpaid",
        "orders",
        ["finished_ms"],
        unique=False,
        sqlite_where=EXPIRED,
        postgresql_where=EXPIRED,
    )
    # Without it, an order could only be removed by looking through all names.
    op.create_index("ix_idempotency_order_id", "idempotency", ["order_id"], unique=False)
