"""Fresh databases for the simulations."""

from databases import clock, sqlite_template, sqlite_url

__all__ = ["clock", "sqlite_template", "sqlite_url"]
