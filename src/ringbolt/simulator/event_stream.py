"""Streams of events as lines of JSON that a shop follows; blank lines are the heartbeat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import StreamingResponse

from ringbolt.core.errors import InvalidInput

HEARTBEAT_S: Final = 10.0
_MAX_DIGITS: Final = 18
Batch = TypeVar("Batch")


def event_stream(
    batches: AsyncIterator[Batch], encode: Callable[[Batch], bytes]
) -> StreamingResponse:
    """Each batch as ``encode`` writes it, in whole lines; a blank line after 10 s of silence."""
    return StreamingResponse(
        _lines(batches, encode),
        media_type="application/x-ndjson",
        headers={"Cache-Control": "no-store"},
    )


def cursor_of(request: Request) -> int:
    """The number in ``?after=N``, 0 without one. Raises ``InvalidInput``."""
    after = request.query_params.get("after", "0")
    if not (after.isascii() and after.isdecimal() and len(after) <= _MAX_DIGITS):
        raise InvalidInput("after is the cursor of the last event that you stored.")
    return int(after)


async def _lines(
    batches: AsyncIterator[Batch], encode: Callable[[Batch], bytes]
) -> AsyncIterator[bytes]:
    coming = asyncio.ensure_future(anext(batches, None))
    try:
        while True:
            await asyncio.wait([coming], timeout=HEARTBEAT_S)
            if not coming.done():
                yield b"\n"
                continue
            batch = coming.result()
            if batch is None:
                return
            yield encode(batch)
            coming = asyncio.ensure_future(anext(batches, None))
    finally:
        coming.cancel()
