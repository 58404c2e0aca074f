"""``/simulator/carrier``: the simulated voice carrier's API, which ``voice/simulated`` uses."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.core.calls.call import Clip
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.simulator.event_stream import cursor_of, event_stream
from ringbolt.simulator.voice.call import SimulatedCall
from ringbolt.simulator.voice.clips import ClipRefused
from ringbolt.simulator.voice.phones import PhoneNetwork
from ringbolt.simulator.voice.records import NumberedEvents
from ringbolt.voice.carrier import Accepted, PlaceResult
from ringbolt.voice.simulated.wire import (
    CallAccepted,
    CallRefusal,
    CallRequest,
    CallState,
    EventLine,
    call_of,
)

PREFIX = "/simulator/carrier"
_encode = msgspec.json.Encoder().encode


def routes(network: PhoneNetwork) -> list[Route]:
    api = _Carrier(network)
    return [
        Route(f"{PREFIX}/clips/{{sha256}}", api.has_clip, methods=["HEAD"]),
        Route(f"{PREFIX}/clips/{{sha256}}", api.keep_clip, methods=["PUT"]),
        Route(f"{PREFIX}/calls", api.place, methods=["POST"]),
        Route(f"{PREFIX}/calls/{{ref}}", api.find, methods=["GET"]),
        Route(f"{PREFIX}/calls/{{ref}}/hangup", api.hang_up, methods=["POST"]),
        Route(f"{PREFIX}/calls/{{ref}}/recordings/{{n:int}}", api.recording, methods=["GET"]),
        Route(f"{PREFIX}/events", api.events, methods=["GET"]),
    ]


class _ClipMissing(Exception):
    """A script names a clip that was never sent."""


class _Carrier:
    def __init__(self, network: PhoneNetwork) -> None:
        self._network = network

    async def has_clip(self, request: Request) -> Response:
        known = self._network.clips.find(request.path_params["sha256"]) is not None
        return Response(status_code=200 if known else 404)

    async def keep_clip(self, request: Request) -> Response:
        try:
            await self._network.clips.keep(request.path_params["sha256"], request.stream())
        except ClipRefused as error:
            return _json(400, CallRefusal(str(error), permanent=True))
        return Response(status_code=204)

    async def place(self, request: Request) -> Response:
        """201 there is a call; 4xx there is none; 504 the answer is lost."""
        try:
            asked = msgspec.json.decode(await request.body(), type=CallRequest)
            call = call_of(asked, self._clip)
        except UNREADABLE as error:
            return _json(400, CallRefusal(str(error), permanent=True))
        except _ClipMissing as error:
            sha256 = str(error)
            return _json(409, CallRefusal(f"clip {sha256} was never sent", False, [sha256]))
        return _placed(await self._network.place(call))

    async def find(self, request: Request) -> Response:
        return _told(await self._network.find(request.path_params["ref"]))

    async def hang_up(self, request: Request) -> Response:
        return _told(await self._network.hang_up(request.path_params["ref"]))

    async def recording(self, request: Request) -> Response:
        wav = await self._network.recording(request.path_params["ref"], request.path_params["n"])
        if wav is None:
            return _json(404, CallRefusal("there is no such recording", permanent=True))
        return Response(wav, media_type="audio/wav")

    async def events(self, request: Request) -> Response:
        """Lines of JSON after ``?after=N``."""
        return event_stream(self._network.events(cursor_of(request)), _lines)

    def _clip(self, sha256: str) -> Clip:
        clip = self._network.clips.find(sha256)
        if clip is None:
            raise _ClipMissing(sha256)
        return clip


def _lines(numbered: NumberedEvents) -> bytes:
    return b"".join(_encode(EventLine(n, event)) + b"\n" for n, event in numbered.events)


def _placed(result: PlaceResult) -> Response:
    match result:
        case Accepted(carrier_id):
            return _json(201, CallAccepted(carrier_id))
        case Rejected(reason, permanent):
            return _json(403 if permanent else 429, CallRefusal(reason, permanent))
        case Unknown(reason):
            return JSONResponse({"reason": reason}, 504)


def _told(call: SimulatedCall | None) -> Response:
    if call is None:
        return _json(404, CallRefusal("there is no call with this reference", permanent=True))
    return _json(200, CallState(call.request.ref, call.id, call.events))


def _json(status: int, body: msgspec.Struct) -> Response:
    return Response(_encode(body), status, media_type="application/json")
