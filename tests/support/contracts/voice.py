"""What a voice carrier's contract is tested with: the carrier, and the phones at its far end."""

from __future__ import annotations

import asyncio
import math
import struct
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import aiohttp
import pytest
import uvicorn
from starlette.routing import Router

from plugins.ringbolt_called_back.carrier import CalledBackCarrier, CalledBackSettings
from ringbolt.api.audio import audio_routes
from ringbolt.api.callbacks import callback_routes
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import (
    CallEvent,
    CallStatus,
    Clip,
    Pause,
    Record,
    RenderedGather,
    RenderedScript,
)
from ringbolt.core.keys import Keyring
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.simulator.app import create_app
from ringbolt.simulator.world import World
from ringbolt.voice.audio.g711 import decode_ulaw, encode_ulaw
from ringbolt.voice.audio.served import ServedAudio
from ringbolt.voice.audio.wav import read_wav
from ringbolt.voice.carrier import (
    Accepted,
    CallSnapshot,
    EventBatch,
    PlaceCall,
    PlaceResult,
    SupportsCallLookup,
    VoiceCarrier,
)
from ringbolt.voice.memory.carrier import BUSY, RINGS, MemoryLookupCarrier
from ringbolt.voice.simulated.carrier import SimulatedCarrier
from support.contracts.following import stop
from support.servers.exchange import TOKEN, Asked, Exchange, lives, running_exchange
from support.servers.world import serving
from support.waiting import eventually

Part = Clip | Pause | RenderedGather | Record

PLAIN = "+12025550123"
CALLER = "+12025550100"


def tone(ms: int, hertz: int = 440) -> bytes:
    """A tone as raw samples: s16le, mono, 8 kHz. Its first second is repeated: a whole number of
    periods, and a minute of it made anew would keep the event loop busy for seconds."""
    samples = (round(9000 * math.sin(math.tau * hertz * n / 8000)) for n in range(8000))
    second = b"".join(struct.pack("<h", sample) for sample in samples)
    return (second * (ms // 1000 + 1))[: ms * 16]


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


class Carrier(VoiceCarrier, SupportsCallLookup, Protocol):
    """A carrier that can be asked what became of a call."""


C = TypeVar("C", bound=Carrier)


class Line(ABC, Generic[C]):
    """A carrier, everything it told, and somebody's hand on the phones.

    ``has_media``: phones hear what is said and press keys, all in its time.
    """

    has_media = True
    is_reported_twice = False
    """It places a call again that it is asked for again, with the same reference."""
    replays = True

    def __init__(self, carrier: C, directory: Path) -> None:
        self.carrier = carrier
        self.reported: list[CallEvent] = []
        self._directory = directory
        self._refs = 0

    def needs_replay(self) -> None:
        if not self.replays:
            pytest.skip("the carrier tells everything once")

    def needs_media(self) -> None:
        if not self.has_media:
            pytest.skip("nothing is said and heard here")

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

    async def place(self, to: str, *script: Part, **limits: int) -> str:
        """Place a call that the carrier accepts; its reference."""
        call = self.call(to, script, **limits)
        assert isinstance(await self.carrier.place(call), Accepted)
        return call.ref

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        self._listening = asyncio.create_task(self._listen())
        try:
            yield self
        finally:
            await self.stop_listening()

    async def stop_listening(self) -> None:
        """Leave the carrier to another one who follows it."""
        await stop(self._listening)

    def acknowledged(self) -> int:
        """How often the far end heard that something was received, if it hears such a thing."""
        return 0

    async def _listen(self) -> None:
        async def hear(batch: EventBatch) -> None:
            self.reported.extend(batch.events)

        await self.carrier.follow("", hear)

    def of(self, ref: str) -> list[CallEvent]:
        return [event for event in self.reported if event.ref == ref]

    async def until(self, ref: str, happened: Callable[[CallEvent], bool]) -> CallEvent:
        async def probe() -> CallEvent | None:
            return next((event for event in self.of(ref) if happened(event)), None)

        return await eventually(probe)

    async def until_status(self, ref: str, status: CallStatus) -> CallEvent:
        return await self.until(ref, lambda event: event.status is status)

    async def until_over(self, ref: str) -> CallEvent:
        return await self.until(ref, lambda event: event.status.is_final)

    @abstractmethod
    async def answer(self, number: str) -> None:
        """Somebody answers the phone that rings."""

    @abstractmethod
    async def phone_hangs_up(self, number: str) -> None:
        """The called person hangs up."""

    @abstractmethod
    async def rings_at(self, number: str) -> int:
        """How many calls came to a phone."""

    async def heard(self, ref: str) -> bytes:
        """What the phone heard, as samples; empty where nothing is said and heard."""
        return b""


class Rig(Line[SimulatedCarrier]):
    """The simulated carrier, and the phones of its world."""

    def __init__(
        self, world: World, url: str, directory: Path, http: aiohttp.ClientSession
    ) -> None:
        super().__init__(SimulatedCarrier(url), directory)
        self.world = world
        self.url = url
        self._http = http

    async def answer(self, number: str) -> None:
        assert (await self.post(f"/simulator/phones/{number}/answer"))[0] == 200

    async def phone_hangs_up(self, number: str) -> None:
        assert (await self.post(f"/simulator/phones/{number}/hangup"))[0] == 200

    async def rings_at(self, number: str) -> int:
        return len(await self.phone(number))

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
        async with made.listening():
            yield made
        await made.carrier.close()


class MemoryLine(Line[MemoryLookupCarrier]):
    """The carrier in memory; calls to the scripted numbers fare as they do in the simulated world,
    in no time."""

    has_media = False
    is_reported_twice = True

    def __init__(self, directory: Path) -> None:
        carrier = MemoryLookupCarrier(SystemClock())
        super().__init__(carrier, directory)
        carrier.obeys = True
        carrier.life_of = {
            PLAIN: RINGS,
            "+1234567801": BUSY,
            "+1234567802": (*RINGS, CallStatus.NO_ANSWER),
            "+1234567803": RINGS,
            "+1234567890": (*RINGS, CallStatus.IN_PROGRESS),
            "+1234567804": (CallStatus.INITIATED, CallStatus.FAILED),
        }
        carrier.by_number = {
            "+1234567805": Rejected("this destination is not served"),
            "+1234567806": Rejected("no line is free", permanent=False),
            "+1234567807": carrier.lost,
            "+1234567803": self._declined,
            "+1234567808": Unknown("the request was lost"),
            "+1234567890": self._presses,
        }

    def _declined(self, call: PlaceCall) -> PlaceResult:
        self.carrier.ring_at_once(call)
        self.carrier.tell(call.ref, CallStatus.BUSY, cause="603 Decline")
        return Accepted("declined")

    def _presses(self, call: PlaceCall) -> PlaceResult:
        self.carrier.ring_at_once(call)
        for key in "1#":
            self.carrier.tell(call.ref, CallStatus.IN_PROGRESS, digits=key)
        self.carrier.tell(call.ref, CallStatus.COMPLETED)
        return Accepted("pressed")

    async def answer(self, number: str) -> None:
        self.carrier.tell(self._last(number), CallStatus.IN_PROGRESS)

    async def phone_hangs_up(self, number: str) -> None:
        self.carrier.tell(self._last(number), CallStatus.COMPLETED, cause="the phone hung up")

    async def rings_at(self, number: str) -> int:
        return sum(self.carrier.placed[ref].to == number for ref in self.carrier.rings)

    def _last(self, number: str) -> str:
        return [ref for ref in self.carrier.rings if self.carrier.placed[ref].to == number][-1]


class CalledBackLine(Line[CalledBackCarrier]):
    """A carrier that cannot replay: it is called back by an exchange, and answers."""

    has_media = False
    replays = False

    def __init__(self, carrier: CalledBackCarrier, exchange: Exchange, directory: Path) -> None:
        super().__init__(carrier, directory)
        self.exchange = exchange
        rings = lives(CallStatus.INITIATED, CallStatus.RINGING)
        exchange.life_of = {
            PLAIN: rings,
            "+1234567801": lives(CallStatus.INITIATED, CallStatus.BUSY, cause="486 Busy Here"),
            "+1234567802": lives(
                CallStatus.RINGING, CallStatus.NO_ANSWER, cause="487 Request Terminated"
            ),
            "+1234567803": lives(CallStatus.RINGING, CallStatus.BUSY, cause="603 Decline"),
            "+1234567804": lives(CallStatus.INITIATED, CallStatus.FAILED, cause="404 Not Found"),
            "+1234567890": self._presses,
        }
        exchange.refuses = {"+1234567805": 403, "+1234567806": 429}
        exchange.silent, exchange.deaf = frozenset({"+1234567807"}), frozenset({"+1234567808"})

    @staticmethod
    def _presses(call: Asked) -> None:
        lives(CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS)(call)
        for key in "1#":
            call.happens(CallStatus.IN_PROGRESS, digits=key)
        call.happens(CallStatus.COMPLETED)

    async def answer(self, number: str) -> None:
        self.exchange.call_to(number).happens(CallStatus.IN_PROGRESS)

    async def phone_hangs_up(self, number: str) -> None:
        self.exchange.call_to(number).happens(CallStatus.COMPLETED, "the phone hung up")

    async def rings_at(self, number: str) -> int:
        return sum(call.to == number for call in self.exchange.asked.values())

    def acknowledged(self) -> int:
        return sum(200 <= status < 300 for _, status in self.exchange.answers)


@asynccontextmanager
async def called_back(directory: Path) -> AsyncIterator[CalledBackLine]:
    clips = directory / "clips"
    clips.mkdir()
    router = Router()
    keyring = Keyring([b"a secret of thirty-two bytes, yes"])
    async with running_exchange() as exchange, serving(router) as url:
        settings = CalledBackSettings(type="x", name="x", url=exchange.url, token=TOKEN)
        carrier = CalledBackCarrier(settings)
        audio = ServedAudio([b"k" * 32], clips, url, SystemClock())
        carrier.fetch_audio_from(audio)
        router.routes += callback_routes(keyring, url, [("voice", "x", carrier)])
        router.routes += audio_routes(audio)
        async with CalledBackLine(carrier, exchange, clips).listening() as made:
            yield made
        await carrier.close()


@asynccontextmanager
async def simulated(directory: Path) -> AsyncIterator[Rig]:
    async with rig(directory) as made:
        yield made


@asynccontextmanager
async def memory(directory: Path) -> AsyncIterator[MemoryLine]:
    async with MemoryLine(directory).listening() as made:
        yield made


SUBJECTS: dict[str, Callable[[Path], AbstractAsyncContextManager[Line[Any]]]] = {
    "simulated": simulated,
    "memory": memory,
    "called back": called_back,
}
"""A carrier joins as another one: what opens it, and phones to which calls fare as to the scripted
numbers of the simulated world."""
