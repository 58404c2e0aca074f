"""Streams of lines, mostly NDJSON, that a far end sends without end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final

from ringbolt.upstream.connection import Connection
from ringbolt.upstream.exchange import Answer, Exchange, Fault, Lost, NoAnswerError

MAX_LINE_BYTES: Final = 4 * 1024 * 1024
_MAX_REFUSAL_BYTES: Final = 64 * 1024
_REFUSAL_S: Final = 10.0
_CHUNKS_AHEAD: Final = 16
"""How many chunks are read ahead; then reading pauses, and so does the sender (TCP)."""

ENDED: Final = "the stream ended"


class LineStream:
    """The lines of an answer, read in the background so that waiting for one can time out.

    Some servers (LND) send nothing before the first line, not even headers, so the stream may not
    be open before it. Blank lines (keep-alives) are left out. ``failure`` makes the exception that
    is raised at the end; ``silence_s``: the stream is lost after so many seconds without data.
    """

    def __init__(
        self,
        request: AbstractAsyncContextManager[Connection],
        failure: Callable[[Exchange], Exception],
        silence_s: float | None = None,
    ) -> None:
        self._request = request
        self._failure = failure
        self._silence_s = silence_s
        self._chunks: asyncio.Queue[list[bytes] | Exception] = asyncio.Queue(_CHUNKS_AHEAD)
        self._lines: deque[bytes] = deque()
        self._settled = asyncio.Event()
        self._is_open = False
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LineStream:
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._reading is not None
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def opened(self) -> None:
        """Returns when the far end answered 200; raises what ``failure`` made if it does not."""
        await self._settled.wait()
        if not self._is_open:
            await self._chunk()

    async def next(self, timeout_s: float | None = None) -> bytes:
        """The next line. Raises ``TimeoutError`` if none comes in time, what ``failure`` made if
        none will ever come."""
        if not self._lines:
            # Not wait_for: in Python 3.11 it loses a cancellation that comes with a line.
            async with asyncio.timeout(timeout_s):
                self._lines.extend(await self._chunk())
        return self._lines.popleft()

    async def arrived(self) -> list[bytes]:
        """All lines that have arrived, at least one; raises as ``next`` does."""
        if not self._lines:
            self._lines.extend(await self._chunk())
        while not self._chunks.empty():
            chunk = self._chunks.get_nowait()
            if isinstance(chunk, Exception):
                self._chunks.put_nowait(chunk)
                break
            self._lines.extend(chunk)
        lines = list(self._lines)
        self._lines.clear()
        return lines

    async def ended(self, timeout_s: float) -> None:
        """Wait for the far end to end the stream, as it is about to, so that the connection can
        be used again; at most ``timeout_s``."""
        assert self._reading is not None
        await asyncio.wait([self._reading], timeout=timeout_s)

    def end(self, error: Exception) -> None:
        """Raise ``error`` in a reader that waits for a line; no effect if lines are waiting."""
        if self._chunks.empty() and not self._lines:
            self._chunks.put_nowait(error)

    async def _chunk(self) -> list[bytes]:
        chunk = await self._chunks.get()
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    async def _read(self) -> None:
        try:
            end = self._failure(await self._read_to_the_end())
        except Exception as error:  # noqa: BLE001 - raised in the reader, who would wait for ever
            end = error
        self._settled.set()
        await self._chunks.put(end)

    async def _read_to_the_end(self) -> Exchange:
        try:
            async with self._request as answer:
                async with asyncio.timeout(self._silence_s):
                    await answer.read_head()
                return await self._read_answer(answer)
        except NoAnswerError as error:
            return error.exchange
        except TimeoutError:
            return Lost("nothing came in time", Fault.NOT_IN_TIME)

    async def _read_answer(self, answer: Connection) -> Exchange:
        if answer.status != 200:
            answer.limit_body(_MAX_REFUSAL_BYTES)
            async with asyncio.timeout(_REFUSAL_S):
                body = await answer.whole_body()
            return Answer(answer.status, body, answer.fields)
        self._is_open = True
        self._settled.set()
        rest = b""
        while True:
            async with asyncio.timeout(self._silence_s):
                data = await answer.read_some()
            if not data:
                return Lost(ENDED, Fault.ENDED)
            *lines, rest = (rest + data).split(b"\n")
            if whole := [line for line in lines if line.strip()]:
                await self._chunks.put(whole)
            if len(rest) > MAX_LINE_BYTES:
                return Lost("the answer is too large", Fault.TOO_LARGE)
