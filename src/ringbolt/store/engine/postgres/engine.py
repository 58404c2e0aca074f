"""How connections to PostgreSQL are opened, directly or through a pooler such as PgBouncer.

A pooler in transaction mode gives each transaction another of its connections to the server. What
is bound to a connection does not work through it: LISTEN, prepared statements that are used again,
settings of the session, and a statement outside a transaction that takes two round trips (parse,
then execute). So through a pooler every transaction has BEGIN and COMMIT, each statement is
prepared without a name just before it runs, and wakes come by another connection or by polling.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from ringbolt.store.engine.postgres.errors import sqlstate

_POOLER: Final = "pooler"
"""The option of the URL: ``pooler=transaction``."""
_PROTOCOL_VIOLATION: Final = "08P01"

_SETTINGS: Final = {
    "jit": "off",  # compiling a plan takes longer than running these statements
    # Ends the row locks of a machine that disappeared within a transaction (ms).
    "idle_in_transaction_session_timeout": "10000",
}


def driver_url(url: str | URL) -> URL:
    """``postgresql://..`` (or ``postgres://..``) as SQLAlchemy wants it for asyncpg, which calls
    libpq's ``sslmode`` ``ssl``."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    renamed = {"ssl" if name == "sslmode" else name: value for name, value in parsed.query.items()}
    renamed.pop(_POOLER, None)
    return parsed.set(query=renamed)


def names_pooler(url: str) -> bool:
    """Whether the URL says that it leads to a pooler in transaction mode."""
    return make_url(url).query.get(_POOLER) == "transaction"


def comes_from_pooler(error: BaseException) -> bool:
    """Whether a connection was refused as PgBouncer does: it does not know our settings."""
    return sqlstate(error) == _PROTOCOL_VIOLATION and "startup parameter" in str(error)


def make_engine(url: str, *, pooled: bool) -> AsyncEngine:
    """An engine without a pool of its own: ``Sessions`` is the pool."""
    options: dict[str, Any] = {"timeout": 10, "server_settings": {"application_name": "ringbolt"}}
    if pooled:
        options |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": str,  # always '': no name
        }
    else:
        options["server_settings"] |= _SETTINGS
        options["prepared_statement_cache_size"] = 512
    engine = create_async_engine(
        driver_url(url),
        isolation_level="READ COMMITTED",
        poolclass=NullPool,
        query_cache_size=2000,
        connect_args=options,
    )
    if pooled:
        _set_up_nothing(engine)
    return engine


def _set_up_nothing(engine: AsyncEngine) -> None:
    """Leave out what SQLAlchemy asks for JSON on every new connection, outside a transaction: no
    column here is JSON."""

    async def nothing(_: Any) -> None:
        return

    dialect: Any = engine.sync_engine.dialect
    dialect.setup_asyncpg_json_codec = nothing
    dialect.setup_asyncpg_jsonb_codec = nothing
