"""The interface of the database: ``await db.tx(fn, ...)``.

``fn`` is a plain function ``fn(tx, ...)``. It cannot await, so no transaction stays open during
other I/O. It may run more than once (after a serialization failure), so it must have no effect
except through ``tx``.
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
from ringbolt.core.order import Step

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

Dialect = Literal["sqlite", "postgresql"]

Report = Callable[[Sequence[Step]], None]
"""Called on the event loop with what one or more transactions changed, once it is committed. It
must not raise."""

_PASSING = (
    RingboltError,  # the database is busy, unreachable or full
    OSError,
    MemoryError,
    OperationalError,
    ProgrammingError,  # a fault of the schema, not of the values
    PoolTimeoutError,
)


def may_pass(error: Exception) -> bool:
    """Whether a transaction that failed with ``error`` may succeed later; False if the values that
    it writes are the cause."""
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
    """The result of a statement: the part of SQLAlchemy's ``CursorResult`` that is used here."""

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


class Handover(Protocol):
    """The worker of this process, which runs jobs as soon as the transaction that adds them has
    committed. Such a job is stored as claimed by it, for ``lease_ms``; nobody has to find it.

    ``reserve`` and ``release`` may be called in any thread, ``start`` on the event loop.
    """

    @property
    def lease_ms(self) -> int: ...

    def reserve(self, lane: str) -> bool:
        """Reserve one of the lane's slots; False if none is free, or older jobs wait for one."""
        ...

    def begin(self, tx: Tx, job: Any) -> object:
        """Do in this transaction what the job's run would do first in one of its own; the result
        is for the run."""
        ...

    def release(self, lane: str) -> None:
        """Give a reserved slot back: the transaction did not commit."""
        ...

    def start(self, job: Any) -> None:
        """Run a job in its reserved slot: the transaction has committed."""
        ...


class Statements(Protocol):
    """A faster way than SQLAlchemy's to run some statements."""

    def run(self, statement: Executable, parameters: Any) -> Rows | None:
        """Run the statement; None if it is not supported, and then nothing was run."""
        ...


@dataclass(slots=True)
class Tx:
    """A running transaction.

    ``now_ms``: the time (ms UTC) by the server's clock on PostgreSQL and the machine's on SQLite,
    plus the simulated world's offset; constant within the transaction. ``wake``: the channels to
    wake after the commit (see ``Database.listen``). ``random(n)`` returns n random bytes.
    ``steps``: the changes of orders' states, which are reported after the commit.
    ``handover``: takes jobs that are due at once, and ``handed`` are those that it was given.
    ``has_begun``: the first step of one of them was done here; if the body fails then, it is run
    again without a handover, because only the job may be at fault.
    """

    conn: Connection
    now_ms: int
    dialect: Dialect
    wake: set[str] = field(default_factory=set)
    direct: Statements | None = None
    random: Callable[[int], bytes] = secrets.token_bytes
    steps: list[Step] = field(default_factory=list)
    handover: Handover | None = None
    handed: list[Any] = field(default_factory=list)
    has_begun: bool = False

    def start_handed(self) -> None:
        """After the commit, on the event loop: let the handed jobs run."""
        for job in self.handed:
            assert self.handover is not None
            self.handover.start(job)

    def release_handed(self) -> None:
        """The transaction did not commit: there are no such jobs."""
        for job in self.handed:
            assert self.handover is not None
            self.handover.release(job.lane)
        self.handed.clear()

    def new_secret(self) -> str:
        """A random secret of 256 bits in hexadecimal, to be stored in this transaction. A repeated
        body gets another secret; the committed one counts."""
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
    """Declare that a body runs at most one statement. On PostgreSQL it then runs without BEGIN and
    COMMIT, which saves two round trips: a single statement is a transaction by itself."""
    fn.__dict__["is_one_statement"] = True
    return fn


def is_one_statement(fn: Callable[..., Any]) -> bool:
    return bool(getattr(fn, "is_one_statement", False))


class Subscription(Protocol):
    """Waits for wakes of one channel; a wake between two waits is not lost."""

    async def wait(self, timeout_s: float) -> bool:
        """True if woken (perhaps without a change), False after ``timeout_s`` seconds."""
        ...

    def wake(self) -> None:
        """Wake it without a commit; on the event loop."""
        ...

    def close(self) -> None: ...


class Database(Protocol):
    @property
    def dialect(self) -> Dialect: ...

    async def tx(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``fn`` in one durable transaction; an exception rolls it back and is raised here.

        Raises ``Unavailable`` (code ``STORE_UNAVAILABLE``) if the database cannot be reached or the
        disk is full: nothing was committed. The exception is its subclass ``OutcomeUnknown``
        (PostgreSQL: the connection broke during COMMIT): it may have been committed.
        """
        ...

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``fn`` on a snapshot; it must not write. Does not wait for writers."""
        ...

    def hand_jobs_to(self, handover: Handover | None) -> None:
        """Let ``handover`` take jobs that transactions add from now on; None: nobody."""
        ...

    def listen(self, channel: str) -> Subscription:
        """Subscribe to ``channel``: a commit with it in ``tx.wake`` wakes the subscription."""
        ...

    def report_steps_to(self, report: Report | None) -> None:
        """Report the changes of orders' states from now on to ``report``; None: to nobody."""
        ...

    async def close(self) -> None: ...
