"""Fresh databases for the crash tests."""

from support.databases.fixtures import (
    clock,
    postgres_server,
    postgres_url,
    sqlite_template,
    sqlite_url,
)

__all__ = ["clock", "postgres_server", "postgres_url", "sqlite_template", "sqlite_url"]
