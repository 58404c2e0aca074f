"""``type = "pushing"``: a carrier that fetches what it plays, and calls the shop back."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import json

from ringbolt.core.callback import CallbackRequest, CallbackResponse, CallbackRoute
from ringbolt.core.calls.call import CallEvent, Clip
from ringbolt.core.outcome import Recovery
from ringbolt.core.sink import Sink
from ringbolt.registry.settings import RoutedByPrefix
from ringbolt.registry.types import Context, PartType
from ringbolt.upstream.pushed import PushedEvents
from ringbolt.voice.carrier import Accepted, AudioUrls, EventBatch, PlaceCall, PlaceResult


class PushingSettings(RoutedByPrefix):
    """A far end that lives in the memory of the test."""


class PushingCarrier:
    """Implements ``VoiceCarrier``, ``SupportsCallbacks`` and ``NeedsAudioUrls``. ``placed`` are the
    calls, ``plays`` where each one's audio is."""

    recovery = Recovery.NONE

    def __init__(self, settings: PushingSettings) -> None:
        self.name = settings.name
        self.placed: list[PlaceCall] = []
        self.plays: list[str] = []
        self.called_at = ""
        self._events: PushedEvents[EventBatch] = PushedEvents()
        self._audio: AudioUrls | None = None

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        self.called_at = f"{base_url}/events"
        return (CallbackRoute("/events", self._reported),)

    def fetch_audio_from(self, audio: AudioUrls) -> None:
        self._audio = audio

    async def place(self, call: PlaceCall) -> PlaceResult:
        assert self._audio is not None, "audio is served before calls are placed"
        clips = [part for part in call.script if isinstance(part, Clip)]
        self.plays += [self._audio.url(clip, call.max_duration_s) for clip in clips]
        self.placed.append(call)
        return Accepted(f"far-{len(self.placed)}")

    async def hang_up(self, ref: str) -> None: ...

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        await self._events.follow(sink, EventBatch((), ""))

    async def close(self) -> None: ...

    async def _reported(self, request: CallbackRequest) -> CallbackResponse:
        event = json.decode(request.body, type=CallEvent)
        await self._events.hand_over(EventBatch((event,), ""), event.ref)
        return CallbackResponse()


def build(settings: PushingSettings, context: Context) -> PushingCarrier:
    return PushingCarrier(settings)


PUSHING = PartType(PushingSettings, build)
