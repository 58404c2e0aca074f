"""Cancel an order for its buyer: an unpaid one, or one whose code has not come.

We ask the provider first, because a code may just have arrived there. Its answer is only advice:
the compare-and-swap in our database decides the order.
"""

from __future__ import annotations

from typing import Final

from ringbolt.app.limits.unused_numbers import count_unused
from ringbolt.app.numbers.ask_for_number import give_up
from ringbolt.app.numbers.close_lease import close_receiving, provider_named
from ringbolt.app.numbers.end_receiving import Look, fail_with_number, look
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.payments.expire_order import expire_now
from ringbolt.app.policies import LimitPolicy, ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Conflict, NotFound, RingboltError, Unavailable
from ringbolt.core.humanise import counted
from ringbolt.core.order import DELIVERED, NOT_DELIVERED, NOT_TAKEN, UNPAID, OrderState
from ringbolt.numbers.provider import Cancelled, CancelResult, HasText, TooEarly
from ringbolt.store import orders, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order
from ringbolt.store.receiving_orders import NumberLease

WHY: Final = "cancelled by the buyer"
LOOK: Final = "Look at the order: its state says what can be done."
RENTED: Final = "The number is yours, with every text to it, until its time is over."
_LOOKS = 10


async def cancel_order(shop: Shop, order_id: str) -> None:
    """Cancel the order; does nothing if it was cancelled or failed before.

    Raises ``NotFound``, and ``Conflict`` for what was delivered, is on its way, or cannot be
    cancelled yet (with ``retry_after_s``).
    """
    for _ in range(_LOOKS):  # it may be decided, or get another number, while we look
        if await _cancel(shop, order_id):
            return
    raise Conflict("The order is changing right now.", suggestion="Try again.", retry_after_s=1)


async def _cancel(shop: Shop, order_id: str) -> bool:
    """False if the order has changed since we read it."""
    order = await shop.db.read(orders.by_id, order_id)
    if order is None:
        raise no_such_order()
    if order.state in UNPAID:
        return order.state is OrderState.EXPIRED or await expire_now(shop, order_id)
    found = await shop.db.read(look, order_id)
    if found is None:
        raise Conflict(
            "This order is paid and on its way; it cannot be cancelled.",
            suggestion="If it cannot be delivered, the money returns by itself.",
        )
    if found.order.state in NOT_DELIVERED:
        return True
    if found.order.state in NOT_TAKEN:
        return await shop.db.tx(give_up, order_id, WHY)
    if found.order.state is not OrderState.IN_PROGRESS:
        raise _delivered(found)
    if found.lease is None or not found.is_open:
        return False
    check_patience(found, cancellable_ms(shop.policies.receiving, found))
    answer = await ask_to_cancel(shop, found.lease)
    return await shop.db.tx(_fail, shop.policies.limits, order_id, found.lease, answer)


def no_such_order() -> RingboltError:
    """The error for an order that does not exist."""
    return NotFound(
        "There is no such order.",
        code="ORDER_NOT_FOUND",
        suggestion="Use the order's id exactly as it was answered.",
    )


def _delivered(found: Look) -> Conflict:
    if found.receiving.is_rental:
        return Conflict(
            "The rental has begun and is paid for; it cannot be cancelled.",
            suggestion=RENTED,
        )
    return Conflict("The code was delivered; the order cannot be cancelled.", suggestion=LOOK)


def cancellable_ms(policy: ReceivingPolicy, found: Look) -> int:
    """When the present number can be cancelled, ms UTC; the provider's own time has priority."""
    own_ms = (found.receiving.assigned_ms or 0) + policy.cancel_after_ms
    return max(own_ms, found.lease.cancel_after_ms if found.lease else 0)


def check_patience(found: Look, from_ms: int) -> None:
    """Raise ``Conflict`` before ``from_ms``."""
    if found.now_ms < from_ms:
        raise _too_early(from_ms - found.now_ms)


def _too_early(wait_ms: int) -> Conflict:
    seconds = max(1, -(-wait_ms // 1000))
    return Conflict(
        f"It is too early: a number can be given back in {counted(seconds, 'second')}.",
        code="TOO_EARLY",
        suggestion="A code often takes a minute or two.",
        retry_after_s=seconds,
    )


async def ask_to_cancel(shop: Shop, lease: NumberLease) -> CancelResult | None:
    """The provider's answer; None if it cannot be asked. Stores the texts that came there.

    Raises ``Conflict`` if it refuses for now.
    """
    try:
        answer = await provider_named(shop, lease.provider).cancel(lease.provider_id)
    except Unavailable:
        return None
    if isinstance(answer, TooEarly):
        raise _too_early(answer.until_ms - shop.clock.now_ms())
    if isinstance(answer, HasText):
        await shop.db.tx(receive_texts, shop.policies.receiving, lease.provider, answer.texts)
    return answer


def _fail(
    tx: Tx, limits: LimitPolicy, order_id: str, lease: NumberLease, answer: CancelResult | None
) -> bool:
    if fail_with_number(tx, order_id, lease.id, WHY, answer):
        count_unused(tx, limits, order_id)
        return True
    close_if_over(tx, order_id, lease, answer)
    return False


def close_if_over(tx: Tx, order_id: str, lease: NumberLease, answer: CancelResult | None) -> None:
    """A code came while the provider took the number back: the buyer's lease ends."""
    if not isinstance(answer, Cancelled):
        return
    receiving = receiving_orders.receiving_of(tx, order_id, lock=True)
    current = receiving_orders.lease_by_id(tx, lease.id)
    order: Order | None = orders.by_id(tx, order_id)
    if receiving is None or current is None or current.ended_ms is not None or order is None:
        return
    if order.state in DELIVERED and receiving.lease_id == lease.id:
        close_receiving(tx, order_id, current, "it went back while the code came")
