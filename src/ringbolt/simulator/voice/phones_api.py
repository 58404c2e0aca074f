"""``/simulator/phones``: the phones that the shop calls, and a person's actions on them.

Errors (409 for a phone that does not ring, 400 for a key that no phone has) are rendered by the
application in which these routes are mounted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ringbolt.core.errors import InvalidInput, NotFound
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.core.phone import is_e164
from ringbolt.core.timestamps import iso
from ringbolt.simulator.sms.network import SmsNetwork
from ringbolt.simulator.sms.records import PhoneText
from ringbolt.simulator.sms.script import SCRIPTED as SCRIPTED_TEXTS
from ringbolt.simulator.voice.call import SimulatedCall
from ringbolt.simulator.voice.phones import PhoneNetwork
from ringbolt.simulator.voice.script import LISTENER, PLAIN, SCRIPTED
from ringbolt.voice.audio.wav import HEADER_SIZE, wav_header

PHONES = "/simulator/phones"
CALLS = "/simulator/calls"
_PIECE = 64 * 1024


class _Body(msgspec.Struct):
    """An action of a phone; ``call_id`` picks one of several calls."""

    call_id: str | None = None
    digits: str = ""


def routes(network: PhoneNetwork, sms: SmsNetwork) -> list[Route]:
    api = _Phones(network, sms)
    return [
        Route(PHONES, api.scripted),
        Route(f"{PHONES}/{{number}}", api.show),
        Route(f"{PHONES}/{{number}}/answer", api.answer, methods=["POST"]),
        Route(f"{PHONES}/{{number}}/decline", api.decline, methods=["POST"]),
        Route(f"{PHONES}/{{number}}/hangup", api.hang_up, methods=["POST"]),
        Route(f"{PHONES}/{{number}}/keys", api.press, methods=["POST"]),
        Route(f"{CALLS}/{{call_id}}", api.call),
        Route(f"{CALLS}/{{call_id}}/audio.wav", api.audio),
    ]


class _Phones:
    def __init__(self, network: PhoneNetwork, sms: SmsNetwork) -> None:
        self._network = network
        self._sms = sms

    async def scripted(self, request: Request) -> JSONResponse:
        """The numbers that act by themselves."""
        scripted = [
            {"number": number, "description": behaviour.description}
            for number, behaviour in SCRIPTED.items()
        ]
        texts = [
            {"number": number, "description": behaviour.description}
            for number, behaviour in SCRIPTED_TEXTS.items()
        ]
        return JSONResponse(
            {
                "scripted": scripted,
                "texts": texts,
                "others": [
                    {"number": "+12345678xx", "description": LISTENER.description},
                    {"number": "any other", "description": PLAIN.description},
                ],
            }
        )

    async def show(self, request: Request) -> JSONResponse:
        number = _number(request)
        calls = await self._network.calls_to(number)
        return JSONResponse(
            {
                "number": number,
                "calls": [self._json(call) for call in calls],
                "messages": [_text_json(text) for text in self._sms.inbox(number)],
            }
        )

    async def answer(self, request: Request) -> JSONResponse:
        body = await _body(request)
        return self._told(await self._network.answer(_number(request), body.call_id))

    async def decline(self, request: Request) -> JSONResponse:
        body = await _body(request)
        return self._told(await self._network.decline(_number(request), body.call_id))

    async def hang_up(self, request: Request) -> JSONResponse:
        body = await _body(request)
        return self._told(await self._network.hang_up_phone(_number(request), body.call_id))

    async def press(self, request: Request) -> JSONResponse:
        body = await _body(request)
        call = await self._network.press(_number(request), body.digits, body.call_id)
        return self._told(call)

    async def call(self, request: Request) -> JSONResponse:
        return self._told(await self._network.call(request.path_params["call_id"]))

    async def audio(self, request: Request) -> Response:
        """What the phone heard; so far, if the call is up."""
        call = await self._network.call(request.path_params["call_id"])
        path = self._network.heard(call)
        if path is None:
            raise NotFound(f"Nothing was heard in call {call.id}.")
        if call.is_over:
            return FileResponse(path, media_type="audio/wav")
        size = (await asyncio.to_thread(path.stat)).st_size
        return StreamingResponse(
            _growing_wav(path, size),
            media_type="audio/wav",
            headers={"Content-Length": str(size), "Cache-Control": "no-store"},
        )

    def _told(self, call: SimulatedCall) -> JSONResponse:
        return JSONResponse(self._json(call))

    def _json(self, call: SimulatedCall) -> dict[str, Any]:
        has_audio = self._network.heard(call) is not None
        return {
            "id": call.id,
            "from": call.request.caller_id,
            "to": call.request.to,
            "state": call.state,
            "heard_seconds": call.heard_ms / 1000,
            "digits_sent": call.digits_sent,
            "started_at": _iso(call.started_at_ms),
            "answered_at": _iso(call.answered_at_ms),
            "ended_at": _iso(call.ended_at_ms),
            "audio": f"{CALLS}/{call.id}/audio.wav" if has_audio else None,
        }


def _number(request: Request) -> str:
    """The phone's number; a plus sign may be percent-encoded or left out."""
    number = "+" + str(request.path_params["number"]).strip().removeprefix("+")
    if not is_e164(number):
        raise InvalidInput(f"{number[:32]} is not a number in E.164 format.", field="number")
    return number


async def _body(request: Request) -> _Body:
    raw = await request.body()
    try:
        return msgspec.json.decode(raw, type=_Body) if raw.strip() else _Body()
    except UNREADABLE as error:
        raise InvalidInput(
            f'The body is JSON such as {{"digits": "12#"}}: {error}.', field="digits"
        ) from error


def _text_json(text: PhoneText) -> dict[str, Any]:
    return {"from": text.sender, "text": text.text, "at": iso(text.at_ms)}


def _iso(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)


async def _growing_wav(path: Path, size: int) -> AsyncIterator[bytes]:
    """The first ``size`` bytes as a whole WAV, though the file and its header grow meanwhile."""
    yield wav_header(size - HEADER_SIZE)
    file = await asyncio.to_thread(path.open, "rb")
    try:
        file.seek(HEADER_SIZE)
        left = size - HEADER_SIZE
        while left and (piece := await asyncio.to_thread(file.read, min(left, _PIECE))):
            left -= len(piece)
            yield piece
    finally:
        file.close()
