"""What a voice carrier's contract is tested with: the carrier, and the phones at its far end."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from ringbolt.core.calls.call import (
    CallEvent,
    CallStatus,
    Clip,
    Pause,
    RenderedGather,
    RenderedScript,
)
from ringbolt.simulator.app import create_app
from ringbolt.simulator.world import World
from ringbolt.voice.audio.g711 import decode_ulaw, encode_ulaw
from ringbolt.voice.audio.wav import read_wav
from ringbolt.voice.carrier import CallSnapshot, EventBatch, PlaceCall
from ringbolt.voice.simulated.carrier import SimulatedCarrier
from support.waiting import eventually

Part = Clip | Pause | RenderedGather

PLAIN = "+12025550123"
CALLER = "+12025550100"


def tone(ms: int, hertz: int = 440) -> bytes:
    """A tone as raw samples: s16le, mono, 8 kHz."""
    samples = (round(9000 * math.sin(math.tau * hertz * n / 8000)) for n in range(ms * 8))
    return b"".join(struct.pack("<h", sample) for sample in samples)


def after_g711(pcm: bytes) -> bytes:
    """What is left of ``pcm`` at the far end of a telephone line."""
    return decode_ulaw(encode_ulaw(pcm))


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """``world`` behind HTTP on loopback; where."""
    config = uvicorn.Config(create_app(world), "127.0.0.1", 0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def port() -> int:
        return server.servers[0].sockets[0].getsockname()[1] if server.started else 0

    try:
        yield f"http://127.0.0.1:{await eventually(port)}"
    finally:
        await world.close()
        server.should_exit = True
        await serving


class Rig:
    """A carrier, everything it told, and somebody's hand on the phones."""

    def __init__(
        self, world: World, url: str, directory: Path, http: aiohttp.ClientSession
    ) -> None:
        self.world = world
        self.url = url
        self.carrier = SimulatedCarrier(url)
        self.told: list[CallEvent] = []
        self._http = http
        self._directory = directory
        self._refs = 0

    def clip(self, pcm: bytes) -> Clip:
        path = self._directory / f"{len(list(self._directory.iterdir()))}.pcm"
        path.write_bytes(pcm)
        return Clip(str(path), len(pcm) // 16)

    def call(
        self,
        to: str,
        script: RenderedScript,
        *,
        ring_timeout_s: int = 300,
        max_duration_s: int = 600,
    ) -> PlaceCall:
        self._refs += 1
        ref = f"attempt-{self._refs}"
        return PlaceCall(ref, to, CALLER, script, ring_timeout_s, max_duration_s)

    async def listen(self) -> None:
        async def hear(batch: EventBatch) -> None:
            self.told.extend(batch.events)

        await self.carrier.follow("", hear)

    def of(self, ref: str) -> list[CallEvent]:
        return [event for event in self.told if event.ref == ref]

    async def until(self, ref: str, happened: Callable[[CallEvent], bool]) -> CallEvent:
        async def probe() -> CallEvent | None:
            return next((event for event in self.of(ref) if happened(event)), None)

        return await eventually(probe)

    async def until_status(self, ref: str, status: CallStatus) -> CallEvent:
        return await self.until(ref, lambda event: event.status is status)

    async def until_over(self, ref: str) -> CallEvent:
        return await self.until(ref, lambda event: event.status.is_final)

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._http.get(self.url + path) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        async with self._http.post(self.url + path, json=body) as answer:
            return answer.status, await answer.json()

    async def phone(self, number: str) -> list[dict[str, Any]]:
        status, body = await self.get(f"/simulator/phones/{number}")
        assert status == 200
        calls: list[dict[str, Any]] = body["calls"]
        return calls

    async def wav(self, call_id: str) -> bytes:
        """What a phone heard, as samples; empty if nothing."""
        url = f"{self.url}/simulator/calls/{call_id}/audio.wav"
        async with self._http.get(url) as answer:
            if answer.status == 404:
                return b""
            assert answer.headers["Content-Type"] == "audio/wav"
            audio = read_wav(await answer.read())
            assert audio.sample_rate == 8000
            return audio.pcm

    async def heard(self, ref: str) -> bytes:
        snapshot = await self.carrier.find(ref)
        assert isinstance(snapshot, CallSnapshot)
        return await self.wav(snapshot.carrier_id)


@asynccontextmanager
async def rig(directory: Path, speed: float = 20) -> AsyncIterator[Rig]:
    """A world of its own in ``directory``; opened again there, it is the same world."""
    clips = directory / "clips"
    clips.mkdir(exist_ok=True)
    world = await World.open(directory / "world", speed)
    async with served(world) as url, aiohttp.ClientSession() as http:
        made = Rig(world, url, clips, http)
        listening = asyncio.create_task(made.listen())
        try:
            yield made
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await made.carrier.close()
