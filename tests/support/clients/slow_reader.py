"""A client that takes its answer more slowly than it is sent."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from support.waiting import PATIENCE_S

_PIECE = 1_000_000


async def bytes_read_slowly(reader: asyncio.StreamReader, pause_s: float) -> int:
    """How many come until the end of the connection, however it comes."""
    size = 0
    with suppress(ConnectionError):
        while piece := await asyncio.wait_for(reader.read(_PIECE), PATIENCE_S):
            size += len(piece)
            await asyncio.sleep(pause_s)
    return size
