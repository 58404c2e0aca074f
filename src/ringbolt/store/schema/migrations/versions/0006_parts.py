"""Which node an order, a refund and a payout belong to, and who refuses an order for good.

Rows of earlier versions have node '': the one that the shop has.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

NODE = ("orders", "refund", "payout")


def upgrade() -> None:
    for table in NODE:
        op.add_column(table, sa.Column("node", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "attempt", sa.Column("permanent", sa.Integer(), nullable=False, server_default="0")
    )
