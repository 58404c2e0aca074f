"""Who may hold a connection, and for how long without asking for anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from structlog.testing import capture_logs

from ringbolt.cli.connection_guard import LOOPBACK, ConnectionGuard
from ringbolt.cli.guarded_http import ConnectionTimeouts, guarded
from ringbolt.cli.http_server import listen
from support.clients.slow_reader import bytes_read_slowly
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import PATIENCE_S, until


def guard(per_address: int = 2, most: int = 5, trusted: str = "") -> ConnectionGuard:
    return ConnectionGuard(per_address, most, trusted, lambda: 0.0)


def test_an_address_holds_so_many_and_gets_room_again_when_it_lets_one_go() -> None:
    guard_ = guard()
    names = [guard_.admit("203.0.113.1") for _ in range(3)]
    assert names == ["203.0.113.1", "203.0.113.1", None]

    guard_.release("203.0.113.1")
    assert guard_.admit("203.0.113.1") == "203.0.113.1"
    assert guard_.admit("203.0.113.2") == "203.0.113.2"


def test_addresses_of_one_ipv6_network_are_one() -> None:
    guard_ = guard()
    assert guard_.admit("2001:db8:0:1::1") == guard_.admit("2001:db8:0:1::2") == "2001:db8:0:1::/64"
    assert guard_.admit("2001:db8:0:1::3") is None
    assert guard_.admit("2001:db8:0:2::3") is not None


def test_an_ipv4_address_written_as_ipv6_is_the_same() -> None:
    assert guard().admit("::ffff:203.0.113.1") == "203.0.113.1"


@pytest.mark.parametrize(
    ("address", "trusted", "name"),
    [
        ("127.0.0.1", "", LOOPBACK),
        ("::1", "", LOOPBACK),
        ("10.0.0.7", "10.0.0.0/8, 192.0.2.1", ""),
        ("203.0.113.1", "*", ""),
        ("", "", ""),
    ],
)
def test_this_machine_and_trusted_proxies_hold_as_many_as_there_is_room_for(
    address: str, trusted: str, name: str
) -> None:
    guard_ = guard(trusted=trusted)
    assert [guard_.admit(address) for _ in range(6)] == [name] * 5 + [None]


def test_what_is_refused_is_logged_once_a_minute_with_their_number() -> None:
    now_s = 0.0
    guard_ = ConnectionGuard(1, 1, "", lambda: now_s)
    with capture_logs() as logs:
        for _ in range(3):
            guard_.tell("too many")
        now_s = 61.0
        guard_.tell("too many")

    assert [entry["others_since"] for entry in logs] == [0, 2]


OpenToFew = Callable[[float], Awaitable[ShopServer]]


@pytest.fixture
async def open_to_few(tmp_path: Path, speech_dir: Path) -> AsyncIterator[OpenToFew]:
    """Opens a shop that trusts no proxy, and waits so many seconds for a request's head."""
    settings = settings_for(tmp_path / "shop", speech_dir, trusted_proxies="")
    async with AsyncExitStack() as stack:

        async def open_one(head_s: float) -> ShopServer:
            timeouts = ConnectionTimeouts(head_s=head_s)
            return await stack.enter_async_context(running_shop(settings, timeouts))

        yield open_one


async def _connect(shop: ShopServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = shop.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nX: "])
async def test_a_request_whose_head_does_not_come_is_refused_and_ended(
    open_to_few: OpenToFew, begun: bytes
) -> None:
    reader, writer = await _connect(await open_to_few(0.2))
    writer.write(begun)

    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)

    assert answer.startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_the_second_request_of_a_connection_has_as_long_for_its_head(
    open_to_few: OpenToFew,
) -> None:
    reader, writer = await _connect(await open_to_few(3))
    whole = b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n"
    writer.write(whole)
    first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
    writer.write(whole[:20])

    rest = await asyncio.wait_for(reader.read(), PATIENCE_S)

    assert first.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in rest
    writer.close()


async def test_an_answer_on_its_way_is_not_broken_into_by_a_slow_second_head(
    open_to_few: OpenToFew,
) -> None:
    shop = await open_to_few(3)
    wanted = {"country": "germany", "service": "sim-code"}
    order = (await shop.http.post("/createorder", json=wanted)).json()
    reader, writer = await _connect(shop)
    waiting = f"/orderstatus?orderId={order['orderId']}&wait=50"
    writer.write(f"GET {waiting} HTTP/1.1\r\nHost: shop\r\n\r\nGET".encode())

    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)

    assert b"408" not in answer
    writer.close()


async def test_a_connection_too_many_is_turned_away_in_plain_words(
    open_to_few: OpenToFew, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await open_to_few(15)
    monkeypatch.setattr(ConnectionGuard, "admit", lambda _guard, _address: None)

    reader, writer = await _connect(shop)
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Too many connections" in answer
    monkeypatch.undo()
    assert (await shop.http.get("/healthz")).status_code == 200
    writer.close()


async def test_a_proxy_that_is_not_believed_is_warned_of_once(
    open_to_few: OpenToFew,
) -> None:
    shop = await open_to_few(15)
    with capture_logs() as logs:
        for _ in range(3):
            await shop.http.get("/healthz", headers={"X-Forwarded-For": "203.0.113.1"})

    warned = [entry for entry in logs if "RINGBOLT_TRUSTED_PROXIES" in entry["event"]]
    assert len(warned) == 1


@pytest.mark.parametrize(
    "nonsense",
    [b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
)
async def test_a_scanner_does_not_fill_the_log(
    open_to_few: OpenToFew,
    nonsense: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = await open_to_few(0.3)
    with capture_logs() as logs:
        for _ in range(5):
            reader, writer = await _connect(shop)
            writer.write(nonsense)
            answer = await asyncio.wait_for(reader.read(100), PATIENCE_S)
            assert answer.startswith(b"HTTP/1.1 ")
            writer.close()

    assert [entry["peer"] for entry in logs] == ["127.0.0.1"]
    assert not caplog.records


@asynccontextmanager
async def generous(read_s: float) -> AsyncIterator[int]:
    """The port of a server that answers everything with 8 MB, and looks every ``read_s`` seconds
    whether its client reads it."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 8_000_000})

    sock = listen("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(
            answer,
            http=guarded(guard(most=50), ConnectionTimeouts(read_s=read_s)),
            log_config=None,
            lifespan="off",
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await until(lambda: server.started)
    yield sock.getsockname()[1]
    server.should_exit = True
    await serving


async def test_a_client_that_reads_nothing_of_its_answer_is_disconnected() -> None:
    async with generous(read_s=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
        with capture_logs() as logs:
            writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            await until(lambda: logs)

        assert "read nothing" in logs[0]["why"]
        assert await bytes_read_slowly(reader, pause_s=0) < 8_000_000
        writer.close()


async def test_a_client_that_reads_slowly_gets_the_whole_answer() -> None:
    async with generous(read_s=2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=100_000)
        writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
        assert await bytes_read_slowly(reader, pause_s=0.1) > 8_000_000
        writer.close()
