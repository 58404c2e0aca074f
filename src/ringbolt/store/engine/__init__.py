"""Transactions, compiled statements, SQLite and PostgreSQL."""
