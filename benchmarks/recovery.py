"""Recovery: a shop with thousands of paid orders under way is killed (-9) and started again.

    python -m benchmarks.recovery [--orders 5000]

Half of the orders are texts that the carrier has and of which no receipt came yet; their payments
are held, and each must be watched again. The payments of the other half arrive while no shop runs;
each must be found and move on. Measured from the start of the process: until ``/readyz`` answers
200, until every late payment is recorded, until every hold has a stream, and until the carrier has
every text. World, shop and buyers share the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.order_load import Receiver, Rig
from benchmarks.processes import cpu_s, free_port, process, rss_mb, until_answers

SILENT = {"phone": "+1234567823", "message": "Hello, this is your appointment reminder."}
"""A scripted phone: the carrier has the text, and no receipt ever comes."""
AT_ONCE = 64
PATIENCE_S = 300.0


class Watched:
    """What the store and the operating system show of a shop."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def states(self) -> Counter[str]:
        """How many orders are in each state."""
        connection = sqlite3.connect(f"file:{self._store}?mode=ro", uri=True)
        try:
            rows = connection.execute("SELECT state, count(*) FROM orders GROUP BY state")
            return Counter(dict(rows.fetchall()))
        finally:
            connection.close()

    @staticmethod
    def sockets(pid: int) -> int:
        """How many connections a process has open."""
        count = 0
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                count += str(entry.readlink()).startswith("socket:")
            except FileNotFoundError:  # closed meanwhile
                continue
        return count


async def until(what: Callable[[], bool]) -> float:
    """The monotonic time at which ``what`` was seen to be true."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if await asyncio.to_thread(what):
            return time.monotonic()
        await asyncio.sleep(0.05)
    raise TimeoutError(f"not within {PATIENCE_S:.0f} s")


async def each(count: int, work: Callable[[int], Any]) -> None:
    """Run ``work`` for 0 to ``count - 1``, ``AT_ONCE`` at the same time."""
    left = iter(range(count))

    async def one() -> None:
        for n in left:
            await work(n)

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))


async def prepare(shop: Rig, orders: int, watched: Watched) -> list[str]:
    """Half of the orders under way; returns the invoices of the others."""
    late: list[str] = []

    async def under_way(_: int) -> None:
        placed = await shop.place(SILENT)
        await shop.pay(placed["payreq"], until="IN_FLIGHT")

    async def unpaid(_: int) -> None:
        late.append((await shop.place(SILENT))["payreq"])

    half = orders // 2
    await each(half, under_way)
    await each(orders - half, unpaid)
    await until(lambda: watched.states()["in_progress"] >= half)
    return late


async def recover(shop: Rig, orders: int, watched: Watched, begun: float) -> None:
    """Print when each milestone was reached, and the CPU that the shop had used by then."""

    async def milestone(name: str, reached: Awaitable[float]) -> None:
        after = await reached - begun
        print(f"  {name} after {after:.2f} s ({cpu_s(shop.pid):.1f} s of CPU)", flush=True)

    async def ready() -> float:
        await until_answers(f"{shop.url}/readyz", PATIENCE_S)
        return time.monotonic()

    await asyncio.gather(
        milestone("ready", ready()),
        milestone(
            "every late payment recorded", until(lambda: not watched.states()["awaiting_payment"])
        ),
        milestone("a stream for every hold", until(lambda: watched.sockets(shop.pid) >= orders)),
        milestone(
            "the carrier has every text", until(lambda: watched.states()["in_progress"] >= orders)
        ),
    )
    print(f"  {rss_mb(shop.pid):.0f} MB; load average {os.getloadavg()[0]:.0f}")


async def main(orders: int) -> None:
    print(f"kill -9 with {orders:,} orders under way, SQLite")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world_port, port = free_port(), free_port()
        world, url = f"http://127.0.0.1:{world_port}", f"http://127.0.0.1:{port}"
        simulator = stack.enter_context(
            process(["ringbolt", "simulator"], {
                "RINGBOLT_PORT": str(world_port), "RINGBOLT_DATA_DIR": str(folder / "world"),
            })
        )  # fmt: skip
        await until_answers(f"{world}/healthz")
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        environment = {
            "RINGBOLT_PORT": str(port),
            "RINGBOLT_DATA_DIR": str(folder / "shop"),
            "RINGBOLT_SIMULATOR_URL": world,
            "RINGBOLT_LIMITS": "off",
        }
        watched = Watched(folder / "shop" / "ringbolt.db")

        def rig(pid: int) -> Rig:
            return Rig(url, pid, world, simulator.pid, "", Receiver(), session)

        first = stack.enter_context(process(["ringbolt", "serve"], environment))
        await until_answers(f"{url}/readyz")
        late = await prepare(rig(first.pid), orders, watched)
        first.kill()
        first.wait()
        buyers = rig(first.pid)
        await each(len(late), lambda n: buyers.pay(late[n], until="IN_FLIGHT"))
        print(f"  before the start: {dict(watched.states())}")
        begun = time.monotonic()
        second = stack.enter_context(process(["ringbolt", "serve"], environment))
        await recover(rig(second.pid), orders, watched, begun)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Recovery after kill -9")
    parser.add_argument("--orders", type=int, default=5000)
    asyncio.run(main(parser.parse_args().orders))
