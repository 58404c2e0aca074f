"""A proxy before a shop that loses requests or answers at moments of the test's choice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import ClientSession, web

Step = Literal["ask", "pay", "redeem", "status", "other"]
"""What a request of a buyer is for."""
Moment = tuple[Step, Literal["before", "after"]]
"""Before a request reaches the shop, or after it, when the answer has not reached the buyer."""


@dataclass
class LossyProxy:
    """``losses``: moments at which a connection breaks, each once; ``then`` is awaited before it
    does. ``seen``: every step of the buyer, in order."""

    shop_url: str
    url: str = ""
    losses: list[Moment] = field(default_factory=list)
    then: Callable[[], Awaitable[None]] | None = None
    seen: list[Step] = field(default_factory=list)

    async def forward(self, request: web.Request) -> web.StreamResponse:
        step = _step(request)
        self.seen.append(step)
        body = await request.read()
        if await self._lose(request, (step, "before")):
            return web.Response()  # which reaches nobody
        async with (
            ClientSession(auto_decompress=False) as http,
            http.request(
                request.method, self.shop_url + request.path_qs, data=body, headers=request.headers
            ) as answer,
        ):
            content = await answer.read()
            await self._lose(request, (step, "after"))
            kept = {
                name: value for name, value in answer.headers.items() if name not in _OF_THE_LINE
            }
            return web.Response(status=answer.status, body=content, headers=kept)

    async def _lose(self, request: web.Request, moment: Moment) -> bool:
        """Break the connection if it is to be lost now."""
        if moment not in self.losses:
            return False
        self.losses.remove(moment)
        if self.then is not None:
            await self.then()
        assert request.transport is not None
        request.transport.abort()
        return True


_OF_THE_LINE = ("Content-Length", "Transfer-Encoding", "Connection", "Date", "Server")


def _step(request: web.Request) -> Step:
    if request.path == "/api/l402/place-call":
        return "redeem" if "Authorization" in request.headers else "ask"
    if request.path.endswith("/v2/router/send"):
        return "pay"
    return "status" if request.path.startswith("/api/l402/calls/") else "other"


@asynccontextmanager
async def lossy_proxy(shop_url: str) -> AsyncIterator[LossyProxy]:
    """A proxy on a port of its own; it loses nothing until it is told to."""
    proxy = LossyProxy(shop_url)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", proxy.forward)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield proxy
    finally:
        await runner.cleanup()
