"""Requests to receivers that nobody vouches for: what is sent, what is believed, what it costs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from ringbolt.upstream import tls as tls_trust
from ringbolt.upstream.fetch.vetted import vet_url
from ringbolt.upstream.fetch.webhook_client import Answered, HostBusy, NoAnswer, WebhookClient
from support.servers.sites import Names, Site, body, listening, raw_site, self_signed, site
from support.waiting import PATIENCE_S, until

BODY = b'{"status":"OK"}'


@asynccontextmanager
async def calling(
    *origins: str, names: Names | None = None, per_machine: int = 16
) -> AsyncIterator[WebhookClient]:
    caller = WebhookClient(
        origins,
        allow_http=False,
        per_receiver=2,
        per_machine=per_machine,
        user_agent="Ringbolt",
        resolver=names,
    )
    try:
        yield caller
    finally:
        await caller.close()


async def call(
    caller: WebhookClient, url: str, timeout_s: float = PATIENCE_S
) -> Answered | NoAnswer | HostBusy:
    return await caller.call("POST", url, {"webhook-id": "msg_1"}, BODY, timeout_s)


async def test_the_body_and_headers_arrive_and_the_status_comes_back() -> None:
    async with site(body(b"thanks", 202)) as receiver, calling(receiver.origin) as caller:
        answer = await call(caller, f"{receiver.origin}/hook?a=1")
        assert isinstance(answer, Answered)
        assert answer.status == 202
        (request,) = receiver.requests
        assert (request.method, request.path_qs) == ("POST", "/hook?a=1")
        assert request.headers["webhook-id"] == "msg_1"
        assert request.headers["User-Agent"] == "Ringbolt"


async def test_a_get_has_no_body() -> None:
    async with site(body(b"")) as receiver, calling(receiver.origin) as caller:
        await caller.call("GET", f"{receiver.origin}/?digits=1%23", {}, b"", PATIENCE_S)
        (request,) = receiver.requests
        assert request.method == "GET"
        assert request.path_qs == "/?digits=1%23"
        assert "Content-Type" not in request.headers


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 30, 999_999_999),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
    ],
)
async def test_retry_after_in_seconds(text: str, seconds: int | None) -> None:
    answers = body(b"", 503, Retry_After=text)
    async with site(answers) as receiver, calling(receiver.origin) as caller:
        answer = await call(caller, receiver.origin)
        assert isinstance(answer, Answered)
        assert answer.retry_after_s == seconds


@pytest.mark.parametrize(("ahead_s", "least", "most"), [(86_400, 80_000, 86_400), (-300, 0, 0)])
async def test_retry_after_as_a_date(ahead_s: int, least: int, most: int) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True)
    answers = body(b"", 503, Retry_After=at)
    async with site(answers) as receiver, calling(receiver.origin) as caller:
        answer = await call(caller, receiver.origin)
        assert isinstance(answer, Answered)
        assert answer.retry_after_s is not None
        assert least <= answer.retry_after_s <= most


async def test_an_answer_without_end_counts_by_its_status_and_is_not_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
    async with raw_site(head, drip=b"x" * 65536) as origin, calling(origin) as caller:
        answer = await call(caller, origin)
        assert isinstance(answer, Answered)
        assert answer.status == 200


async def test_an_answer_whose_body_never_comes_counts_by_its_status() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    async with raw_site(head) as origin, calling(origin) as caller:
        answer = await call(caller, origin)
        assert isinstance(answer, Answered)
        assert answer.status == 200


async def test_who_says_nothing_is_left_in_time() -> None:
    async with raw_site(b"") as origin, calling(origin) as caller:
        answer = await call(caller, origin, timeout_s=0.2)
        assert answer == NoAnswer("no answer within 0.2 seconds", answer.took_ms)  # type: ignore[union-attr]


@pytest.mark.parametrize("reply", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 hello\r\n\r\n"])
async def test_what_is_not_http_is_no_answer(reply: bytes) -> None:
    async with raw_site(reply) as origin, calling(origin) as caller:
        answer = await call(caller, origin)
        assert isinstance(answer, NoAnswer)


async def test_a_closed_port_is_no_answer() -> None:
    async with site(body(b"")) as receiver:
        origin = receiver.origin
    async with calling(origin) as caller:
        answer = await call(caller, origin)
        assert isinstance(answer, NoAnswer)
        assert answer.reason == "127.0.0.1 does not accept the connection"


async def test_a_name_that_turns_private_is_not_connected_to() -> None:
    names = Names(hooks_example=[["127.0.0.1"]])
    async with calling(names=names) as caller:
        answer = await call(caller, "https://hooks.example/x")
        assert isinstance(answer, NoAnswer)
        assert answer.reason == "hooks.example is not on the public Internet"


async def test_plain_http_is_refused_unless_it_is_allowed() -> None:
    async with calling() as caller:
        answer = await call(caller, "http://hooks.example/x")
        assert isinstance(answer, NoAnswer)
        assert "https" in answer.reason


async def test_a_connection_is_used_again_at_once() -> None:
    seen: set[object] = set()

    async with counting(seen) as origin, calling(origin) as caller:
        for _ in range(5):
            assert isinstance(await call(caller, origin), Answered)
    assert len(seen) == 1


async def test_a_kept_connection_that_ends_as_it_is_used_again_does_no_harm() -> None:
    seen: set[object] = set()
    async with counting(seen, requests_each=1) as origin, calling(origin) as caller:
        for _ in range(3):
            assert isinstance(await call(caller, origin), Answered)
    assert len(seen) == 3


@asynccontextmanager
async def counting(seen: set[object], requests_each: int = 100) -> AsyncIterator[str]:
    """A receiver that keeps connections, each for so many answers: after the next request it ends
    without a word."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.add(writer)
        try:
            for n in range(requests_each + 1):
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(BODY))
                if n < requests_each:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async with listening(serve) as origin:
        yield origin


@asynccontextmanager
async def reluctant() -> AsyncIterator[tuple[Site, asyncio.Event]]:
    """A site whose path /slow answers nobody until the event is set."""
    go_on = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/slow":
            await go_on.wait()
        return web.Response()

    async with site(answer) as receiver:
        yield receiver, go_on
        go_on.set()


async def test_more_than_so_many_at_once_are_asked_to_come_back() -> None:
    async with reluctant() as (receiver, go_on), calling(receiver.origin) as caller:
        url = f"{receiver.origin}/slow"
        first = [asyncio.create_task(call(caller, url, PATIENCE_S)) for _ in range(2)]
        await until(lambda: len(receiver.requests) == 2)
        more = await asyncio.gather(*(call(caller, url, PATIENCE_S) for _ in range(10)))
        go_on.set()

        assert all(isinstance(answer, HostBusy) for answer in more)
        assert all(isinstance(answer, Answered) for answer in await asyncio.gather(*first))


async def test_a_slow_path_does_not_stop_the_others_of_its_host() -> None:
    async with reluctant() as (receiver, go_on), calling(receiver.origin) as caller:
        url = f"{receiver.origin}/slow"
        first = [asyncio.create_task(call(caller, url, PATIENCE_S)) for _ in range(2)]
        await until(lambda: len(receiver.requests) == 2)
        more = await call(caller, f"{url}?order=3", PATIENCE_S)
        others = [await call(caller, f"{receiver.origin}/well") for _ in range(10)]
        go_on.set()

        assert isinstance(more, HostBusy), "the query is no other receiver"
        assert all(isinstance(other, Answered) for other in others)
        assert all(isinstance(each, Answered) for each in await asyncio.gather(*first))


async def test_a_machine_has_its_turns_however_many_names_it_has() -> None:
    async with reluctant() as (receiver, go_on), site(body(b""), "127.0.0.2") as other:
        names = Names(**{f"n{n}_example": [["127.0.0.1"]] for n in range(3)})
        urls = [f"http://n{n}.example:{receiver.port}" for n in range(3)]
        async with calling(*urls, other.origin, names=names, per_machine=2) as caller:
            first = [asyncio.create_task(call(caller, f"{url}/slow")) for url in urls[:2]]
            await until(lambda: len(receiver.requests) == 2)
            more = await call(caller, f"{urls[2]}/slow")
            elsewhere = await call(caller, other.origin)
            go_on.set()

            assert isinstance(more, HostBusy)
            assert isinstance(elsewhere, Answered)
            assert all(isinstance(each, Answered) for each in await asyncio.gather(*first))


async def test_who_is_sent_away_by_the_machine_keeps_no_turn_of_the_receiver() -> None:
    async with (
        reluctant() as (receiver, go_on),
        calling(receiver.origin, per_machine=1) as caller,
    ):
        first = asyncio.create_task(call(caller, f"{receiver.origin}/slow"))
        await until(lambda: len(receiver.requests) == 1)
        away = [await call(caller, f"{receiver.origin}/well") for _ in range(3)]
        go_on.set()
        await first

        assert all(isinstance(each, HostBusy) for each in away)
        assert isinstance(await call(caller, f"{receiver.origin}/well"), Answered)


async def test_a_name_is_asked_for_once_and_its_receiver_hears_that_name() -> None:
    async with site(body(b"")) as first, site(body(b""), "127.0.0.2", first.port) as second:
        names = Names(rebind_example=[["127.0.0.1"], ["127.0.0.2"]])
        origin = f"http://rebind.example:{first.port}"
        async with calling(origin, names=names) as caller:
            assert isinstance(await call(caller, f"{origin}/hook"), Answered)

        assert names.asked == ["rebind.example"]
        (request,) = first.requests
        assert request.headers.getall("Host") == [f"rebind.example:{first.port}"]
        assert not second.requests


async def test_where_one_address_refuses_the_next_is_tried() -> None:
    async with site(body(b"")) as receiver:
        names = Names(two_example=[["127.0.0.3", "127.0.0.1"]])
        origin = f"http://two.example:{receiver.port}"
        async with calling(origin, names=names) as caller:
            assert isinstance(await call(caller, origin), Answered)
        assert len(receiver.requests) == 1


async def test_a_certificate_must_be_of_the_name_though_the_address_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting = ssl.create_default_context()
    tls = self_signed(tmp_path, "good.example")
    trusting.load_verify_locations(tmp_path / "server.pem")
    monkeypatch.setattr(tls_trust, "_context", lambda _: trusting)
    async with site(body(b""), tls=tls) as receiver:
        names = Names(good_example=[["127.0.0.1"]], evil_example=[["127.0.0.1"]])
        good, evil = (f"https://{name}.example:{receiver.port}" for name in ("good", "evil"))
        async with calling(good, evil, names=names) as caller:
            assert isinstance(await call(caller, good), Answered)
            answer = await call(caller, evil)

        assert isinstance(answer, NoAnswer)
        assert answer.reason == "the certificate of evil.example is not valid"


async def test_a_name_that_is_allowed_opens_its_address_to_no_other_name() -> None:
    async with site(body(b"")) as receiver:
        names = Names(good_example=[["127.0.0.1"]], evil_example=[["127.0.0.1"]])
        good, evil = (f"http://{name}.example:{receiver.port}" for name in ("good", "evil"))
        caller = WebhookClient(
            [good], allow_http=True, per_receiver=2, per_machine=4, user_agent="", resolver=names
        )
        assert isinstance(await call(caller, good), Answered)
        for url in (evil, receiver.origin):
            refused = await call(caller, url)
            assert isinstance(refused, NoAnswer)
            assert "public" in refused.reason
        await caller.close()
        assert len(receiver.requests) == 1


async def test_who_does_not_answer_in_time_gives_its_turn_back() -> None:
    async with raw_site(b"") as origin, calling(origin) as caller:
        silent = [call(caller, origin, 0.2) for _ in range(2)]
        assert all(isinstance(answer, NoAnswer) for answer in await asyncio.gather(*silent))
        assert isinstance(await call(caller, origin, 0.2), NoAnswer)


def test_path_and_query_leave_as_they_were_written() -> None:
    written = "https://shop.example/a%2Fb/%41/..;x/./y//hook?x=1&b=%2F%20+&flag&q=%41"

    assert str(vet_url(written, frozenset())) == written
    assert str(vet_url("https://shop.example/é?ü#z", frozenset())) == (
        "https://shop.example/%C3%A9?%C3%BC"
    )
