"""Another number in the same order, at no charge, as long as no code came."""

from __future__ import annotations

from ringbolt.app.jobs import DISPATCH_RECEIVING
from ringbolt.app.limits.unused_numbers import count_unused
from ringbolt.app.numbers.cancel_order import (
    LOOK,
    ask_to_cancel,
    check_patience,
    close_if_over,
    no_such_order,
)
from ringbolt.app.numbers.close_lease import end_lease, set_timer
from ringbolt.app.numbers.end_receiving import Look, look, tell_provider
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.errors import Conflict, Unavailable
from ringbolt.core.order import OrderState
from ringbolt.numbers.provider import CancelResult
from ringbolt.store import orders, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.receiving_orders import NumberLease

_WHY = "the buyer asked for another number"


async def replace_number(shop: Shop, order_id: str) -> None:
    """Give the present number back and look for another; the deadline stays the same.

    Raises ``NotFound``, ``Conflict`` if a code came, it is too early (with ``retry_after_s``) or
    was done often enough, ``Unavailable`` if the provider cannot be asked.
    """
    found = await shop.db.read(look, order_id)
    if found is None:
        raise no_such_order()
    lease = _present_lease(shop.policies.receiving.other_numbers, found)
    check_patience(found, lease.cancel_after_ms)
    answer = await ask_to_cancel(shop, lease)
    if answer is None:
        raise Unavailable(
            "The provider of the number does not answer.", suggestion="Try again in a moment."
        )
    if not await shop.db.tx(_look_again, shop.policies.limits, order_id, lease, answer):
        raise Conflict("A code came just now, or the order ended.", suggestion=LOOK)


def _present_lease(other_numbers: int, found: Look) -> NumberLease:
    """The lease to give back. Raises ``Conflict`` if it must stay; ``other_numbers`` is how many
    numbers an order may have after its first."""
    if found.order.state is not OrderState.IN_PROGRESS or found.lease is None:
        raise Conflict(
            "Another number can be had while a number waits for its code.", suggestion=LOOK
        )
    if found.receiving.numbers_tried > other_numbers:
        raise Conflict(
            "This order has had as many numbers as one order can have.",
            suggestion="Cancel it, which returns the money, and place another order.",
        )
    if found.now_ms >= (found.order.deadline_ms or 0):
        raise Conflict(
            "The time of this order is over.",
            suggestion="The money returns by itself; place another order.",
        )
    return found.lease


def _look_again(
    tx: Tx, limits: LimitPolicy, order_id: str, lease: NumberLease, answer: CancelResult
) -> bool:
    """IN_PROGRESS -> DISPATCHING, with the former lease ended; False if a code came."""
    found = look(tx, order_id, lock=True)
    is_it = found is not None and found.is_open and found.receiving.lease_id == lease.id
    if not is_it or not orders.move(
        tx, order_id, OrderState.DISPATCHING, _WHY, only_from=OrderState.IN_PROGRESS
    ):
        close_if_over(tx, order_id, lease, answer)
        return False
    assert found is not None and found.order.deadline_ms is not None
    end_lease(tx, lease, _WHY)
    count_unused(tx, limits, order_id)
    tell_provider(tx, lease, answer)
    receiving_orders.update_receiving(
        tx,
        order_id,
        lease_id=None,
        number="",
        number_country=0,
        assigned_ms=None,
        until_ms=None,
    )
    set_timer(tx, order_id, found.order.deadline_ms)
    DISPATCH_RECEIVING.enqueue(tx, order_id=order_id)
    notify.changed(tx, order_id)
    return True
