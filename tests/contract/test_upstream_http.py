"""What the outgoing client makes of far ends that answer, refuse, stall, break off or babble."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ringbolt.upstream.exchange import Answer, Exchange, Fault, Lost, NeverSent
from ringbolt.upstream.http import HttpClient
from ringbolt.upstream.lines import MAX_LINE_BYTES, LineStream
from ringbolt.upstream.tls import SYSTEM, authority, pinned
from support.servers.ports import HeldPort
from support.servers.sites import self_signed
from support.waiting import PATIENCE_S, until

Reply = Callable[[int, asyncio.StreamWriter], Awaitable[bool]]
"""Answers the n-th request (from 1); whether the connection stays open."""


class FarEnd:
    """A server that keeps what it was asked. ``url`` is where."""

    def __init__(self, reply: Reply) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self.left = 0
        self.url = ""
        self._reply = reply
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        await asyncio.wait([serving])

    async def close(self) -> None:
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                self.asked.append(head + body)
                if not await self._reply(len(self.asked), writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left += 1
        finally:
            writer.close()


@asynccontextmanager
async def far_end(reply: Reply, tls: ssl.SSLContext | None = None) -> AsyncIterator[FarEnd]:
    end = FarEnd(reply)
    listening = await asyncio.start_server(end.serve, "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    end.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/path"
    try:
        yield end
    finally:
        listening.close()
        await end.close()


@asynccontextmanager
async def client(**options: Any) -> AsyncIterator[HttpClient]:
    made = HttpClient(**options)
    try:
        yield made
    finally:
        await made.close()


def saying(raw: bytes, *, keep: bool = True) -> Reply:
    async def reply(n: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(raw)
        await writer.drain()
        return keep

    return reply


def response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def hang_up(n: int, writer: asyncio.StreamWriter) -> bool:
    return False


async def stall(n: int, writer: asyncio.StreamWriter) -> bool:
    await asyncio.Event().wait()
    return False


def breaking_first(raw: bytes) -> Reply:
    """The first request is heard, and answered by hanging up."""

    async def reply(n: int, writer: asyncio.StreamWriter) -> bool:
        if n == 1:
            return False
        return await saying(raw)(n, writer)

    return reply


OK = response("200 OK", b"fine")


# Answers


@pytest.mark.parametrize("status", [200, 201, 302, 404, 503])
async def test_whatever_the_far_end_says_is_an_answer(status: int) -> None:
    raw = response(f"{status} X", b"body", "Location: /elsewhere", "X-Told: 1")
    async with far_end(saying(raw)) as end, client() as http:
        for ask in (http.once, http.ask):
            answer = await ask("POST", end.url, b"{}")
            assert isinstance(answer, Answer)
            assert (answer.status, answer.body, answer.headers["x-told"]) == (status, b"body", "1")
            assert answer.is_success == (status < 300)
            assert answer.is_refusal == (status == 404)
        assert len(end.asked) == 2  # no redirect was followed
        assert end.connections == 1  # and the connection kept


async def test_it_sends_what_it_is_told_to_send() -> None:
    headers = {"Authorization": "Basic eDp5", "Content-Type": "application/json"}
    async with far_end(saying(OK)) as end, client(headers=headers) as http:
        await http.once("POST", end.url, b'{"a":1}', params={"q": "1"}, headers={"X-Id": "7"})
    [asked] = end.asked
    assert asked.startswith(b"POST /path?q=1 HTTP/1.1\r\n")
    assert asked.endswith(b'\r\n\r\n{"a":1}')
    for line in (b"Authorization: Basic eDp5", b"X-Id: 7", b"Accept-Encoding: identity"):
        assert line in asked


async def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    raw = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfine"
    async with far_end(saying(raw, keep=False)) as end, client() as http:
        answer = await http.ask("GET", end.url)
    assert isinstance(answer, Answer)
    assert answer.body == b"fine"


async def test_a_head_has_no_body_however_long_it_would_be() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
    async with far_end(saying(raw)) as end, client() as http:
        for _ in range(2):
            assert isinstance(await http.ask("HEAD", end.url), Answer)
        assert end.connections == 1


# Never sent


async def test_nothing_was_sent_where_nobody_listens() -> None:
    async with client() as http:
        exchange = await http.once("POST", f"http://127.0.0.1:{HeldPort().number}", b"")
    assert isinstance(exchange, NeverSent)
    assert exchange.fault is Fault.UNREACHABLE


async def test_nothing_was_sent_to_an_unknown_host() -> None:
    async with client() as http:
        exchange = await http.once("POST", "http://nobody.invalid/", b"")
    assert isinstance(exchange, NeverSent)
    assert exchange.fault is Fault.UNREACHABLE


async def test_nothing_was_sent_to_who_does_not_take_the_connection() -> None:
    with socket.socket() as full:  # whose queue of one is taken: the kernel drops the next
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            async with client(connect_s=0.2) as http:
                exchange = await http.once("POST", f"http://127.0.0.1:{address[1]}/?key=s", b"")
    assert isinstance(exchange, NeverSent)
    assert exchange.fault is Fault.NOT_IN_TIME
    assert "key" not in exchange.why


async def test_only_trusted_certificates_are_talked_to(tmp_path: Path) -> None:
    tls = self_signed(tmp_path)
    (tmp_path / "other").mkdir()
    self_signed(tmp_path / "other")
    right, wrong = tmp_path / "server.pem", tmp_path / "other" / "server.pem"
    async with far_end(saying(OK), tls) as end:
        for trust in (authority(right), pinned(right)):
            async with client(trust=trust) as http:
                assert isinstance(await http.once("POST", end.url, b""), Answer)
        heard = len(end.asked)
        for trust, fault in (
            (SYSTEM, Fault.UNTRUSTED),
            (authority(wrong), Fault.UNTRUSTED),
            (pinned(wrong), Fault.NOT_PINNED),
        ):
            async with client(trust=trust) as http:
                exchange = await http.once("POST", end.url, b"")
            assert isinstance(exchange, NeverSent)
            assert exchange.fault is fault
        assert len(end.asked) == heard


# Lost


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (hang_up, Fault.BROKEN),
        (stall, Fault.NOT_IN_TIME),
        (saying(b"SMTP here\r\n\r\n"), Fault.NONSENSE),
        (saying(response("200 OK", b"x" * 1001)), Fault.TOO_LARGE),
        (
            saying(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 1001, keep=False),
            Fault.TOO_LARGE,
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_was_heard_and_not_answered_is_in_doubt(
    reply: Reply, fault: Fault, method: str
) -> None:
    async with far_end(reply) as end, client(timeout_s=0.3, max_bytes=1000) as http:
        exchange = await http.once(method, f"{end.url}?key=secret")
        assert isinstance(exchange, Lost)
        assert exchange.fault is fault
        assert "secret" not in exchange.why
        assert len(end.asked) == 1


async def test_one_request_may_have_limits_of_its_own() -> None:
    body = b"x" * 1001
    async with far_end(saying(response("200 OK", body))) as end, client(max_bytes=10) as http:
        answer = await http.ask("GET", end.url, max_bytes=2000)
        assert isinstance(answer, Answer)
        assert isinstance(await http.ask("GET", end.url, max_bytes=1000), Lost)
    async with far_end(stall) as end, client(timeout_s=PATIENCE_S) as http:
        assert isinstance(await http.ask("GET", end.url, timeout_s=0.1), Lost)


# Connections that break


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_what_must_not_be_done_twice_is_sent_once(method: str) -> None:
    async with far_end(breaking_first(OK)) as end, client() as http:
        assert isinstance(await http.once(method, end.url), Lost)
        assert len(end.asked) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_what_may_be_asked_again_is_asked_once_more(method: str) -> None:
    async with far_end(breaking_first(OK)) as end, client() as http:
        answer = await http.ask(method, end.url)
        assert isinstance(answer, Answer)
        assert answer.body == b"fine"
        assert len(end.asked) == 2
    async with far_end(hang_up) as end, client() as http:
        assert isinstance(await http.ask(method, end.url), Lost)
        assert len(end.asked) == 2


async def test_a_request_that_was_heard_stays_in_doubt_if_the_second_is_not() -> None:
    held = HeldPort()
    listening: asyncio.Server

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        listening.close()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", held.number)
    async with client() as http:
        assert isinstance(await http.ask("POST", f"http://127.0.0.1:{held.number}/"), Lost)


async def test_a_file_is_sent_whole_and_once(tmp_path: Path) -> None:
    path = tmp_path / "clip"
    path.write_bytes(b"samples")
    async with far_end(breaking_first(OK)) as end, client() as http:
        for expected in (Lost, Answer):
            with path.open("rb") as file:
                assert isinstance(await http.ask("PUT", end.url, file), expected)
        assert [asked[-7:] for asked in end.asked] == [b"samples"] * 2


# Streams of lines


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
        told = await lines.arrived()
        assert told[:2] == [b"one", b"two"]
        while len(told) < 3:
            told += await lines.arrived()
        assert told[2] == b"three"


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
async def test_how_a_stream_ends_is_told(reply: Reply, exchange: object) -> None:
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


async def test_a_reader_that_waits_can_be_told_that_it_is_over() -> None:
    async with following(telling(then=stall)) as lines:
        waiting = asyncio.ensure_future(lines.next())
        await asyncio.sleep(0)
        lines.end(ConnectionError("gone"))
        with pytest.raises(ConnectionError, match="gone"):
            await waiting


# What HTTP/1.1 allows, and what it does not

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"fine"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n",
            b"fine",
        ),
        (CHUNKED + b"4\r\nfine\r\n0\r\nLink: trailer\r\n\r\n", b"fine"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b""),
    ],
)
async def test_every_framing_is_read_and_the_connection_kept(raw: bytes, expected: bytes) -> None:
    async with far_end(saying(raw)) as end, client() as http:
        for _ in range(2):
            answer = await http.once("POST", end.url, b"x")
            assert isinstance(answer, Answer)
            assert answer.body == expected
            assert "link" not in answer.headers
        assert end.connections == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        CHUNKED + b"4\r\nfine\r\n0\r\n" + b"X: trailer\r\n" * 60_000,
        CHUNKED + b"4\r\nfine\r\n0\r\nX: " + b"x" * 600_000,
        CHUNKED + b"4;x=" + b"x" * 600_000,
    ],
)
async def test_what_is_not_an_answer_is_nonsense(raw: bytes) -> None:
    async with far_end(saying(raw)) as end, client(timeout_s=PATIENCE_S) as http:
        exchange = await http.once("POST", end.url, b"")
    assert isinstance(exchange, Lost)
    assert exchange.fault is Fault.NONSENSE


@pytest.mark.parametrize(
    "raw", [OK + OK, OK + b"more", response("200 OK", b"fine", "Connection: close")]
)
async def test_a_connection_is_not_used_again_after_such_an_answer(raw: bytes) -> None:
    async with far_end(saying(raw)) as end, client() as http:
        for _ in range(2):
            answer = await http.once("POST", end.url, b"")
            assert isinstance(answer, Answer)
            assert answer.body == b"fine"
        assert end.connections == 2


async def test_a_chunked_answer_that_breaks_off_is_lost() -> None:
    async with far_end(saying(CHUNKED + b"4\r\nfi", keep=False)) as end, client() as http:
        exchange = await http.once("POST", end.url, b"")
    assert isinstance(exchange, Lost)
    assert exchange.fault is Fault.BROKEN


async def test_a_caller_that_is_cancelled_leaves_no_connection_behind() -> None:
    async def slow_first(n: int, writer: asyncio.StreamWriter) -> bool:
        return await (stall if n == 1 else saying(OK))(n, writer)

    async with far_end(slow_first) as end, client() as http:
        asking = asyncio.create_task(http.once("POST", end.url, b""))
        await until(lambda: end.asked)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert isinstance(await http.once("POST", end.url, b""), Answer)
        assert end.connections == 2


async def test_idle_connections_are_closed() -> None:
    async with far_end(saying(OK)) as end, client(keep_idle_s=0.05) as http:
        await http.once("POST", end.url, b"")
        await until(lambda: end.left)
        await http.once("POST", end.url, b"")
        assert end.connections == 2


@pytest.mark.parametrize("text", ["1\r\nX-Other: 2", "1\n2", "\0"])
async def test_a_header_cannot_smuggle_in_another(text: str) -> None:
    async with far_end(saying(OK)) as end, client() as http:
        with pytest.raises(ValueError, match="line break"):
            await http.once("POST", end.url, b"", headers={"X-Id": text})
        assert end.asked == []
