"""How long calls were up by their carrier's reckoning; recordings in the database itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("call", sa.Column("talked_ms", INT64, nullable=True))
    op.drop_column("recording", "path")
    op.create_table(
        "recording_piece",
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sound", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("recording_id", "n", name=op.f("pk_recording_piece")),
        sqlite_strict=True,
    )
    op.create_index("ix_recording_piece_created", "recording_piece", ["created_ms"], unique=False)
