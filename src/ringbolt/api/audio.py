"""``/audio``: what a carrier plays, for those that fetch it (``voice/audio/served.py``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ringbolt.voice.audio.served import AUDIO_PREFIX, NotServed, ServedAudio, ServedClip
from ringbolt.voice.audio.wav import wav_header

_CHUNK_BYTES: Final = 64 * 1024


def audio_routes(audio: ServedAudio) -> list[BaseRoute]:
    """The routes at which carriers fetch what is played."""

    async def clip(request: Request) -> Response:
        found = await asyncio.to_thread(audio.find, request.path_params["token"])
        match found:
            case NotServed.UNKNOWN:
                return Response(status_code=404)
            case NotServed.EXPIRED:
                return Response(status_code=410)
            case ServedClip():
                return await _wav(found, request.method)

    return [Route(f"{AUDIO_PREFIX}/{{token}}.wav", clip, include_in_schema=False)]


async def _wav(clip: ServedClip, method: str) -> Response:
    header = wav_header(clip.size)
    headers = {
        "Content-Length": str(len(header) + clip.size),
        "Cache-Control": "private, no-store",
    }
    if method == "HEAD":
        return Response(headers=headers, media_type="audio/wav")
    return StreamingResponse(_samples(clip, header), headers=headers, media_type="audio/wav")


async def _samples(clip: ServedClip, header: bytes) -> AsyncIterator[bytes]:
    yield header
    left = clip.size
    if clip.path is None:
        while left:
            silence = bytes(min(left, _CHUNK_BYTES))
            left -= len(silence)
            yield silence
        return
    file = await asyncio.to_thread(clip.path.open, "rb")
    try:
        while left and (chunk := await asyncio.to_thread(file.read, min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
    finally:
        file.close()
