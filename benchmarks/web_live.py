"""The live order page: listeners that wait, what an event costs, and how soon a word is shown.

    python -m benchmarks.web_live [--listeners 1000] [--calls 60]

World, shop and visitors are processes of their own. Each listener has its order's stream open,
as a browser does, over a connection of its own.

1. Memory and idle CPU of the shop with all listeners, against the same shop and orders without.
2. CPU of an event: as many texts are bought with a listener as without, in turns; the difference
   for each event that arrived.
3. From the moment at which a scripted telephone of the world answers (the world's own log of the
   call) to the event on the page that says so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.order_load import Rig, rig
from benchmarks.processes import rss_mb

IDLE_S = 40.0
AT_ONCE = 16
TEXT = {"phone_number": "+1234567800", "message": "Hello, this is your appointment reminder."}
CALL = {"phone_number": "+1234567890", "message": "Your table is ready.", "kind": "say"}
_INVOICE = re.compile(r'href="lightning:(ln[a-z0-9]+)"')
_STREAM = re.compile(r'hx-sse:connect="([^"]+)"')
_TITLE = re.compile(rb"<h1>(.*?)</h1>")
_LIMIT = 1024 * 1024


@dataclass(slots=True)
class Order:
    """A page's order: its address, that of its stream, and its invoice."""

    path: str
    stream: str
    payreq: str


@dataclass(slots=True)
class Listener:
    """A browser's stream of one order. ``titles``: each heading that was shown first, and when,
    seconds of the machine's clock."""

    order: Order
    events: int = 0
    titles: dict[str, float] = field(default_factory=dict)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, url: str) -> None:
        """Read the stream until the shop ends it."""
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=_LIMIT)
        writer.write(
            f"GET {self.order.stream} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode()
        )
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        while block := await _block(reader):
            now = time.time()
            self.began.set()
            if block.startswith(b"event: over"):
                break
            if block.startswith(b"id:"):
                self.events += 1
                if found := _TITLE.search(block):
                    self.titles.setdefault(found[1].decode(), now)
        self.is_over.set()
        writer.close()


async def _block(reader: asyncio.StreamReader) -> bytes:
    """The next chunk of the answer: the shop sends each event as one; b'' at the end."""
    size = int(await reader.readuntil(b"\r\n"), 16)
    return (await reader.readexactly(size + 2))[:size]


async def place(shop: Rig, path: str, fields: dict[str, Any]) -> Order:
    """Send the form, as a browser without JavaScript does."""
    async with shop.session.post(shop.url + path, data=fields) as answer:
        page = await answer.text()
        invoice, stream = _INVOICE.search(page), _STREAM.search(page)
        assert invoice and stream, page[:500]
        return Order(answer.url.path, stream[1], invoice[1])


async def gathered(count: int, one: Callable[[], Any]) -> list[Any]:
    """``count`` results, ``AT_ONCE`` of them made at any time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def limited() -> Any:
        async with gate:
            return await one()

    return await asyncio.gather(*(limited() for _ in range(count)))


async def listen(shop: Rig, orders: list[Order]) -> tuple[list[Listener], list[asyncio.Task[None]]]:
    """Open a stream for each order, and wait until all have begun."""
    listeners = [Listener(each) for each in orders]
    tasks = []
    for each in listeners:
        tasks.append(asyncio.create_task(each.run(shop.url)))
        await each.began.wait()
    return listeners, tasks


async def idle(shop: Rig) -> float:
    """Share of a core that the shop uses while nothing happens."""
    await asyncio.sleep(5)  # what was just begun is over
    before, begun = shop.cpu_s()[0], time.monotonic()
    await asyncio.sleep(IDLE_S)
    return (shop.cpu_s()[0] - before) / (time.monotonic() - begun)


async def buy(shop: Rig, orders: list[Order]) -> float:
    """Pay for all, and wait until their payments are settled; the shop's CPU, seconds."""
    before, left = shop.cpu_s()[0], list(orders)

    async def one() -> None:
        await shop.pay(left.pop().payreq)

    await gathered(len(orders), one)
    await asyncio.sleep(2)  # the last receipts and events
    return shop.cpu_s()[0] - before


async def waiting(shop: Rig, count: int) -> None:
    """Listeners that wait, and then one text for each."""
    await buy(shop, await gathered(100, lambda: place(shop, "/text", TEXT)))
    rounds = 4
    orders = await gathered(count, lambda: place(shop, "/text", TEXT))
    alone = await gathered(count, lambda: place(shop, "/text", TEXT))
    before_mb, before = rss_mb(shop.pid), await idle(shop)
    spent = shop.cpu_s()[0]
    listeners, tasks = await listen(shop, orders)
    opening = (shop.cpu_s()[0] - spent) / count
    share, with_mb = await idle(shop), rss_mb(shop.pid)
    print(
        f"{count:,} listeners: {with_mb - before_mb:+.1f} MB ({before_mb:.0f} MB before), "
        f"{share:.2%} of a core idle ({before:.2%} before), {opening * 1e3:.2f} ms CPU to open one",
        flush=True,
    )
    each = []
    seen = sum(one.events for one in listeners)
    for which in range(rounds):
        mine = slice(which * count // rounds, (which + 1) * count // rounds)
        with_s, without_s = await buy(shop, orders[mine]), await buy(shop, alone[mine])
        events = sum(one.events for one in listeners) - seen
        seen += events
        size = mine.stop - mine.start
        each.append((with_s - without_s) / events)
        print(
            f"  {size} texts: {with_s / size * 1e3:.2f} ms CPU with a listener, "
            f"{without_s / size * 1e3:.2f} ms without; {events / size:.2f} events each",
            flush=True,
        )
    print(f"  {statistics.median(each) * 1e3:.2f} ms CPU an event (median of {rounds})")
    print(f"  memory afterwards {rss_mb(shop.pid):.0f} MB")
    await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def answered_at(shop: Rig, number: str, call: int) -> float:
    """When the world's telephone answered its call of that index, seconds of the world's clock."""
    url = f"{shop.world}/simulator/phones/{number.replace('+', '%2B')}"
    async with shop.session.get(url) as answer:
        phone = await answer.json()
    return datetime.fromisoformat(phone["calls"][call]["answered_at"]).timestamp()


async def words(shop: Rig, count: int) -> None:
    """Calls one after another, each followed to its end."""
    delays = []
    for _ in range(count + 1):
        order = await place(shop, "/call", CALL)
        (listener,), (task,) = await listen(shop, [order])
        await shop.pay(order.payreq)
        await asyncio.wait_for(listener.is_over.wait(), 60)
        await task
        shown = next(at for title, at in listener.titles.items() if title.startswith("Answered"))
        delays.append((shown - await answered_at(shop, CALL["phone_number"], -1)) * 1e3)
    first, *delays = delays
    delays.sort()
    print(
        f"from the answer at the telephone to the word on the page, {count} calls: p50 "
        f"{delays[len(delays) // 2]:.0f} ms, p99 {delays[int(len(delays) * 0.99)]:.0f} ms, longest "
        f"{delays[-1]:.0f} ms (the first {first:.0f} ms)"
    )


async def main(listeners: int, calls: int) -> None:
    os.environ["RINGBOLT_SIMULATOR_SPEED"] = "5"  # the world: people answer sooner
    settings = {"RINGBOLT_CONNECTIONS_PER_ADDRESS": str(4 * listeners + 1000)}
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder), **settings) as shop:
            print(f"load average {os.getloadavg()[0]:.0f}")
            if calls:
                await words(shop, calls)
            if listeners:
                await waiting(shop, listeners)
            print(f"load average {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The live order page")
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=60)
    given = parser.parse_args()
    asyncio.run(main(given.listeners, given.calls))
