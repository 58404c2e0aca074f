"""``type = "example"``: calls are placed by a switch, over HTTP. See docs/howto-plug-in.md."""

from __future__ import annotations

from contextlib import aclosing

from msgspec import Struct, json
from pydantic import Field

from ringbolt.core.calls.call import CallEvent
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.registry.settings import RoutedByPrefix
from ringbolt.registry.types import Context, PartType
from ringbolt.upstream.world_line import Answer, Line, Lost, NeverSent
from ringbolt.voice.carrier import Accepted, CallSnapshot, EventBatch, PlaceCall, PlaceResult


class ExampleSettings(RoutedByPrefix):
    """A switch that speaks HTTP."""

    url: str = Field(description="Where the switch answers.")


class Call(Struct):
    id: str
    events: list[CallEvent]


class Told(Struct):
    n: int
    event: CallEvent


class ExampleCarrier:
    """Implements ``VoiceCarrier`` and ``SupportsCallLookup``."""

    recovery = Recovery.LOOKUP

    def __init__(self, settings: ExampleSettings) -> None:
        self.name = settings.name
        self._url = settings.url
        self._line = Line(f"The switch of {self.name}")

    async def place(self, call: PlaceCall) -> PlaceResult:
        body = json.encode({"ref": call.ref, "to": call.to, "from": call.caller_id})
        if not call.still_wanted():
            return Rejected("nobody waits for this call any more", permanent=False)
        match await self._line.post(f"{self._url}/calls", body):
            case Answer(201, told):
                return Accepted(json.decode(told, type=Call).id)
            case Answer() as answer if answer.is_refusal:
                return Rejected(f"the switch refused with HTTP {answer.status}")
            case NeverSent(why):
                return Rejected(f"the switch cannot be reached: {why}", permanent=False)
            case Answer(status):
                return Unknown(f"the switch answered HTTP {status}")
            case Lost(why):
                return Unknown(f"the switch's answer was lost: {why}")

    async def hang_up(self, ref: str) -> None:
        await self._line.ask("DELETE", f"{self._url}/calls/{ref}")

    async def find(self, ref: str) -> CallSnapshot | None:
        answer = await self._line.ask("GET", f"{self._url}/calls/{ref}")
        if answer.status == 404:
            return None
        call = self._line.told(answer, Call)
        return CallSnapshot(ref, call.id, tuple(call.events))

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        async with aclosing(self._line.stream(f"{self._url}/events", cursor or "0")) as arrivals:
            async for lines in arrivals:
                told = [self._line.decode(line, Told) for line in lines]
                cursor = str(told[-1].n) if told else cursor
                await sink(EventBatch(tuple(each.event for each in told), cursor))

    async def close(self) -> None:
        await self._line.close()


def build(settings: ExampleSettings, context: Context) -> ExampleCarrier:
    return ExampleCarrier(settings)


EXAMPLE = PartType(ExampleSettings, build)
