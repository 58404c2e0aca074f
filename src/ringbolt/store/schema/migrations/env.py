"""Run by Alembic around each upgrade, on the connection that ``store.migrate`` hands in."""

from __future__ import annotations

from alembic import context

import ringbolt.store.schema.tables  # noqa: F401 - the metadata of all tables
from ringbolt.store.schema.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # One transaction per migration, DDL included. SQLite can roll back DDL too, but Alembic
    # assumes that it cannot, so this must be set.
    transactional_ddl=True,
    transaction_per_migration=True,
    render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()
