"""Shared by all tables: the metadata, its naming rules, and column types for both databases.

Times are integer ms UTC, amounts integer msat, hashes lower-case hex text, booleans 0/1.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, Integer, MetaData, text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite's INTEGER has 64 bits. Its STRICT tables have no BIGINT, and it generates row ids only for
# a column declared exactly INTEGER PRIMARY KEY.
Int64 = BigInteger().with_variant(Integer, "sqlite")
RowId = Int64
# STRICT makes SQLite refuse text in an integer column, as PostgreSQL does.
STRICT: dict[str, Any] = {"sqlite_strict": True}


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """A partial index, on both databases, of the rows that satisfy ``where``."""
    return Index(
        name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where)
    )
