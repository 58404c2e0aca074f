"""Keeps the shop's clock at the time of a simulated world in another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import structlog

from ringbolt.clock import SystemClock
from ringbolt.upstream.world_client import bearer

log = structlog.get_logger("ringbolt.clock")

_WAIT_S = 30
_RETRY_S = 1.0


async def read_offset(session: aiohttp.ClientSession, world_url: str, query: str = "") -> int:
    """How far the world runs ahead, ms. Raises ``aiohttp.ClientError`` or ``TimeoutError``."""
    async with session.get(f"{world_url}/simulator/clock{query}") as answer:
        answer.raise_for_status()
        return int((await answer.json())["offset_ms"])


async def follow_clock(
    world_url: str, clock: SystemClock, on_jump: Callable[[], None], token: str = ""
) -> None:
    """Keep ``clock`` at the world's offset until cancelled; calls ``on_jump`` after each change.
    ``token``: what the world asks for."""
    timeout = aiohttp.ClientTimeout(total=_WAIT_S + 10)
    async with aiohttp.ClientSession(timeout=timeout, headers=bearer(token)) as session:
        query = ""
        while True:
            try:
                offset_ms = await read_offset(session, world_url, query)
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
                log.debug("the world's clock does not answer", error=repr(error))
                await asyncio.sleep(_RETRY_S)
                continue
            if offset_ms != clock.offset_ms:
                clock.set_offset(offset_ms)
                on_jump()
            query = f"?wait={_WAIT_S}&offset_ms={offset_ms}"
