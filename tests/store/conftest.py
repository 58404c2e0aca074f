"""Every test of the store runs on both databases."""

from support.databases.fixtures import (
    clock,
    database,
    database_url,
    empty_postgres_url,
    postgres_server,
    postgres_url,
    sqlite_template,
    sqlite_url,
)

__all__ = [
    "clock",
    "database",
    "database_url",
    "empty_postgres_url",
    "postgres_server",
    "postgres_url",
    "sqlite_template",
    "sqlite_url",
]
