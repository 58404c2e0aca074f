"""Orders: their rows, and ``move``, the compare-and-swap through which every state change goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    FromClause,
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


class Order(Struct, frozen=True, dict=True):
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

    @cached_property
    def command(self) -> Command:
        """What was ordered, decoded from ``request`` at the first use."""
        return commands.from_json(self.kind, self.request)

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
    columns = {name: getattr(order, name) for name in Order.__struct_fields__}
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


# In the order of the fields, so that ``Order(*row)`` works.
_COLUMNS = tuple(orders.c[name] for name in Order.__struct_fields__)
_ORDERS = select(*_COLUMNS)
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
) -> Order | None:
    """Move an order to ``target`` if its state allows it; returns it as it is then, None if its
    state does not allow it, for instance because another transaction moved it first.

    ``only_from``: allow only these of the legal source states. ``part``: the name of the part that
    is asked now, for the log; without it, that of the last attempt. ``columns`` are set in the same
    statement.
    """
    changes = {"state": target, "reason": why, **columns}
    noted = {"id_": order_id, "at_": tx.now_ms, "to_": target, "why_": why}
    values = {f"new_{name}": value for name, value in changes.items()}
    if tx.dialect == "postgresql":
        moving = _move_at_once(target, only_from, tuple(changes))
        row = tx.run(moving, noted | values).first()
    else:
        note, change = _move(target, only_from, tuple(changes))
        if tx.run(note, noted).rowcount != 1:
            return None
        row = tx.run(change, {"id_": order_id, **values}).first()
    if row is None:
        return None
    *order, source, since_ms, last = row
    moved = _one(order)
    assert moved is not None
    tx.wake.add(channel(order_id))
    lasted_ms = tx.now_ms - (tx.now_ms if since_ms is None else since_ms)
    tx.steps.append(Step(order_id, moved.kind, source, target, why, part or last or "", lasted_ms))
    return moved


@cache
def _move(
    target: OrderState, only_from: OrderState | frozenset[OrderState] | None, names: tuple[str, ...]
) -> tuple[Insert, Update]:
    """The INSERT of the history row, which reads the state that the order leaves, if that allows
    the move; and the UPDATE. Cached, because building a statement costs more than running it."""
    allowed = _allowed(target, only_from)
    note = order_event.insert().from_select(_NOTED, _history_row(orders).where(*allowed))
    change = update(orders).where(*allowed).values(_new(names))
    return note, change.returning(*_COLUMNS, _SOURCE, _SINCE_MS, _LAST_PART)


@cache
def _move_at_once(
    target: OrderState, only_from: OrderState | frozenset[OrderState] | None, names: tuple[str, ...]
) -> Update:
    """The same in one statement, since on PostgreSQL each is a round trip. It locks the order
    first: a second transaction waits for that lock, and then finds no order in a legal state."""
    leaving = select(orders.c.id, orders.c.state).where(*_allowed(target, only_from))
    left = leaving.with_for_update(key_share=True).cte("order_left")
    note = order_event.insert().from_select(_NOTED, _history_row(left)).cte("noted")
    change = update(orders).where(orders.c.id == left.c.id).values(_new(names))
    reported = (left.c.state.label("source"), _NEWEST_MS, _LAST_PART)
    return change.returning(*_COLUMNS, *reported).add_cte(note)


def _allowed(
    target: OrderState, only_from: OrderState | frozenset[OrderState] | None
) -> tuple[ColumnElement[bool], ...]:
    sources = sources_of(target)
    if isinstance(only_from, OrderState):
        sources &= {only_from}
    elif only_from is not None:
        sources &= only_from
    return orders.c.id == bindparam("id_"), is_in(sources)


def _new(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}", type_=orders.c[name].type) for name in names}


def _history_row(source: FromClause) -> Any:
    return select(
        source.c.id,
        bindparam("at_", type_=order_event.c.at_ms.type),
        source.c.state,
        bindparam("to_", type_=order_event.c.to_state.type),
        bindparam("why_", type_=order_event.c.why.type),
    )


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
LAST_MOVED = select(func.max(order_event.c.at_ms)).where(order_event.c.order_id == bindparam("id_"))
# A statement on PostgreSQL does not see the row that it adds.
_NEWEST_MS = LAST_MOVED.scalar_subquery().label("since_ms")
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


def _by_value(values: type[StrEnum]) -> Callable[[Any], object]:
    """Finds a value's name in half the time that calling the class takes."""
    return {each.value: each for each in values}.__getitem__


_TYPED: tuple[tuple[int, Callable[[Any], object]], ...] = (
    (Order.__struct_fields__.index("kind"), _by_value(OrderKind)),
    (Order.__struct_fields__.index("state"), _by_value(OrderState)),
    (Order.__struct_fields__.index("method"), _by_value(PaymentMethod)),
    (Order.__struct_fields__.index("may_retry"), bool),
)
