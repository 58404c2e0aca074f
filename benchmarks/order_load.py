"""A world, a shop, buyers and a receiver of webhooks, for the benchmarks of orders.

World and shop are processes of their own; buyers and receiver share this one. A buyer places a
text order with a webhook and pays its hold invoice. The order is through when the payer's payment
has succeeded (the hold is settled) and the receiver was told that the text was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.processes import cpu_s, free_port, process, until_answers

BODY = {"phone": "+1234567800", "message": "Hello, this is your appointment reminder for 3 PM."}
THROUGH_S = 60.0
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
_SENT = (b'"smsStatus":"sent"', b'"smsStatus":"delivered"')
_LENGTH = b"content-length: "


class Receiver:
    """Takes webhooks, and lets each order's buyer know when the text is told to be sent."""

    def __init__(self) -> None:
        self.took = 0
        self._sent: dict[str, asyncio.Future[None]] = {}
        self.origin = ""

    def sent(self, order_id: str) -> asyncio.Future[None]:
        """Is done when the order's text is told to be sent."""
        if order_id not in self._sent:
            self._sent[order_id] = asyncio.get_running_loop().create_future()
        return self._sent[order_id]

    def forget(self, order_id: str) -> None:
        del self._sent[order_id]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Receiver]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError
        ):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                at = head.index(_LENGTH) + len(_LENGTH)
                self._take(await reader.readexactly(int(head[at : head.index(b"\r", at)])))
                writer.write(_NO_CONTENT)
        writer.close()

    def _take(self, body: bytes) -> None:
        self.took += 1
        if any(word in body for word in _SENT):
            reported = self._sent.get(json.loads(body)["orderId"])
            if reported is not None and not reported.done():
                reported.set_result(None)


@dataclass(slots=True)
class Rig:
    """A shop at ``url`` (process ``pid``) on ``database``, and its world."""

    url: str
    pid: int
    world: str
    world_pid: int
    database: str
    receiver: Receiver
    session: aiohttp.ClientSession
    paid_at_ms: dict[str, float] = field(default_factory=dict)
    """When the payment of an order was sent, ms UTC."""

    async def place(self, body: dict[str, Any], path: str = "/createsendorder") -> dict[str, Any]:
        async with self.session.post(self.url + path, json=body) as answer:
            placed: dict[str, Any] = await answer.json()
        assert placed.get("orderId"), placed
        return placed

    async def pay(self, payreq: str, until: str = "SUCCEEDED") -> None:
        """Pay, and follow the payment until it has that status."""
        send = {"payment_request": payreq, "fee_limit_sat": "10", "timeout_seconds": 60}
        url = f"{self.world}/simulator/wallet/v2/router/send"
        async with self.session.post(url, json=send) as answer:
            async for line in answer.content:
                status = json.loads(line)["result"]["status"]
                if status == until:
                    return
                assert status == "IN_FLIGHT", line
        raise AssertionError("the payment's stream ended")

    async def buy(self) -> str:
        """One text, from the order to its webhook and the settled payment; the order's id."""
        placed = await self.place({**BODY, "webhookUrl": f"{self.receiver.origin}/told"})
        order_id = str(placed["orderId"])
        reported = self.receiver.sent(order_id)
        self.paid_at_ms[order_id] = time.time() * 1000
        async with asyncio.timeout(THROUGH_S):
            await asyncio.gather(self.pay(placed["payreq"]), reported)
        self.receiver.forget(order_id)
        return order_id

    async def buy_many(self, count: int, at_once: int) -> list[str]:
        """``count`` orders, ``at_once`` of them under way at any time; their ids."""
        left, ids = itertools.count(), []

        async def buyer() -> None:
            while next(left) < count:
                ids.append(await self.buy())

        await asyncio.gather(*(buyer() for _ in range(at_once)))
        return ids

    def cpu_s(self) -> tuple[float, float]:
        """CPU time of the shop and of its world so far."""
        return cpu_s(self.pid), cpu_s(self.world_pid)


@contextmanager
def _world(folder: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    environment = {"RINGBOLT_PORT": str(port), "RINGBOLT_DATA_DIR": str(folder)}
    with process(["ringbolt", "simulator"], environment) as world:
        yield f"http://127.0.0.1:{port}", world.pid


@asynccontextmanager
async def rig(folder: Path, database: str = "", **settings: str) -> AsyncIterator[Rig]:
    """Everything, in ``folder``; ``database`` is PostgreSQL's URL, '' for SQLite."""
    async with contextlib.AsyncExitStack() as stack:
        world, world_pid = stack.enter_context(_world(folder / "world"))
        await until_answers(f"{world}/healthz")
        receiver = await stack.enter_async_context(Receiver().running())
        port, url = free_port(), database or f"sqlite:///{folder / 'shop' / 'shop.db'}"
        environment = {
            "RINGBOLT_PORT": str(port),
            "RINGBOLT_DATA_DIR": str(folder / "shop"),
            "RINGBOLT_DATABASE_URL": url,
            "RINGBOLT_SIMULATOR_URL": world,
            "RINGBOLT_LIMITS": "off",
            "RINGBOLT_FETCH_ALLOW_ORIGINS": receiver.origin,
            "RINGBOLT_WEBHOOKS_PER_HOST": "16",
            **settings,
        }
        shop = stack.enter_context(process(["ringbolt", "serve"], environment))
        shop_url = f"http://127.0.0.1:{port}"
        await until_answers(f"{shop_url}/readyz")
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
        session = aiohttp.ClientSession(connector=connector)
        await stack.enter_async_context(session)
        yield Rig(shop_url, shop.pid, world, world_pid, url, receiver, session)
