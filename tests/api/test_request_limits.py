"""What one request may send, and how long it may take: heads, bodies, trailers, pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from ringbolt.cli.connection_guard import ConnectionGuard
from ringbolt.cli.guarded_http import ConnectionTimeouts, RequestLimits, guarded
from ringbolt.cli.http_server import listen
from ringbolt.http_body import HAS_ARRIVED, BodyTooSlow, BoundedBody
from ringbolt.simulator.app import create_app
from ringbolt.simulator.world import World
from support.servers.shop import ShopServer
from support.servers.world import serving as served
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MB = 1_000_000
HEAD = b"POST / HTTP/1.1\r\nHost: shop\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SMALL = RequestLimits(head_bytes=2000, target_bytes=500, unwanted_bytes=1000, waiting=3)


class Echo:
    """Answers with the headers and the body that came; ``reads`` whether it waits for the body."""

    def __init__(self, *, reads: bool = True) -> None:
        self._reads = reads
        self.requests = 0
        self.released = asyncio.Event()
        self.released.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        body, is_more = b"", self._reads
        while is_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            is_more = message["more_body"]
        await self.released.wait()
        names = b",".join(name for name, _ in scope["headers"])
        length = str(len(names) + 1 + len(body)).encode()
        headers = [(b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": names + b"|" + body})


@asynccontextmanager
async def serving(
    app: Any, limits: RequestLimits = SMALL, timeouts: ConnectionTimeouts | None = None
) -> AsyncIterator[Client]:
    sock = listen("127.0.0.1", 0)
    guard = ConnectionGuard(50, 50, "", lambda: 0.0)
    http = guarded(guard, timeouts or ConnectionTimeouts(), limits)
    config = uvicorn.Config(app, http=http, ws="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    await until(lambda: server.started)
    reader, writer = await asyncio.open_connection("127.0.0.1", sock.getsockname()[1])
    yield Client(reader, writer)
    writer.close()
    server.should_exit = True
    await task


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *data: bytes) -> None:
        self._writer.write(b"".join(data))
        await self._writer.drain()

    async def flood(self, data: bytes, most: int) -> int:
        """Send ``data`` again and again until the server hangs up; how many bytes it took."""
        sent = 0
        try:
            while sent < most:
                await asyncio.wait_for(self.send(data), PATIENCE_S)
                sent += len(data)
        except ConnectionError:
            pass
        return sent

    async def answer(self) -> bytes:
        """The head and body of one answer."""
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        return head + await asyncio.wait_for(self._reader.readexactly(length), PATIENCE_S)

    async def rest(self) -> bytes:
        """Everything until the end of the connection."""
        try:
            return await asyncio.wait_for(self._reader.read(), PATIENCE_S)
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"X: y\r\n" * 101, b"431"),
        (HEAD + b"X: " + b"y" * 2000 + b"\r\n", b"431"),
        (HEAD + b"X" * 2000 + b": y\r\n", b"431"),
        (b"GET /" + b"a" * 500 + b" HTTP/1.1\r\n", b"414"),
        (b"GET /?" + b"a" * 500 + b" HTTP/1.1\r\n", b"414"),
        (CHUNKED + b"1\r\nx\r\n0\r\n" + b"T: y\r\n" * 101, b"431"),
        (CHUNKED + b"1\r\nx\r\n0\r\nT: " + b"y" * 2000 + b"\r\n", b"431"),
    ],
)
async def test_a_head_or_trailer_over_its_limit_is_refused_before_it_ends(
    sent: bytes, status: bytes
) -> None:
    app = Echo()
    async with serving(app) as client:
        await client.send(sent, b"Z: z\r\n")  # a line is over where the next one begins
        answer = await client.rest()

    assert answer.startswith(b"HTTP/1.1 " + status + b" "), answer
    assert b"Connection: close" in answer


async def test_a_head_within_the_limits_is_served() -> None:
    lines = b"".join(b"X%d: y\r\n" % n for n in range(98))
    async with serving(Echo(), RequestLimits()) as client:
        await client.send(HEAD, lines, b"X: " + b"y" * 60_000, b"\r\n\r\n")
        answer = await client.answer()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"x9") == 9


@pytest.mark.parametrize(
    "endless",
    [
        HEAD + b"X: " + b"y" * 65_536,
        HEAD + b"X" * 65_536,
        CHUNKED + b"1;" + b"e" * 65_536,
        CHUNKED + b"1\r\nx\r\n0\r\nT: " + b"y" * 65_536,
        b"\r\n" * 32_768,
    ],
)
async def test_a_line_that_never_ends_is_not_kept(endless: bytes) -> None:
    async with serving(Echo(), RequestLimits()) as client:
        await client.send(endless[:-60_000])
        took = await client.flood(endless[-60_000:], 100 * MB)

    assert took < 20 * MB  # what the sockets' buffers hold


async def test_trailers_do_not_become_headers() -> None:
    async with serving(Echo()) as client:
        await client.send(CHUNKED, b"2\r\nhi\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
        answer = await client.answer()

    assert answer.endswith(b"\r\n\r\nhost,transfer-encoding|hi")


async def test_a_body_that_never_comes_is_refused() -> None:
    app = Echo()
    timeouts = ConnectionTimeouts(body_s=0.1)
    async with serving(app, timeouts=timeouts) as client:
        await client.send(HEAD, b"Content-Length: 9\r\n\r\nabc")
        answer = await client.rest()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.count(b"HTTP/1.1") == 1


async def test_of_a_body_that_nobody_reads_little_is_taken() -> None:
    async with serving(Echo(reads=False)) as client:
        await client.send(HEAD, b"Content-Length: 100000000\r\n\r\n")
        answer = await client.answer()
        took = await client.flood(b"y" * 100_000, 100 * MB)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert took < 20 * MB


async def test_a_short_body_that_nobody_reads_leaves_the_connection_usable() -> None:
    async with serving(Echo(reads=False)) as client:
        for _ in range(2):
            await client.send(HEAD, b"Content-Length: 500\r\n\r\n", b"y" * 500)
            answer = await client.answer()
            assert answer.startswith(b"HTTP/1.1 200 ")


async def test_pipelined_requests_wait_in_a_short_queue() -> None:
    app = Echo()
    app.released.clear()
    async with serving(app) as client:
        await client.send((HEAD + b"\r\n") * 4)
        await until(lambda: app.requests)
        app.released.set()
        for _ in range(4):
            assert (await client.answer()).startswith(b"HTTP/1.1 200 ")
        app.released.clear()
        await client.flood((HEAD + b"\r\n") * 1000, 100 * MB)
        app.released.set()

    assert app.requests <= 5


async def test_a_connection_that_asks_for_another_protocol_is_answered_and_closed() -> None:
    async with serving(Echo()) as client:
        await client.send(b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
        answer = await client.rest()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


async def test_a_body_has_one_time_limit_however_many_pieces_come() -> None:
    pieces = 0

    async def piece() -> dict[str, Any]:
        nonlocal pieces
        pieces += 1
        if pieces > 3:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"x", "more_body": True}

    receive = BoundedBody({"headers": []}, piece, 1_000_000, within_s=0.1)
    with pytest.raises(BodyTooSlow):
        for _ in range(10):
            await receive()
    with pytest.raises(BodyTooSlow):
        await receive()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    yield Client(reader, writer)
    writer.close()


async def announced(url: str, method: str, path: str, *more: bytes) -> bytes:
    """The answer to a request of which only the head was sent, and which announces 100 MB."""
    async with connected(url) as client:
        await client.send(
            f"{method} {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 100000000\r\n".encode(),
            *more,
            b"\r\n",
        )
        return await client.answer()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/operator/keys", 401),
        ("POST", "/voice/v1/calls", 401),
        ("POST", "/v1/inbound/texts", 401),
        ("POST", "/v1/inbound/heartbeats", 401),
        ("POST", "/createorder", 413),
        ("POST", "/api/l402/place-call", 413),
        ("POST", "/simulator/sms", 413),
        ("POST", "/simulator/node/v1/invoices", 413),
        ("POST", "/simulator/wallet/v2/router/send", 413),
        ("POST", "/simulator/clock/advance", 413),
        ("POST", "/simulator/phones/+12025550123/keys", 413),
        ("PUT", "/simulator/carrier/clips/" + "0" * 64, 413),
        ("POST", "/no-such-address", 404),
    ],
)
async def test_keys_and_sizes_are_judged_before_the_body_comes(
    shared_shop: ShopServer, method: str, path: str, status: int
) -> None:
    answer = await announced(shared_shop.url, method, path)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer


async def test_a_world_apart_has_the_same_limits_and_may_ask_for_a_token(tmp_path: Path) -> None:
    world = await World.open(tmp_path)
    app = create_app(world, token="a-token-of-the-operator")
    show = b"Authorization: Bearer a-token-of-the-operator\r\n"
    try:
        async with served(app) as url:
            shown = await announced(url, "POST", "/simulator/sms", show)
            hidden = await announced(url, "POST", "/simulator/sms")
            wrong = await announced(url, "POST", "/simulator/clock/advance", show[:-3] + b"\r\n")
            money = await announced(url, "POST", "/simulator/node/v1/invoices")
    finally:
        await world.close()

    assert (shown[9:12], hidden[9:12], wrong[9:12], money[9:12]) == (
        b"413", b"401", b"401", b"413",
    )  # fmt: skip
    assert b"BODY_TOO_LARGE" in shown


async def test_only_a_body_that_has_not_arrived_is_read_with_a_time_limit() -> None:
    arrived: list[bool] = []
    echo = Echo()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        arrived.append(HAS_ARRIVED in scope)
        await echo(scope, receive, send)

    async with serving(app) as client:
        await client.send(HEAD, b"Content-Length: 2\r\n\r\nab")
        assert (await client.answer()).endswith(b"|ab")
        await client.send(HEAD, b"Content-Length: 2\r\n\r\na")
        await until(lambda: len(arrived) == 2)
        await client.send(b"b")
        assert (await client.answer()).endswith(b"|ab")
    assert arrived == [True, False]
