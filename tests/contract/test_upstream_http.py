"""What the outgoing client makes of far ends that answer, refuse, stall, break off or babble."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from ringbolt.upstream.exchange import Answer, Fault, Lost, NeverSent
from ringbolt.upstream.tls import SYSTEM, authority, pinned
from support.servers.far_end import (
    OK,
    Reply,
    breaking_first,
    client,
    far_end,
    hang_up,
    response,
    saying,
    stall,
)
from support.servers.ports import HeldPort
from support.servers.sites import self_signed
from support.waiting import PATIENCE_S, until

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


async def test_it_sends_what_it_is_asked_to_send() -> None:
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
