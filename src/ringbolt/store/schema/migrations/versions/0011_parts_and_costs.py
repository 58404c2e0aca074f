"""What each attempt costs, by what its part tells or by the operator's card, and which parts keep
failing. Attempts of before have no costs: they stay estimated by the rate card.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("open = 1")


def upgrade() -> None:
    op.create_table(
        "attempt_cost",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("source", sa.Text(), nullable=False, server_default=""),
        sa.Column("currency", sa.Text(), nullable=False, server_default=""),
        sa.Column("micros", INT64),
        sa.Column("msat", INT64),
        sa.Column("bookings", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("expected_msat", INT64, nullable=False, server_default="0"),
        sa.Column("lookups", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("due_ms", INT64, nullable=False),
        sa.Column("open", sa.Integer(), nullable=False, server_default="1"),
        sa.CheckConstraint(
            "source IN ('','told','card','none')", name=op.f("ck_attempt_cost_cost_source")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_attempt_cost_attempt_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_attempt_cost_order_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_attempt_cost")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_attempt_cost_open",
        "attempt_cost",
        ["due_ms"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_attempt_cost_created", "attempt_cost", ["created_ms"])
    op.create_table(
        "part_state",
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("left_alone_until_ms", INT64, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("at_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("area", "name", name=op.f("pk_part_state")),
        sqlite_strict=True,
    )
