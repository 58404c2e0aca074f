"""The queue of texts to speak: those of paid calls first, then previews."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ringbolt.core.errors import SpeechBusy

MAX_PREVIEWS = 8
"""How many previews may wait at the same time; more are refused."""


class SpeechTurns:
    """``size`` texts are spoken at the same time; within a kind, first come, first served.

    No text waits longer than ``wait_s``.
    """

    def __init__(self, size: int, wait_s: float) -> None:
        self._free = size
        self._wait_s = wait_s
        self._calls: deque[asyncio.Future[None]] = deque()
        self._previews: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, *, preview: bool) -> AsyncIterator[None]:
        """Raises ``SpeechBusy``."""
        await self._wait(self._previews if preview else self._calls)
        try:
            yield
        finally:
            self._release()

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        if self._free:
            self._free -= 1
            return
        if queue is self._previews and len(queue) >= MAX_PREVIEWS:
            raise _busy()
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(self._wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._release()  # the slot was assigned just as the wait timed out
            elif turn in queue:
                queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise _busy() from error
            raise

    def _release(self) -> None:
        for queue in (self._calls, self._previews):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1


def _busy() -> SpeechBusy:
    return SpeechBusy(
        "Too many texts wait to be spoken.",
        suggestion="Try again in some seconds. Nothing was charged.",
        retry_after_s=5,
    )
