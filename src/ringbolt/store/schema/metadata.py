"""What all tables share: one metadata, its naming rules, and the column types of both databases.

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

# SQLite's INTEGER has 64 bits; its STRICT tables know no BIGINT, and it numbers rows by itself
# only for a column that is exactly INTEGER PRIMARY KEY.
Int64 = BigInteger().with_variant(Integer, "sqlite")
RowId = Int64
# STRICT makes SQLite refuse a text in an integer column, as PostgreSQL does.
STRICT: dict[str, Any] = {"sqlite_strict": True}


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the few rows that are still of interest, on both databases."""
    return Index(
        name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where)
    )
