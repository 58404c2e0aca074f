"""One entry to the database: ``await db.tx(fn, ...)``.

``fn`` is a plain function ``fn(tx, ...)``: it cannot await, so no transaction ever spans I/O. It
may run more than once (a serialization failure repeats it), so it has no effect but on ``tx``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.sql.base import Executable

from ringbolt.core.errors import RingboltError

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

Dialect = Literal["sqlite", "postgresql"]


_PASSING = (
    RingboltError,  # the database is busy, unreachable or full
    OSError,
    MemoryError,
    OperationalError,
    ProgrammingError,  # the schema's fault, whatever is to be written
    PoolTimeoutError,
)


def may_pass(error: Exception) -> bool:
    """Whether what failed with ``error`` may succeed later; False if what was to be written is
    what is wrong."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, _PASSING)


class Scalars(Protocol):
    """One value of each row."""

    def __iter__(self) -> Iterator[Any]: ...
    def all(self) -> Sequence[Any]: ...
    def first(self) -> Any: ...


class Mappings(Scalars, Protocol):
    """Each row as a mapping by column."""


class Rows(Protocol):
    """What a statement gave: the part of SQLAlchemy's ``CursorResult`` that is used here."""

    @property
    def rowcount(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def all(self) -> Sequence[Any]: ...
    def first(self) -> Any: ...
    def one(self) -> Any: ...
    def one_or_none(self) -> Any: ...
    def scalar(self) -> Any: ...
    def scalar_one(self) -> Any: ...
    def scalar_one_or_none(self) -> Any: ...
    def scalars(self) -> Scalars: ...
    def mappings(self) -> Mappings: ...


class Statements(Protocol):
    """A shorter way to the database than SQLAlchemy's, for some statements."""

    def run(self, statement: Executable, parameters: Any) -> Rows | None:
        """None: not for this one, and nothing was done."""
        ...


@dataclass(slots=True)
class Tx:
    """A running transaction.

    ``now_ms`` is the database's idea of now (its own clock on PostgreSQL, the machine's on
    SQLite) plus the simulated world's offset, constant within the transaction. ``wake`` names
    the channels to tell after the commit (see ``Database.listen``). ``random`` gives so many
    random bytes.
    """

    conn: Connection
    now_ms: int
    dialect: Dialect
    wake: set[str] = field(default_factory=set)
    direct: Statements | None = None
    random: Callable[[int], bytes] = secrets.token_bytes

    def new_secret(self) -> str:
        """256 bits that nobody can guess, in hexadecimal, to be stored in this transaction. A body
        that is run again draws another: the one that is committed is the one that counts."""
        return self.random(32).hex()

    def run(self, statement: Executable, parameters: Any = None) -> Rows:
        """Execute one statement of SQLAlchemy Core."""
        if self.direct is not None:
            rows = self.direct.run(statement, parameters)
            if rows is not None:
                return rows
        result = self.conn.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result


def one_statement(fn: F) -> F:
    """Declare that a body runs at most one statement: where BEGIN and COMMIT are round trips of
    their own (PostgreSQL), they are left out, since a statement is a transaction by itself."""
    fn.__dict__["is_one_statement"] = True
    return fn


def is_one_statement(fn: Callable[..., Any]) -> bool:
    return bool(getattr(fn, "is_one_statement", False))


class Subscription(Protocol):
    """Tells when a channel was woken since the last wait."""

    async def wait(self, timeout_s: float) -> bool:
        """True if woken (perhaps for nothing), False after ``timeout_s`` seconds."""
        ...

    def close(self) -> None: ...


class Database(Protocol):
    @property
    def dialect(self) -> Dialect: ...

    async def tx(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``fn`` in one durable transaction; whatever it raises rolls it back and comes out.

        Raises ``Unavailable`` (code ``STORE_UNAVAILABLE``) if the database cannot be reached or
        the disk is full; nothing of the transaction is then in effect, except when it is an
        ``OutcomeUnknown`` (PostgreSQL only: the connection broke during COMMIT).
        """
        ...

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``fn`` on a snapshot; it must not write. Does not queue behind writers."""
        ...

    def listen(self, channel: str) -> Subscription:
        """Be told when a committed transaction had ``channel`` in ``tx.wake``."""
        ...

    async def close(self) -> None: ...
