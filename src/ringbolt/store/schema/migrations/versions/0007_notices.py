"""The content of a webhook in a column of its own (``news``), to compare with the next one's
without the body, whose form only its API family knows.

For status callbacks of calls it is read from their bodies. For other orders it stays empty, so the
next change of each is sent even if the last webhook said the same.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

webhook = sa.table(
    "webhook",
    sa.column("id", sa.Text),
    sa.column("topic", sa.Text),
    sa.column("body", sa.LargeBinary),
    sa.column("news", sa.Text),
)


def upgrade() -> None:
    op.add_column("webhook", sa.Column("news", sa.Text(), nullable=False, server_default=""))
    connection = op.get_bind()
    told = sa.select(webhook.c.id, webhook.c.topic, webhook.c.body)
    for row in connection.execute(told.where(webhook.c.topic.in_(("status", "digits")))).all():
        if row.body:
            news = json.loads(row.body)["status"] if row.topic == "status" else "told"
            changed = sa.update(webhook).where(webhook.c.id == row.id).values(news=news)
            connection.execute(changed)
