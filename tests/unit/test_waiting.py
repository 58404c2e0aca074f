"""How many may wait for orders at the same time."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ringbolt.api.orders.waiting import MAX_WAITS_PER_ORDER, Waiting
from ringbolt.app.shop import Shop
from ringbolt.core.errors import RateLimited
from ringbolt.store.engine.wake import Wakes

ORDER = "0" * 64


def _waiting(*, limits: bool = True) -> Waiting:
    shop: Any = SimpleNamespace(limits=limits, db=Wakes())
    return Waiting(cast(Shop, shop))


async def test_an_order_is_waited_for_by_so_many_and_by_others_when_they_leave() -> None:
    # Given an order for which as many wait as may, from many addresses
    waiting = _waiting()
    async with AsyncExitStack() as waits:
        for each in range(MAX_WAITS_PER_ORDER):
            await waits.enter_async_context(waiting.for_order(ORDER, f"client {each}"))
        # Then one more is refused, and another order is waited for all the same
        with pytest.raises(RateLimited):
            await waits.enter_async_context(waiting.for_order(ORDER, "one more"))
        await waits.enter_async_context(waiting.for_order("1" * 64, "one more"))
    # When they have left, it is waited for again
    async with waiting.for_order(ORDER, "one more"):
        pass


async def test_without_limits_everybody_may_wait() -> None:
    waiting = _waiting(limits=False)
    async with AsyncExitStack() as waits:
        admitted = [
            await waits.enter_async_context(waiting.for_order(ORDER, "client"))
            for _ in range(MAX_WAITS_PER_ORDER + 1)
        ]
    assert len(admitted) > MAX_WAITS_PER_ORDER
