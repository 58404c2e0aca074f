"""Streams of lines from a far end: whole lines, silence, and how a stream ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ringbolt.upstream.exchange import Answer, Exchange, Fault, Lost
from ringbolt.upstream.lines import MAX_LINE_BYTES, LineStream
from support.servers.far_end import (
    Reply,
    client,
    far_end,
    hang_up,
    response,
    saying,
    stall,
)
from support.waiting import PATIENCE_S


class EndedError(Exception):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.exchange = exchange


def telling(*chunks: bytes, then: Reply = hang_up, status: str = "200 OK") -> Reply:
    """A stream that sends each of ``chunks`` by itself."""

    async def reply(n: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n".encode())
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)
        return await then(n, writer)

    return reply


@asynccontextmanager
async def following(reply: Reply, silence_s: float | None = None) -> AsyncIterator[LineStream]:
    async with far_end(reply) as end, client(timeout_s=0.1) as http:
        stream = http.stream(EndedError, "GET", end.url, silence_s=silence_s)
        async with asyncio.timeout(PATIENCE_S), stream as lines:
            yield lines


async def test_lines_come_whole_however_they_are_cut() -> None:
    chunks = (b"on", b"e\ntwo\n\n", b"\r\nthr", b"ee\n")
    async with following(telling(*chunks)) as lines:
        await lines.opened()
        assert [await lines.next() for _ in range(3)] == [b"one", b"two", b"three"]
        with pytest.raises(EndedError) as ended:
            await lines.next()
        assert ended.value.exchange == Lost("the stream ended", Fault.ENDED)


async def test_a_reader_learns_of_a_fault_in_what_makes_its_error() -> None:
    def broken(exchange: Exchange) -> Exception:
        raise RecursionError(exchange)

    refusing = telling(b"{}", status="500 Oops")
    async with (
        asyncio.timeout(PATIENCE_S),
        far_end(refusing) as end,
        client() as http,
        http.stream(broken, "GET", end.url) as lines,
    ):
        with pytest.raises(RecursionError):
            await lines.opened()


async def test_what_arrived_together_is_taken_together() -> None:
    async with following(telling(b"one\ntwo\nth", b"ree\n", then=stall)) as lines:
        reported = await lines.arrived()
        assert reported[:2] == [b"one", b"two"]
        while len(reported) < 3:
            reported += await lines.arrived()
        assert reported[2] == b"three"


async def test_a_stream_may_be_silent_for_longer_than_an_answer() -> None:
    go_on = asyncio.Event()

    async def late(n: int, writer: asyncio.StreamWriter) -> bool:
        await go_on.wait()
        return await saying(b"one\n")(n, writer)

    async with following(telling(then=late)) as lines:  # whose client waits 0.1 s for an answer
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await lines.next(0.1)
        go_on.set()
        assert await lines.next() == b"one"


@pytest.mark.parametrize(
    ("reply", "exchange"),
    [
        (hang_up, Fault.BROKEN),
        (telling(then=stall), Fault.NOT_IN_TIME),
        (telling(b"x" * (MAX_LINE_BYTES + 1)), Fault.TOO_LARGE),
        (saying(response("503 Later", b"not now")), 503),
    ],
)
async def test_how_a_stream_ends_is_reported(reply: Reply, exchange: object) -> None:
    async with following(reply, silence_s=0.3) as lines:
        with pytest.raises(EndedError) as ended:
            await lines.next()
    found = ended.value.exchange
    assert (found.status if isinstance(found, Answer) else found.fault) == exchange


async def test_a_refused_stream_is_not_opened() -> None:
    async with following(saying(response("403 No", b"words"))) as lines:
        with pytest.raises(EndedError) as ended:
            await lines.opened()
    assert isinstance(ended.value.exchange, Answer)
    assert ended.value.exchange.body == b"words"


async def test_a_reader_that_waits_can_be_informed_that_it_is_over() -> None:
    async with following(telling(then=stall)) as lines:
        waiting = asyncio.ensure_future(lines.next())
        await asyncio.sleep(0)
        lines.end(ConnectionError("gone"))
        with pytest.raises(ConnectionError, match="gone"):
            await waiting
