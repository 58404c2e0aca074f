"""A telephone exchange behind HTTP that fetches what it plays and calls back, signed, until it is
heard: what the plug-in ``ringbolt_called_back`` asks for calls."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs, urlencode

import aiohttp
import msgspec
from aiohttp import web

from ringbolt.core.calls.call import CallEvent, CallStatus
from support.waiting import eventually

TOKEN = "a key that both of them know"
LIFE = (CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS, CallStatus.COMPLETED)
_encode = msgspec.json.encode


@dataclass
class Asked:
    """A call that was asked for. ``heard``: what was fetched and played, as (type, WAV)."""

    ref: str
    to: str
    callback: str
    play: list[str]
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    events: list[CallEvent] = field(default_factory=list)


@dataclass
class Exchange:
    """``asked``: the calls, by our reference. ``answers``: what callbacks were answered, by
    reference and number of the event. ``on_answer`` is told of every one."""

    url: str = ""
    asked: dict[str, Asked] = field(default_factory=dict)
    answers: list[tuple[int, int]] = field(default_factory=list)
    on_answer: Callable[[str, int, int], Awaitable[None]] | None = None
    life: tuple[CallStatus, ...] = LIFE

    def __post_init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.http = aiohttp.ClientSession()

    async def place(self, request: web.Request) -> web.StreamResponse:
        form = parse_qs((await request.read()).decode())
        call = Asked(form["Ref"][0], form["To"][0], form["StatusCallback"][0], form.get("Play", []))
        self.asked[call.ref] = call
        task = asyncio.create_task(self._live(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response(body=_encode({"sid": f"CA{call.ref[:8]}"}), status=201)

    async def look_up(self, request: web.Request) -> web.StreamResponse:
        call = self.asked.get(request.match_info["ref"])
        if call is None:
            return web.Response(status=404)
        return web.Response(body=_encode({"sid": f"CA{call.ref[:8]}", "events": call.events}))

    async def hang_up(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    async def _live(self, call: Asked) -> None:
        for url in call.play:
            async with self.http.get(url) as answer:
                call.heard.append((answer.headers["Content-Type"], await answer.read()))
        for n, status in enumerate(self.life, 1):
            call.events.append(CallEvent(call.ref, n, time.time_ns() // 1_000_000, status))
            await eventually(partial(self._is_heard, call, n))

    async def _is_heard(self, call: Asked, n: int) -> bool:
        return 200 <= await self.tell(call, n) < 300

    async def tell(self, call: Asked, n: int) -> int:
        """Call back about the n-th event of a call; the status of the answer."""
        event = call.events[n - 1]
        body = urlencode(
            {"CallStatus": event.status, "SequenceNumber": n - 1, "Timestamp": event.at_ms}
        ).encode()
        signature = hmac.new(TOKEN.encode(), call.callback.encode() + body, hashlib.sha256)
        headers = {"X-Signature": signature.hexdigest()}
        async with self.http.post(call.callback, data=body, headers=headers) as answer:
            self.answers.append((n, answer.status))
        if self.on_answer is not None:
            await self.on_answer(call.ref, n, answer.status)
        return answer.status

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.close()


@asynccontextmanager
async def running_exchange() -> AsyncIterator[Exchange]:
    exchange = Exchange()
    app = web.Application()
    app.add_routes(
        [
            web.post("/Calls", exchange.place),
            web.get("/Calls/{ref}", exchange.look_up),
            web.post("/Calls/{ref}/Hangup", exchange.hang_up),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    exchange.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield exchange
    finally:
        await exchange.close()
        await runner.cleanup()
