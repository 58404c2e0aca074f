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
from ringbolt.voice.audio.wav import read_wav
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
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        return bool(self.events) and self.events[-1].status.is_final

    @property
    def sid(self) -> str:
        return f"CA{self.ref[:8]}"

    def happens(
        self, status: CallStatus, cause: str = "", digits: str = "", heard_ms: int = 0
    ) -> None:
        """The next thing that happens to it; it is told as soon as what came before is heard."""
        seq, now_ms = len(self.events) + 1, time.time_ns() // 1_000_000
        self.events.append(CallEvent(self.ref, seq, now_ms, status, digits, cause, heard_ms))
        self.news.set()

    @property
    def length_ms(self) -> int:
        """All that there is to hear."""
        return sum(read_wav(wav).duration_ms for _, wav in self.heard)


Life = Callable[[Asked], None]


def lives(*statuses: CallStatus, cause: str = "") -> Life:
    """A call goes through ``statuses`` at once; the last one has a ``cause``."""

    def live(call: Asked) -> None:
        for status in statuses:
            heard_ms = call.length_ms if status is CallStatus.COMPLETED else 0
            call.happens(status, cause if status.is_final else "", heard_ms=heard_ms)

    return live


ANSWERED = lives(*LIFE, cause="the caller hung up")


@dataclass
class Exchange:
    """``asked``: the calls, by our reference. ``answers``: what callbacks were answered, by number
    of the event. ``on_answer`` is told of every one. ``life``: what becomes of calls, ``life_of``
    of those to a number. ``refuses``: numbers by the status of the refusal. ``silent``: numbers
    whose calls are placed, and ``deaf`` those whose are not, without an answer."""

    url: str = ""
    asked: dict[str, Asked] = field(default_factory=dict)
    answers: list[tuple[int, int]] = field(default_factory=list)
    on_answer: Callable[[str, int, int], Awaitable[None]] | None = None
    life: Life = ANSWERED
    life_of: dict[str, Life] = field(default_factory=dict)
    refuses: dict[str, int] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    deaf: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.http = aiohttp.ClientSession()

    async def place(self, request: web.Request) -> web.StreamResponse:
        form = parse_qs((await request.read()).decode())
        ref, to, callback = (form[name][0] for name in ("Ref", "To", "StatusCallback"))
        if to in self.refuses:
            return web.Response(status=self.refuses[to])
        if to not in self.deaf and ref not in self.asked:
            self.asked[ref] = Asked(ref, to, callback, form.get("Play", []))
            self._begin(self.asked[ref])
        if to in self.deaf | self.silent:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(body=_encode({"sid": self.asked[ref].sid}), status=201)

    async def look_up(self, request: web.Request) -> web.StreamResponse:
        call = self.asked.get(request.match_info["ref"])
        if call is None:
            return web.Response(status=404)
        return web.Response(body=_encode({"sid": call.sid, "events": call.events}))

    async def hang_up(self, request: web.Request) -> web.StreamResponse:
        call = self.asked.get(request.match_info["ref"])
        if call is not None and not call.is_over:
            was_answered = any(each.status is CallStatus.IN_PROGRESS for each in call.events)
            call.happens(CallStatus.COMPLETED if was_answered else CallStatus.CANCELED)
        return web.Response(status=204)

    def call_to(self, number: str) -> Asked:
        """The last one."""
        return [call for call in self.asked.values() if call.to == number][-1]

    def _begin(self, call: Asked) -> None:
        task = asyncio.create_task(self._live(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, call: Asked) -> None:
        for url in call.play:
            async with self.http.get(url) as answer:
                call.heard.append((answer.headers["Content-Type"], await answer.read()))
        self.life_of.get(call.to, self.life)(call)
        reported = 0
        while True:
            call.news.clear()
            while reported < len(call.events):
                reported += 1
                await eventually(partial(self._is_heard, call, reported))
            await call.news.wait()

    async def _is_heard(self, call: Asked, n: int) -> bool:
        return 200 <= await self.tell(call, n) < 300

    async def tell(self, call: Asked, n: int) -> int:
        """Call back about the n-th event of a call; the status of the answer."""
        event = call.events[n - 1]
        body = urlencode(
            {
                "CallStatus": event.status,
                "SequenceNumber": n - 1,
                "Timestamp": event.at_ms,
                "Digits": event.digits,
                "Cause": event.cause,
                "HeardMs": event.heard_ms,
            }
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
