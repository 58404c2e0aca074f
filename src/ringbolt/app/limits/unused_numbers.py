"""Limit how many numbers a buyer may give back unused: that is free for the buyer, but providers
rate a shop by it."""

from __future__ import annotations

from ringbolt.app.policies import LimitPolicy
from ringbolt.core.errors import RateLimited
from ringbolt.core.humanise import counted, every, span
from ringbolt.store import orders, rate_limits
from ringbolt.store.engine.db import Tx
from ringbolt.store.rate_limits import Rate

_HOUR_MS = 3_600_000


def count_unused(tx: Tx, limits: LimitPolicy, order_id: str) -> None:
    """Count a number that its buyer has seen and gives back without a code."""
    order = orders.by_id(tx, order_id)
    if order is None or not limits.is_on:
        return
    rate = _rate(limits, order.account_id or order.client)
    rate_limits.take(tx, rate.key, limit=rate.limit, period_ms=rate.period_ms)


def check_unused(tx: Tx, limits: LimitPolicy, who: str) -> None:
    """Raises ``RateLimited`` for an account, or a client (hashed), that gave back too many."""
    rate = _rate(limits, who)
    wait_ms = rate.wait_ms(rate_limits.look(tx, [rate.key]).get(rate.key, 0), tx.now_ms)
    if wait_ms:
        raise RateLimited(
            f"You gave {counted(rate.limit, 'number')} back unused recently; one more can be had "
            f"every {every(rate.step_ms)}.",
            code="TOO_MANY_UNUSED_NUMBERS",
            suggestion=f"Try again in {span(wait_ms)}, and let numbers wait for their codes. "
            "Nothing was charged.",
            retry_after_s=-(-wait_ms // 1000),
        )


def _rate(limits: LimitPolicy, who: str) -> Rate:
    return Rate(f"unused:{who}", limits.abuse.unused_numbers_per_hour, _HOUR_MS)
