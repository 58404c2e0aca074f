"""What the buyer of an unpaid activation sees of a text, stored beside it (``masked``).

Texts of before have none: they are masked when they are looked at, as they always were.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("received_text", sa.Column("masked", sa.Text()))
