"""Idle CPU of a shop in which a thousand orders wait for their payment, and a thousand for a code.

Of the first kind each has a hold invoice that is watched, of the second a payment that is held (and
watched) and a leased number. The shop's process alone, against the same shop with no order.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.order_load import BODY, Rig, rig
from benchmarks.processes import rss_mb

WAITING, SECONDS = 1000, 30
ACTIVATION = {"country": 999, "service": "tg"}


async def idle(shop: Rig, what: str) -> None:
    await asyncio.sleep(5)  # what was just begun is over
    before, begun = shop.cpu_s(), time.monotonic()
    await asyncio.sleep(SECONDS)
    took = time.monotonic() - begun
    cpu, world = ((b - a) / took for a, b in zip(before, shop.cpu_s(), strict=True))
    print(
        f"  {what}: {cpu:.2%} of a core (world {world:.2%}), {rss_mb(shop.pid):.0f} MB", flush=True
    )


async def hold(shop: Rig) -> None:
    """Place an activation and pay for it; the payer hangs up, the payment stays held."""
    placed = await shop.place(ACTIVATION, "/createorder")
    await shop.pay(placed["payreq"], until="IN_FLIGHT")
    async with asyncio.timeout(30):
        while True:
            url = f"{shop.url}/orderstatus?orderId={placed['orderId']}"
            async with shop.session.get(url) as answer:
                status = await answer.json()
            assert not status.get("error"), status
            if status.get("number"):
                return
            await asyncio.sleep(0.05)


async def main() -> None:
    print(f"CPU over {SECONDS} s in which nothing happens")
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder)) as shop:
            await idle(shop, "no order")
            for _ in range(WAITING // 50):
                await asyncio.gather(*(shop.place(BODY) for _ in range(50)))
            await idle(shop, f"{WAITING:,} unpaid orders")
            for _ in range(WAITING // 25):
                await asyncio.gather(*(hold(shop) for _ in range(25)))
            await idle(shop, f"besides, {WAITING:,} paid activations that wait for a code")


if __name__ == "__main__":
    asyncio.run(main())
