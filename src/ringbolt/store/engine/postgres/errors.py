"""Classifies PostgreSQL's errors by SQLSTATE (PostgreSQL manual, appendix A)."""

from __future__ import annotations

from typing import Any

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi as Dbapi
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ringbolt.core.errors import Unavailable

# serialization_failure, deadlock_detected: the same body is likely to succeed when repeated.
_REPEATABLE = frozenset({"40001", "40P01"})

_READ_ONLY = "25006"

# Classes: connection, log-in, resources (disk full, too many connections), no such database,
# operator (shutdown), system. A demoted primary answers read_only_sql_transaction.
_UNAVAILABLE_CLASSES = ("08", "28", "3D", "53", "57P", "58", _READ_ONLY)

DRIVER_ERRORS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

_STALE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
"""The schema changed under the connection's prepared statements: it must be replaced."""


def as_sqlalchemys(error: Exception, sql: str, lost: bool) -> DBAPIError:
    """An error of asyncpg as SQLAlchemy would raise it, without the parameter values it mentions.

    ``lost``: the connection is closed.
    """
    kind: Any = Dbapi.Error
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        kind = Dbapi.IntegrityError
    elif isinstance(error, ValueError):  # a value that no column accepts; the connection is fine
        kind = Dbapi.Error
    elif isinstance(error, asyncpg.InterfaceError):
        kind = Dbapi.InterfaceError
    elif isinstance(error, asyncpg.InternalClientError):
        kind = Dbapi.InternalClientError
    elif isinstance(error, asyncpg.SyntaxOrAccessError):
        kind = Dbapi.ProgrammingError
    wrapped: Any = DBAPIError.instance(
        sql,
        None,
        kind(error.args[0] if error.args else "", error),
        Dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost or isinstance(error, _STALE),
    )
    assert isinstance(wrapped, DBAPIError)
    return wrapped


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE, '' if the error has none."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    # Of errors while connecting, SQLAlchemy wraps the message, and keeps the error as its cause.
    found = getattr(cause, "sqlstate", None) or getattr(cause.__cause__, "sqlstate", None)
    return str(found or "")


def is_repeatable(error: DBAPIError) -> bool:
    return sqlstate(error) in _REPEATABLE


def is_readonly(error: BaseException) -> bool:
    """Whether the error is a write in a read-only transaction or on a read-only server."""
    return sqlstate(error) == _READ_ONLY


def is_connection_lost(error: BaseException) -> bool:
    """Whether the connection is closed; an idle one may have been dead for a long time."""
    if isinstance(error, DBAPIError):
        return (
            error.connection_invalidated
            or was_not_sent(error)
            or sqlstate(error).startswith(("08", "57P01"))
        )
    return isinstance(error, OSError)


def was_not_sent(error: DBAPIError) -> bool:
    """Whether the statement never reached the server: the connection was closed before, or the
    server ended it while it was idle (asyncpg then cannot switch its protocol state)."""
    closed = isinstance(error.orig, Dbapi.InterfaceError) and error.connection_invalidated
    return closed or (
        isinstance(error.orig, Dbapi.InternalClientError)
        and "cannot switch to state" in str(error.orig)
    )


def unavailable(error: BaseException) -> Unavailable | None:
    """``error`` as ``Unavailable`` if the server or the connection caused it, else None."""
    state = sqlstate(error)
    if isinstance(error, PoolTimeoutError):
        words = "The database is busy: no connection became free in time."
    elif state in _REPEATABLE:
        words = "The database is busy: other requests kept changing the same rows."
    elif state.startswith("53100"):
        words = "The disk that holds the database is full."
    elif state.startswith(_UNAVAILABLE_CLASSES) or is_connection_lost(error):
        words = "The database does not answer."
    elif isinstance(error, InterfaceError):
        words = "The connection to the database broke."
    else:
        return None
    return Unavailable(
        f"{words} Nothing of this request was kept.",
        code="STORE_UNAVAILABLE",
        suggestion="Try again later.",
    )
