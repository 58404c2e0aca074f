"""Orders: their rows, and ``move``, the compare-and-swap through which every state change goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Insert,
    Update,
    bindparam,
    func,
    literal_column,
    select,
    update,
)

from ringbolt.core import commands
from ringbolt.core.commands import Command
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod, Step, sources_of
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.tables import attempt, order_event, orders

C = TypeVar("C", bound=Command)


class _Decoded:
    """Holds an order's decoded command: the slot must not be a field of the row."""

    __slots__ = ("_command",)
    _command: Command


@dataclass(frozen=True, slots=True)
class Order(_Decoded):
    """One order. Amounts in msat, times in ms UTC, ``payment_hash`` in hex.

    ``payreq``: the BOLT11 invoice. ``expiry_height``: the block height at which a held payment
    returns to the payer. ``client``: the buyer's address, hashed. ``referral_percent``: the share
    of the ``referrer``, as set when the order was placed. ``node``: the name of the Lightning node
    that has the invoice, '' in rows of earlier versions. ``request``: what was ordered, as JSON;
    ``command`` decodes it.
    """

    id: str
    kind: OrderKind
    family: str
    state: OrderState
    reason: str
    method: PaymentMethod
    price_msat: int
    payment_hash: str | None
    account_id: str | None
    body_hash: str
    request: str
    status_token: str
    refund_address: str
    may_retry: bool
    retry_until_ms: int
    deadline_ms: int | None
    idempotency_key: str
    created_ms: int
    started_ms: int
    finished_ms: int | None
    payreq: str = ""
    paid_ms: int | None = None
    expiry_height: int | None = None
    referrer: str = ""
    referral_percent: int = 10
    webhook_url: str = ""
    client: str = ""
    node: str = ""

    @property
    def command(self) -> Command:
        """What was ordered, decoded from ``request`` at the first use."""
        try:
            return self._command
        except AttributeError:
            command = commands.from_json(self.kind, self.request)
            object.__setattr__(self, "_command", command)  # frozen: the row does not change
            return command

    def command_as(self, type_: type[C]) -> C:
        """``command`` as ``type_``, the command type of this kind of order."""
        command = self.command
        assert isinstance(command, type_), f"{self.kind} is not ordered by {type_.__name__}"
        return command


@dataclass(frozen=True, slots=True)
class OrderEvent:
    at_ms: int
    from_state: str
    to_state: str
    why: str


def channel(order_id: str) -> str:
    """The wake channel that is notified at every change of the order."""
    return f"order:{order_id}"


def insert(tx: Tx, order: Order, why: str) -> bool:
    """Add an order; False, and nothing written, if its id, payment hash or status token exists."""
    columns = {name: getattr(order, name) for name in Order.__slots__}
    columns["may_retry"] = int(order.may_retry)
    if not insert_new(tx, orders, **columns):
        return False
    _note(tx, order.id, order.state, why)
    tx.steps.append(Step(order.id, order.kind, "", order.state, why, "", None))
    return True


def is_in(states: Iterable[OrderState]) -> ColumnElement[bool]:
    """The SQL condition that an order's state is one of ``states``."""
    # Literals, not parameters: SQLite plans a statement again at every run if the value of a
    # parameter decides whether a partial index can be used, and SQLAlchemy expands and compiles a
    # list of parameters again at every run.
    return orders.c.state.in_([literal_column(f"'{state}'") for state in sorted(states)])


# Columns in the order of the fields, so that ``Order(*row)`` works.
_ORDERS = select(*(orders.c[name] for name in Order.__slots__))
_BY_ID = _ORDERS.where(orders.c.id == bindparam("id"))
# PostgreSQL: FOR NO KEY UPDATE. A transaction that inserted a row with a foreign key to the order
# holds a share lock on its key; FOR UPDATE would conflict with it, and two such would deadlock.
_WITH_RECEIVER = _BY_ID.where(orders.c.webhook_url != "").with_for_update(key_share=True)
_BY_HASH = _ORDERS.where(orders.c.payment_hash == bindparam("payment_hash"))
_BY_TOKEN = _ORDERS.where(orders.c.status_token == bindparam("token"))


def by_id(tx: Tx, order_id: str) -> Order | None:
    return _one(tx.run(_BY_ID, {"id": order_id}).first())


def lock_with_receiver(tx: Tx, order_id: str) -> Order | None:
    """An order with a ``webhook_url``, locked until the commit; None if it has no ``webhook_url``.

    The lock puts two changes of one order in sequence, so that the later webhook shows both.
    """
    return _one(tx.run(_WITH_RECEIVER, {"id": order_id}).first())


def by_payment_hash(tx: Tx, payment_hash: str) -> Order | None:
    return _one(tx.run(_BY_HASH, {"payment_hash": payment_hash}).first())


def by_status_token(tx: Tx, token: str) -> Order | None:
    return _one(tx.run(_BY_TOKEN, {"token": token}).first())


def move(
    tx: Tx,
    order_id: str,
    target: OrderState,
    why: str,
    *,
    only_from: OrderState | frozenset[OrderState] | None = None,
    part: str = "",
    **columns: Any,
) -> bool:
    """Move an order to ``target`` if its state allows it; False if it does not, for instance
    because another transaction moved it first.

    ``only_from``: allow only these of the legal source states. ``part``: the name of the part that
    is asked now, for the log; without it, that of the last attempt. ``columns`` are set in the same
    statement.
    """
    # The history row first: its INSERT .. SELECT reads the state that the order leaves and locks
    # the order, so the UPDATE after it cannot miss. A second transaction waits for that lock and
    # then finds no order in a legal state.
    changes = {"state": target, "reason": why, **columns}
    note, change = _move(target, only_from, tuple(changes))
    noted = {"id_": order_id, "at_": tx.now_ms, "to_": target, "why_": why}
    if tx.run(note, noted).rowcount != 1:
        return False
    values = {f"new_{name}": value for name, value in changes.items()}
    kind, source, since_ms, last = tx.run(change, {"id_": order_id, **values}).one()
    tx.wake.add(channel(order_id))
    lasted_ms = tx.now_ms - (tx.now_ms if since_ms is None else since_ms)
    tx.steps.append(Step(order_id, kind, source, target, why, part or last or "", lasted_ms))
    return True


@cache
def _move(
    target: OrderState, only_from: OrderState | frozenset[OrderState] | None, names: tuple[str, ...]
) -> tuple[Insert, Update]:
    """The INSERT of the history row, which locks the order if its state allows the move, and the
    UPDATE. Cached, because building a statement costs more than running it."""
    sources = sources_of(target)
    if isinstance(only_from, OrderState):
        sources &= {only_from}
    elif only_from is not None:
        sources &= only_from
    columns = {name: bindparam(f"new_{name}", type_=orders.c[name].type) for name in names}
    allowed = (orders.c.id == bindparam("id_"), is_in(sources))
    noted = select(
        orders.c.id,
        bindparam("at_", type_=order_event.c.at_ms.type),
        orders.c.state,
        bindparam("to_", type_=order_event.c.to_state.type),
        bindparam("why_", type_=order_event.c.why.type),
    ).where(*allowed)
    note = order_event.insert().from_select(_NOTED, noted.with_for_update(key_share=True))
    change = update(orders).where(*allowed).values(columns)
    return note, change.returning(orders.c.kind, _SOURCE, _SINCE_MS, _LAST_PART)


_NOTED = ("order_id", "at_ms", "from_state", "to_state", "why")
# What is reported of a move. Not returned by the INSERT, which takes SQLite twice as long. Found by
# the parameter, not by orders.c.id: in RETURNING, SQLite 3.40 finds nothing by the latter.
_ONE: ColumnElement[int] = literal_column("1")  # a parameter would be bound anew at each run
_EVENTS = order_event.c.order_id == bindparam("id_")
_NEWEST = order_event.c.id.desc()
_SOURCE = (
    select(order_event.c.from_state)
    .where(_EVENTS)
    .order_by(_NEWEST)
    .limit(_ONE)
    .scalar_subquery()
    .label("source")
)
_SINCE_MS = (
    select(order_event.c.at_ms)
    .where(_EVENTS)
    .order_by(_NEWEST)
    .limit(_ONE)
    .offset(_ONE)  # before the one that ``move`` has just added
    .scalar_subquery()
    .label("since_ms")
)
_LAST_PART = (
    select(attempt.c.carrier)
    .where(attempt.c.order_id == bindparam("id_"))
    .order_by(attempt.c.n.desc())
    .limit(_ONE)
    .scalar_subquery()
    .label("last_part")
)


def tries(tx: Tx, order_id: str) -> int:
    """How often the order was started: once, plus once for every retry after a failure."""
    return 1 + int(tx.run(_RETRIES, {"id_": order_id}).scalar_one())


_RETRIES = (
    select(func.count())
    .select_from(order_event)
    .where(
        order_event.c.order_id == bindparam("id_"),
        order_event.c.from_state == OrderState.FAILED,
        order_event.c.to_state == OrderState.PAID,
    )
)


def finish(tx: Tx, order_id: str) -> None:
    """Record that the order is over; only a refund or a retry of a failed order may follow."""
    tx.run(_FINISH, {"id_": order_id, "now_": tx.now_ms})


_FINISH = (
    update(orders)
    .where(orders.c.id == bindparam("id_"), orders.c.finished_ms.is_(None))
    .values(finished_ms=bindparam("now_", type_=orders.c.finished_ms.type))
)


def close_retry(tx: Tx, order_id: str) -> None:
    """Forbid a retry of a failed order, because its refund was claimed."""
    tx.run(update(orders).where(orders.c.id == order_id).values(may_retry=0))


def history(tx: Tx, order_id: str) -> list[OrderEvent]:
    rows = tx.run(
        select(
            order_event.c.at_ms,
            order_event.c.from_state,
            order_event.c.to_state,
            order_event.c.why,
        )
        .where(order_event.c.order_id == order_id)
        .order_by(order_event.c.id)
    )
    return [OrderEvent(*row) for row in rows]


def last_moved_ms(tx: Tx, order_id: str) -> int:
    """When the order's state changed last."""
    return int(tx.run(LAST_MOVED, {"id_": order_id}).scalar_one())


LAST_MOVED = select(func.max(order_event.c.at_ms)).where(order_event.c.order_id == bindparam("id_"))


def _note(tx: Tx, order_id: str, state: str, why: str) -> None:
    """Write the first row of an order's history."""
    values = (order_id, tx.now_ms, "", state, why)
    tx.run(_FIRST_NOTE, dict(zip(_NOTED, values, strict=True)))
    tx.wake.add(channel(order_id))


_FIRST_NOTE = order_event.insert()


def _one(row: Sequence[Any] | None) -> Order | None:
    if row is None:
        return None
    values = list(row)
    for place, of_its_type in _TYPED:
        values[place] = of_its_type(values[place])
    return Order(*values)


_TYPED: tuple[tuple[int, Callable[[Any], object]], ...] = (
    (Order.__slots__.index("kind"), OrderKind),
    (Order.__slots__.index("state"), OrderState),
    (Order.__slots__.index("method"), PaymentMethod),
    (Order.__slots__.index("may_retry"), bool),
)
