"""A shop that is told to stop does so, whatever happens at that very moment."""

from __future__ import annotations

import asyncio

from ringbolt.worker.handlers import handlers
from ringbolt.worker.loop import Worker
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S, until


async def test_a_worker_that_is_woken_while_it_is_stopped_stops(shop: ShopServer) -> None:
    """Time jumps and news wake it; on Python 3.11 ``wait_for`` would then go on for ever."""
    worker = Worker(shop.shop, handlers())
    working = asyncio.create_task(worker.run())

    def waits() -> bool:
        return len(worker._lanes) == 5 and all(lane._waiters for lane in worker._lanes.values())

    await until(waits)
    worker.poke()
    working.cancel()
    await asyncio.wait([working], timeout=PATIENCE_S)

    assert working.cancelled()
