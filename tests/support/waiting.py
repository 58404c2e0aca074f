"""How long tests wait for what must happen.

Nobody waits so long unless something is broken: what is waited for is asked again and again. The
bound is far above what a loaded machine needs, so that only a fault, never a slow minute, fails a
test. What must *not* happen is never proved by waiting, but by something else that comes after it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 120.0
LONG_S = 400.0
"""Bound of what waits for processes that are killed, restart and take over."""


async def eventually(
    probe: Callable[[], Awaitable[T | None]], within_s: float = PATIENCE_S, every_s: float = 0.01
) -> T:
    """The first truthy thing that ``probe`` says; fails after ``within_s`` seconds."""
    deadline = time.monotonic() + within_s
    while not (value := await probe()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(every_s)
    return value


async def until(condition: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Wait until ``condition`` holds, which is looked at between other tasks."""

    async def probe() -> bool:
        return bool(condition())

    await eventually(probe, within_s, 0.005)
