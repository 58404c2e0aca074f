"""``type = "called-back"``: an exchange that is asked for calls over HTTP, fetches what it plays,
and tells what happens by callbacks that it signs and repeats, as Twilio and its relatives do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct, json
from pydantic import Field

from ringbolt.core.callback import CallbackRequest, CallbackResponse, CallbackRoute
from ringbolt.core.calls.call import CallEvent, CallStatus, Clip
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.registry.settings import RoutedByPrefix
from ringbolt.registry.types import Context, PartType
from ringbolt.upstream.exchange import Answer, Exchange, Lost, NeverSent
from ringbolt.upstream.http import HttpClient
from ringbolt.upstream.pushed import PushedEvents
from ringbolt.voice.carrier import (
    Accepted,
    AudioUrls,
    CallSnapshot,
    EventBatch,
    PlaceCall,
    PlaceResult,
)

AUDIO_VALID_S = 600


class CalledBackSettings(RoutedByPrefix):
    """An exchange that calls back."""

    url: str = Field(description="Where the exchange answers.")
    token: str = Field(description="The key under which it signs its callbacks.")


class Taken(Struct):
    sid: str


class Receivers(Struct):
    sid: str
    events: list[CallEvent]


class CalledBackCarrier:
    """Implements ``VoiceCarrier``, ``SupportsCallLookup``, ``SupportsCallbacks`` and
    ``NeedsAudioUrls``."""

    recovery = Recovery.LOOKUP

    def __init__(self, settings: CalledBackSettings) -> None:
        self.name = settings.name
        self._url = settings.url
        self._key = settings.token.encode()
        self._http = HttpClient({"Content-Type": "application/x-www-form-urlencoded"})
        self._pushed: PushedEvents[EventBatch] = PushedEvents()
        self._callbacks = ""
        self._audio: AudioUrls

    # Asked at the start

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        self._callbacks = base_url
        return (CallbackRoute("/status/{ref}", self._reported, max_body_bytes=2000),)

    def fetch_audio_from(self, audio: AudioUrls) -> None:
        self._audio = audio

    # The port

    async def place(self, call: PlaceCall) -> PlaceResult:
        clips = [part for part in call.script if isinstance(part, Clip)]
        form = [
            ("Ref", call.ref),
            ("To", call.to),
            ("StatusCallback", f"{self._callbacks}/status/{call.ref}"),
            *(("Play", self._audio.url(clip, AUDIO_VALID_S)) for clip in clips),
        ]
        if not call.still_wanted():
            return Rejected("the request for this call was withdrawn", permanent=False)
        match await self._http.once("POST", f"{self._url}/Calls", urlencode(form).encode()):
            case Answer(201, body):
                return Accepted(json.decode(body, type=Taken).sid)
            case Answer(status) as answer if answer.is_refusal:
                return Rejected(f"the exchange refused with HTTP {status}", status != 429)
            case NeverSent(why):
                return Rejected(f"the exchange cannot be reached: {why}", permanent=False)
            case Answer(status):
                return Unknown(f"the exchange answered HTTP {status}")
            case Lost(why):
                return Unknown(f"the exchange's answer was lost: {why}")

    async def hang_up(self, ref: str) -> None:
        self._answer(await self._http.ask("POST", f"{self._url}/Calls/{ref}/Hangup"))

    async def find(self, ref: str) -> CallSnapshot | None:
        answer = self._answer(await self._http.ask("GET", f"{self._url}/Calls/{ref}"))
        if answer.status == 404:
            return None
        receivers = json.decode(answer.body, type=Receivers)
        return CallSnapshot(ref, receivers.sid, tuple(receivers.events))

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        await self._pushed.follow(sink, EventBatch((), ""))

    async def close(self) -> None:
        await self._http.close()

    def _answer(self, exchange: Exchange) -> Answer:
        match exchange:
            case Answer():
                return exchange
            case NeverSent(why) | Lost(why):
                raise Unavailable(f"The exchange does not answer: {why}.")

    # What the exchange tells

    async def _reported(self, request: CallbackRequest) -> CallbackResponse:
        """Answered when it is committed; if it cannot be, the exchange tells it again."""
        signed = request.url.encode() + request.body
        wanted = hmac.new(self._key, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, request.headers.get("x-signature", "")):
            return CallbackResponse(403)
        receivers = dict(parse_qsl(request.body.decode()))
        event = CallEvent(
            ref=request.params["ref"],
            seq=int(receivers["SequenceNumber"]) + 1,  # theirs begin at 0, and have no holes
            at_ms=int(receivers["Timestamp"]),
            status=CallStatus(receivers["CallStatus"]),
            digits=receivers.get("Digits", ""),
            cause=receivers.get("Cause", ""),
            heard_ms=int(receivers.get("HeardMs", 0)),
        )
        await self._pushed.hand_over(EventBatch((event,), ""), event.ref)
        return CallbackResponse()


def build(settings: CalledBackSettings, context: Context) -> CalledBackCarrier:
    return CalledBackCarrier(settings)


CALLED_BACK = PartType(CalledBackSettings, build)
