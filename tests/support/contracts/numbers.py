"""What a provider of numbers is tested with: the provider, strangers who send texts, what it told.

A provider joins as another one of ``SUBJECTS``: what opens it, with the means to let texts come to
its numbers.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import aiohttp
import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.dialect import DIALECTS
from ringbolt.numbers.handler_api.provider import HandlerApiProvider, handler_api_provider
from ringbolt.numbers.memory.provider import MemoryLookupProvider, MemoryProvider
from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    AcquireResult,
    InboundText,
    NumberProvider,
    SupportsLeaseLookup,
    TextBatch,
)
from ringbolt.numbers.simulated.provider import SimulatedNumberProvider
from ringbolt.simulator.numbers import handler_api
from support.contracts.following import heard
from support.servers.world import WorldServer
from support.waiting import eventually

USA, GERMANY, AUSTRALIA = 187, 43, 175


class Subject(Protocol):
    """A provider under test, and what is behind it."""

    @property
    def provider(self) -> NumberProvider: ...

    @property
    def countries(self) -> tuple[int, ...]:
        """Where it has numbers."""
        ...

    @property
    def leases_twice(self) -> bool:
        """It leases again what it is asked for again, with the same reference."""
        ...

    @property
    def hears_strangers(self) -> bool:
        """It also reports texts to numbers that nobody has leased."""
        ...

    async def text(self, to: str, text: str, sender: str = "Acme") -> None:
        """A stranger sends a text to a number."""
        ...

    async def later(self, seconds: float) -> None:
        """So much time passes."""
        ...

    async def restart(self) -> None:
        """The provider's process ends and comes back."""
        ...


@dataclass
class Simulated:
    server: WorldServer
    http: aiohttp.ClientSession
    provider: NumberProvider
    countries: tuple[int, ...] = tuple(COUNTRIES)
    leases_twice: bool = False
    hears_strangers: bool = True

    async def text(self, to: str, text: str, sender: str = "Acme") -> None:
        await self._post("sms", to=to, text=text, **{"from": sender})

    async def later(self, seconds: float) -> None:
        await self._post("clock/advance", seconds=seconds)

    async def restart(self) -> None:
        await self.server.restart()

    async def _post(self, path: str, **body: Any) -> None:
        async with self.http.post(f"{self.server.url}/simulator/{path}", json=body) as answer:
            assert answer.ok, await answer.text()


@asynccontextmanager
async def simulated(directory: Path) -> AsyncIterator[Simulated]:
    server = WorldServer(directory)
    await server.start()
    provider = SimulatedNumberProvider(server.url)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        yield Simulated(server, http, provider)
    await provider.close()
    await server.stop()


@dataclass
class Memory:
    provider: MemoryProvider
    clock: SystemClock
    leases_twice: bool
    hears_strangers: bool = True

    @property
    def countries(self) -> tuple[int, ...]:
        return tuple(sorted(self.provider.stock))

    async def text(self, to: str, text: str, sender: str = "Acme") -> None:
        found = re.search(r"[0-9]{6}", text)
        self.provider.text(to, text, found[0] if found else "", sender=sender)

    async def later(self, seconds: float) -> None:
        self.clock.set_offset(self.clock.offset_ms + round(seconds * 1000))

    async def restart(self) -> None:
        """It lives as long as the process."""


class Book:
    """The books of a shop that has just the leases that ``Desk`` acquired."""

    def __init__(self) -> None:
        self.leases: list[BookedLease] = []

    async def open_at(self, provider: str) -> list[BookedLease]:
        return list(reversed(self.leases))

    async def last_of(self, provider: str, number: str) -> str:
        found = [lease.lease_id for lease in self.leases if lease.number == number]
        return found[-1] if found else ""


@dataclass(frozen=True)
class BookedLease:
    lease_id: str
    number: str
    from_ms: int
    until_ms: int


@dataclass
class BookingProvider:
    """A provider whose leases are booked, as a shop does."""

    provider: HandlerApiProvider
    book: Book

    def __getattr__(self, name: str) -> Any:
        return getattr(self.provider, name)

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        result = await self.provider.acquire(wanted)
        if isinstance(result, Acquired):
            now_ms = time.time_ns() // 1_000_000
            booked = BookedLease(result.lease_id, result.number, now_ms, result.until_ms)
            self.book.leases.append(booked)
        return result


@asynccontextmanager
async def speaking(dialect: str, path: str, directory: Path) -> AsyncIterator[Simulated]:
    """The world's ``handler_api.php``, in a dialect."""
    server = WorldServer(directory)
    await server.start()
    book = Book()
    account = Account("provider", f"{server.url}{path}", "key", FAST[dialect])
    provider = handler_api_provider(account, server.world.clock, book)
    booking = cast("NumberProvider", BookingProvider(provider, book))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        yield Simulated(server, http, booking, leases_twice=True, hears_strangers=False)
    await provider.close()
    await server.stop()


FAST = {name: replace(dialect, per_second=1000) for name, dialect in DIALECTS.items()}
"""The dialects, without the limits of real providers."""


def _stock() -> dict[int, list[str]]:
    return {
        AUSTRALIA: [f"+614123456{n:02d}" for n in range(50)],
        GERMANY: [f"+49151234567{n:02d}" for n in range(50)],
        USA: [f"+120255501{n:02d}" for n in range(50)],
    }


@asynccontextmanager
async def memory(directory: Path) -> AsyncIterator[Memory]:
    clock = SystemClock()
    provider = MemoryProvider("memory", Recovery.IDEMPOTENT, clock, _stock())
    yield Memory(provider, clock, leases_twice=False)


@asynccontextmanager
async def memory_with_lookup(directory: Path) -> AsyncIterator[Memory]:
    clock = SystemClock()
    provider = MemoryLookupProvider("memory", Recovery.LOOKUP, clock, _stock())
    yield Memory(provider, clock, leases_twice=True)


SUBJECTS: dict[str, Callable[[Path], AbstractAsyncContextManager[Subject]]] = {
    "simulated": simulated,
    "handler_api": partial(speaking, "sms-activate", handler_api.PATH),
    "handler_api of hero-sms": partial(speaking, "hero-sms", handler_api.HERO),
    "memory": memory,
    "memory with look-up": memory_with_lookup,
}


class Desk:
    """A subject, and every text that it told of."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.provider = subject.provider
        self.reported: list[InboundText] = []
        self._refs = 0

    def wanted(self, service: str = "tg", country: int = USA, **more: Any) -> AcquireNumber:
        self._refs += 1
        return AcquireNumber(f"attempt-{self._refs}", service, country, **more)

    async def acquire(self, service: str = "tg", country: int = USA, **more: Any) -> Acquired:
        result = await self.provider.acquire(self.wanted(service, country, **more))
        assert isinstance(result, Acquired), result
        return result

    async def find(self, ref: str) -> Acquired | None:
        if not isinstance(self.provider, SupportsLeaseLookup):
            pytest.skip("the provider cannot look a lease up")
        return await self.provider.find(ref)

    async def listen(self) -> None:
        async def hear(batch: TextBatch) -> None:
            seen = {text.event_id for text in self.reported}
            self.reported.extend(text for text in batch.texts if text.event_id not in seen)

        while True:
            try:
                await self.provider.follow("", hear)
            except Unavailable:
                await asyncio.sleep(0.01)

    async def until_notified(self, acquired: Acquired, count: int = 1) -> list[InboundText]:
        async def probe() -> list[InboundText]:
            texts = [text for text in self.reported if text.lease_id == acquired.lease_id]
            return texts if len(texts) >= count else []

        return await eventually(probe)


async def collect(
    provider: NumberProvider, cursor: str, count: int
) -> tuple[list[TextBatch], list[str]]:
    """``count`` texts after ``cursor`` with the batches that they came in."""

    def texts(batches: list[TextBatch]) -> list[str]:
        return [text.text for batch in batches for text in batch.texts]

    batches = await heard(provider, cursor, lambda batches: len(texts(batches)) >= count)
    return batches, texts(batches)


async def answering(status: int, body: bytes) -> tuple[asyncio.Server, str]:
    """A server that answers every request the same, or hangs up with status 0."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if status:
            head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            writer.write(head.encode() + b"\r\n" + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
