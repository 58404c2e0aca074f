"""Run by Alembic around each upgrade, on the connection that ``store.migrate`` hands in."""

from __future__ import annotations

from alembic import context

import ringbolt.store.schema.tables  # noqa: F401 - the metadata of all tables
from ringbolt.store.schema.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # One transaction for each step, DDL included: SQLite can roll it back too, Alembic only
    # does not expect it to.
    transactional_ddl=True,
    transaction_per_migration=True,
    render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()
