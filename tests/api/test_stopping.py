"""A shop that is told to stop does so, whatever happens at that very moment."""

from __future__ import annotations

import asyncio

from ringbolt.api.orders.waiting import Waiting
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


async def test_who_waits_for_an_order_is_answered_when_the_shop_closes(shop: ShopServer) -> None:
    waiting = Waiting(shop.shop)
    async with waiting.for_order("0" * 64, "127.0.0.1") as changes:
        wait = asyncio.create_task(changes.wait(3600))
        await asyncio.sleep(0)  # it begins
        waiting.close()

        assert await asyncio.wait_for(wait, PATIENCE_S) is False
        assert await changes.wait(3600) is False


async def test_a_closed_world_leaves_everybody_their_turn(shop: ShopServer) -> None:
    """A shop that is stopped right after its start closes its world before its work has begun."""
    assert shop.opened.world is not None
    shop.opened.world.clock.close()
    assert (await shop.http.get("/healthz")).status_code == 200
