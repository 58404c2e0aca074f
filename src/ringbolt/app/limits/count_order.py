"""Count an order for every limit, in the transaction that secures its money or, for a call, before
a carrier is asked; an order over a limit is not carried out."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.limits import destination_limits
from ringbolt.app.limits.destination_limits import Limits, limits_of_order
from ringbolt.app.limits.quiet_times import check_quiet_hours
from ringbolt.app.limits.spend_limits import count_sale, is_counted, number_of, sold_out
from ringbolt.app.policies import LimitPolicy
from ringbolt.core.errors import RateLimited
from ringbolt.core.order import OrderKind
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

CODE = "LIMIT_REACHED"


@dataclass(frozen=True, slots=True)
class Refused:
    """``why`` an order is not carried out, in the words of its ``error`` field; ``error`` is for a
    buyer who has no order yet. ``may_wait_ms``: after that it may be, 0 = never."""

    why: str
    error: RateLimited
    may_wait_ms: int = 0


def count_paid(tx: Tx, policy: LimitPolicy, order: Order) -> Refused | None:
    """Count an order whose money has just been secured; why it is not carried out, or None.

    A refused order is counted all the same: it fails, and ``fail`` uncounts it.
    """
    if order.kind is OrderKind.CALL:
        return None  # calls count when they are dispatched
    return count_order(tx, policy, order, limits_of_order(policy, order))


def count_order(tx: Tx, policy: LimitPolicy, order: Order, limits: Limits) -> Refused | None:
    """The same for an order that is carried out now."""
    to = number_of(order)
    if is_counted(policy, order.kind):
        why = count_sale(tx, policy, order, to)
        if why:
            return Refused(why, sold_out(why, tx.now_ms, CODE))
    if to and (quiet := _quiet(policy, to, tx.now_ms)) is not None:
        return quiet
    refusal = destination_limits.count(tx, limits)
    if refusal is None:
        return None
    return Refused(refusal.why, refusal.error(CODE), refusal.wait_ms)


def _quiet(policy: LimitPolicy, to: str, now_ms: int) -> Refused | None:
    try:
        check_quiet_hours(policy, to, now_ms)
    except RateLimited as error:
        return Refused(f"{error.message[0].lower()}{error.message[1:-1]}", error)
    return None
