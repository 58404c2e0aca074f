"""What the operator changed while the shop was open: prices, rates, and what is not sold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "operator_change",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("setting", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_change")),
        sqlite_strict=True,
    )
    op.create_index("ix_operator_change_setting", "operator_change", ["setting", "id"])
