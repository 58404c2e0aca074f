"""A telephone switch behind HTTP, as the carrier of ``tests/plugins`` asks it for calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from ringbolt.core.calls.call import CallEvent, CallStatus

ANSWERED = (CallStatus.RINGING, CallStatus.IN_PROGRESS, CallStatus.COMPLETED)
_encode = msgspec.json.encode


@dataclass
class Switch:
    """``asked``: our references of the requests for calls, one entry each; ``looked_up`` those
    that were looked up. While it ``is_slow``, it places calls and does not answer who asked.
    ``refuses``: the status of a refusal, 0 if it takes calls."""

    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)
    log: list[CallEvent] = field(default_factory=list)
    life: tuple[CallStatus, ...] = ANSWERED
    refuses: int = 0
    is_slow: bool = False

    def __post_init__(self) -> None:
        self._news = asyncio.Condition()
        self._closing = asyncio.Event()

    async def live(self, ref: str, *statuses: CallStatus) -> None:
        """Something happens to a call."""
        for status in statuses:
            seq = len(self.events_of(ref)) + 1
            self.log.append(CallEvent(ref, seq, time.time_ns() // 1_000_000, status))
        async with self._news:
            self._news.notify_all()

    def events_of(self, ref: str) -> list[CallEvent]:
        return [event for event in self.log if event.ref == ref]

    async def place(self, request: web.Request) -> web.StreamResponse:
        wanted: dict[str, str] = await request.json()
        self.asked.append(wanted)
        if self.refuses:
            return web.Response(status=self.refuses)
        await self.live(wanted["ref"], *self.life)
        if self.is_slow:
            await self._closing.wait()
        return _json(self._call(wanted["ref"]), 201)

    async def look_up(self, request: web.Request) -> web.StreamResponse:
        ref = request.match_info["ref"]
        self.looked_up.append(ref)
        if all(wanted["ref"] != ref for wanted in self.asked):
            return web.Response(status=404)
        return _json(self._call(ref))

    async def hang_up(self, request: web.Request) -> web.StreamResponse:
        self.hung_up.append(request.match_info["ref"])
        return web.Response(status=204)

    async def events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        reported = int(request.query["after"])
        while not self._closing.is_set():
            for n, event in list(enumerate(self.log, 1))[reported:]:
                await response.write(_encode({"n": n, "event": event}) + b"\n")
            reported = len(self.log)
            await self._more_than(reported)
        return response

    async def _more_than(self, reported: int) -> None:
        async with self._news:
            await self._news.wait_for(lambda: len(self.log) > reported or self._closing.is_set())

    async def close(self) -> None:
        self._closing.set()
        async with self._news:
            self._news.notify_all()

    def _call(self, ref: str) -> dict[str, Any]:
        return {"id": f"switch-{ref[:8]}", "events": self.events_of(ref)}


def _json(document: object, status: int = 200) -> web.Response:
    return web.Response(body=_encode(document), status=status)


@asynccontextmanager
async def running_switch() -> AsyncIterator[Switch]:
    switch = Switch()
    app = web.Application()
    app.add_routes(
        [
            web.post("/calls", switch.place),
            web.get("/calls/{ref}", switch.look_up),
            web.delete("/calls/{ref}", switch.hang_up),
            web.get("/events", switch.events),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    switch.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield switch
    finally:
        await switch.close()
        await runner.cleanup()
