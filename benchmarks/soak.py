"""A soak: orders without a pause, and the memory of the shop's process meanwhile.

    python -m benchmarks.soak [--minutes 20] [--orders 100000] [--at-once 64]

It ends at the first of the two limits. Each order is a text from the order to its four webhooks
(``order_load``), besides one challenge that nobody pays. Memory is flat if the slope over the
second half, in which caches are full, is about nothing: it is printed for 100,000 orders.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.order_load import Rig, rig
from benchmarks.processes import rss_mb

EVERY_S = 15.0
CHALLENGE = {"phone_number": "+12025550123", "message": "Hello, this is a test."}


@dataclass(slots=True)
class Soak:
    """``samples``: how many orders were through, and the memory of the shop then, MB."""

    shop: Rig
    until_s: float
    most: int
    begun: int = 0
    done: int = 0
    samples: list[tuple[int, float]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until_s or self.begun >= self.most

    async def buyer(self) -> None:
        while not self.is_over:
            self.begun += 1
            await self.shop.buy()
            url = f"{self.shop.url}/api/l402/place-call"
            async with self.shop.session.post(url, json=CHALLENGE) as answer:
                await answer.read()
                assert answer.status == 402, answer.status
            self.done += 1
            self.shop.paid_at_ms.clear()

    async def observer(self) -> None:
        """Print a line now and then, until it is cancelled."""
        begun = time.monotonic()
        while True:
            self.sample(time.monotonic() - begun)
            await asyncio.sleep(EVERY_S)

    def sample(self, after_s: float) -> None:
        memory, world = rss_mb(self.shop.pid), rss_mb(self.shop.world_pid)
        self.samples.append((self.done, memory))
        print(
            f"  {after_s:5.0f} s  {self.done:7,} orders  shop {memory:6.1f} MB  world "
            f"{world:6.1f} MB  load average {os.getloadavg()[0]:.0f}",
            flush=True,
        )

    def slope(self) -> float:
        """MB per 100,000 orders over the second half."""
        later = [(done, memory) for done, memory in self.samples if 2 * done >= self.done]
        if len(later) < 3:
            raise SystemExit("too short for a slope")
        return statistics.linear_regression(*zip(*later, strict=True)).slope * 100_000


async def main(minutes: float, orders: int, at_once: int) -> None:
    print(f"soak for {minutes:g} minutes or {orders:,} orders, {at_once} at once, SQLite")
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder), RINGBOLT_PRICES_SEND="10") as shop:
            begun = time.monotonic()
            soak = Soak(shop, begun + minutes * 60, orders)
            watching = asyncio.create_task(soak.observer())
            await asyncio.gather(*(soak.buyer() for _ in range(at_once)))
            watching.cancel()
            soak.sample(time.monotonic() - begun)
    print(f"  slope over the second half: {soak.slope():+.1f} MB per 100,000 orders")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Memory over many orders")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--at-once", type=int, default=64)
    given = parser.parse_args()
    asyncio.run(main(given.minutes, given.orders, given.at_once))
