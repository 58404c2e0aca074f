"""``type = "example"``: calls are placed by a switch, over HTTP. See docs/howto-plug-in.md."""

from __future__ import annotations

from msgspec import MsgspecError, Struct, json
from pydantic import Field

from ringbolt.core.calls.call import CallEvent
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.registry.settings import RoutedByPrefix
from ringbolt.registry.types import Context, PartType
from ringbolt.upstream.exchange import Answer, Exchange, NeverSent
from ringbolt.upstream.http import HttpClient
from ringbolt.voice.carrier import Accepted, CallSnapshot, EventBatch, PlaceCall, PlaceResult


class ExampleSettings(RoutedByPrefix):
    """A switch that speaks HTTP."""

    url: str = Field(description="Where the switch answers.")


class Call(Struct):
    id: str
    events: list[CallEvent]


class Receivers(Struct):
    n: int
    event: CallEvent


class ExampleCarrier:
    """Implements ``VoiceCarrier`` and ``SupportsCallLookup``."""

    recovery = Recovery.LOOKUP

    def __init__(self, settings: ExampleSettings) -> None:
        self.name = settings.name
        self._url = settings.url
        self._http = HttpClient()

    async def place(self, call: PlaceCall) -> PlaceResult:
        body = json.encode({"ref": call.ref, "to": call.to, "from": call.caller_id})
        if not call.still_wanted():
            return Rejected("the request for this call was withdrawn", permanent=False)
        match await self._http.once("POST", f"{self._url}/calls", body):
            case Answer(201, receivers):
                return _accepted(receivers)
            case Answer() as answer if answer.is_refusal:
                return Rejected(f"the switch refused with HTTP {answer.status}")
            case NeverSent(why):
                return Rejected(f"the switch cannot be reached: {why}", permanent=False)
            case unclear:
                return Unknown(f"the switch gave no clear answer: {unclear}")

    async def hang_up(self, ref: str) -> None:
        await self._ask("DELETE", f"{self._url}/calls/{ref}")

    async def find(self, ref: str) -> CallSnapshot | None:
        answer = await self._ask("GET", f"{self._url}/calls/{ref}")
        if answer.status == 404:
            return None
        call = json.decode(answer.body, type=Call)
        return CallSnapshot(ref, call.id, tuple(call.events))

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        after = {"after": cursor or "0"}
        async with self._http.stream(_lost, "GET", f"{self._url}/events", params=after) as lines:
            await lines.opened()
            await sink(EventBatch((), cursor))
            while True:
                receivers = [json.decode(line, type=Receivers) for line in await lines.arrived()]
                await sink(
                    EventBatch(tuple(each.event for each in receivers), str(receivers[-1].n))
                )

    async def close(self) -> None:
        await self._http.close()

    async def _ask(self, method: str, url: str) -> Answer:
        answer = await self._http.ask(method, url)
        if not isinstance(answer, Answer) or answer.status >= 500:
            raise _lost(answer)
        return answer


def _accepted(body: bytes) -> Accepted | Unknown:
    try:
        return Accepted(json.decode(body, type=Call).id)
    except MsgspecError as error:
        return Unknown(f"the switch accepted the call, but its answer cannot be read: {error}")


def _lost(exchange: Exchange) -> Unavailable:
    return Unavailable(f"The switch does not answer: {exchange}")


def build(settings: ExampleSettings, context: Context) -> ExampleCarrier:
    return ExampleCarrier(settings)


EXAMPLE = PartType(ExampleSettings, build)
