"""Waiting for an order to change, for long-polls and streams: no work while nothing happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from ringbolt.app.shop import Shop
from ringbolt.core.errors import RateLimited
from ringbolt.store.engine.db import Subscription
from ringbolt.store.orders import channel

MAX_WAITS_PER_CLIENT = 1000
MAX_WAITS_PER_ORDER = 100
"""A buyer needs a few; every change wakes all of them."""


class Waiting:
    """Counts who waits, by client address and by order, so that one client cannot use every place.

    ``close`` ends every wait at once, so that a shop that stops does not wait for them.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._waits: Counter[str] = Counter()
        self._waits_for: Counter[str] = Counter()
        self._open: set[Subscription] = set()
        self._is_closed = False

    @property
    def closed(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        self._is_closed = True
        for subscription in self._open:
            subscription.wake()

    def for_order(self, order_id: str, client: str) -> AbstractAsyncContextManager[Changes]:
        """The changes of an order, as ``for_channel``."""
        return self.for_channel(channel(order_id), client)

    @asynccontextmanager
    async def for_channel(self, name: str, client: str) -> AsyncIterator[Changes]:
        """What wakes a channel of the store, from its beginning on. Raises ``RateLimited``."""
        if self._shop.limits:
            self._check_limits(name, client)
        subscription = self._shop.db.listen(name)
        self._open.add(subscription)
        self._waits[client] += 1
        self._waits_for[name] += 1
        try:
            yield Changes(subscription, self)
        finally:
            subscription.close()
            self._open.discard(subscription)
            _count_down(self._waits, client)
            _count_down(self._waits_for, name)

    def _check_limits(self, name: str, client: str) -> None:
        if self._waits[client] >= MAX_WAITS_PER_CLIENT:
            raise RateLimited(
                f"{MAX_WAITS_PER_CLIENT} requests from your address are waiting already.",
                suggestion="Wait for fewer orders at once, or use a webhookUrl.",
                retry_after_s=10,
            )
        if self._waits_for[name] >= MAX_WAITS_PER_ORDER:
            raise RateLimited(
                f"{MAX_WAITS_PER_ORDER} requests are waiting for this order already.",
                suggestion="Wait once for each order, and share the answer.",
                retry_after_s=10,
            )


def _count_down(waits: Counter[str], name: str) -> None:
    waits[name] -= 1
    if not waits[name]:
        del waits[name]


class Changes:
    """The changes of one order since the last look."""

    def __init__(self, subscription: Subscription, waiting: Waiting) -> None:
        self._subscription = subscription
        self._waiting = waiting

    async def wait(self, timeout_s: float) -> bool:
        """True if something may have changed; False after ``timeout_s``, or if we close."""
        if self._waiting.closed or timeout_s <= 0:
            return False
        # No task of its own: thousands may wait, and each would have one more at every heartbeat.
        return await self._subscription.wait(timeout_s) and not self._waiting.closed
