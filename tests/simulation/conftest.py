"""Fresh databases for the simulations."""

from support.databases.fixtures import clock, sqlite_template, sqlite_url

__all__ = ["clock", "sqlite_template", "sqlite_url"]
