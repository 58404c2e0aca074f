"""Own numbers that are lent only as long as their phone gives signs of life.

Numbers of before are not watched: nobody reports signs of life of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ringbolt.store.schema.metadata import Int64

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "pool_number", sa.Column("watched_by", sa.Text(), nullable=False, server_default="")
    )
    op.add_column("pool_number", sa.Column("alive_until_ms", Int64))
    op.add_column("pool_number", sa.Column("back_ms", Int64))
