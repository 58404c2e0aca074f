"""The fetcher against servers that behave, and against servers that do not."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from ringbolt.core.errors import AudioUnplayable
from ringbolt.upstream.fetch.fetcher import FetchedFile
from ringbolt.upstream.fetch.safe import SafeFetcher
from ringbolt.upstream.fetch.vetted import RefusedAddressError, VettingResolver, vetted_connector
from support.servers.sites import Names, body, raw_site, redirect, self_signed, site
from support.waiting import PATIENCE_S, until

SOUND = bytes(range(256)) * 40


async def fetch(
    url: str,
    into: Path,
    *allowed: str,
    max_bytes: int = 1_000_000,
    timeout_s: float = PATIENCE_S,
    cut: bool = False,
    allow_http: bool = False,
    names: Names | None = None,
) -> FetchedFile:
    fetcher = SafeFetcher(frozenset(allowed), allow_http, "Ringbolt-Test/1", names)
    try:
        return await fetcher.fetch(url, into, max_bytes=max_bytes, timeout_s=timeout_s, cut=cut)
    finally:
        await fetcher.close()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "body"


async def refused(url: str, into: Path, *allowed: str, **options: object) -> AudioUnplayable:
    with pytest.raises(AudioUnplayable) as refusal:
        await fetch(url, into, *allowed, **options)  # type: ignore[arg-type]
    assert not into.exists(), "nothing may be left behind"
    return refusal.value


async def test_a_file_is_stored_as_it_came(into: Path) -> None:
    async with site(body(SOUND, Content_Type="audio/mpeg")) as server:
        file = await fetch(f"{server.origin}/a.mp3", into, server.origin)

    assert into.read_bytes() == SOUND
    assert file == FetchedFile(into, len(SOUND), "audio/mpeg", complete=True)
    assert into.stat().st_mode & 0o777 == 0o600


async def test_the_request_carries_no_secrets_and_asks_for_no_compression(into: Path) -> None:
    async with site(body(SOUND, Set_Cookie="a=b")) as server:
        await fetch(server.origin, into, server.origin)
        headers = server.requests[0].headers

    assert headers["User-Agent"] == "Ringbolt-Test/1"
    assert headers["Accept-Encoding"] == "identity"
    assert not {"Cookie", "Authorization", "Referer"} & set(headers)


async def test_cookies_are_not_kept(into: Path) -> None:
    async with site(body(SOUND, Set_Cookie="a=b; Path=/")) as server:
        fetcher = SafeFetcher(frozenset({server.origin}), False, "Test")
        for _ in range(2):
            await fetcher.fetch(server.origin, into, max_bytes=100_000, timeout_s=PATIENCE_S)
        await fetcher.close()

        assert "Cookie" not in server.requests[1].headers


@pytest.mark.parametrize(
    ("status", "retryable"), [(404, False), (403, False), (429, True), (500, True), (503, True)]
)
async def test_an_error_names_the_status_and_keeps_no_content(
    into: Path, status: int, retryable: bool
) -> None:
    async with site(body(b"secret stack trace", status)) as server:
        error = await refused(server.origin, into, server.origin)

    assert error.code == "AUDIO_FETCH_FAILED"
    assert str(status) in error.message
    assert "secret" not in error.message
    assert error.retryable is retryable


async def test_a_server_that_says_nothing_is_given_up(into: Path) -> None:
    async with raw_site(b"") as origin:
        error = await refused(origin, into, origin, timeout_s=0.2)

    assert error.code == "AUDIO_FETCH_TIMEOUT"
    assert error.retryable


@pytest.mark.parametrize(
    ("reply", "drip"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    ],
    ids=["body", "headers"],
)
async def test_a_slow_drip_is_given_up_in_time(into: Path, reply: bytes, drip: bytes) -> None:
    async with raw_site(reply, drip) as origin:
        error = await refused(origin, into, origin, timeout_s=0.3)

    assert error.code == "AUDIO_FETCH_TIMEOUT"


async def test_an_endless_body_is_too_large(into: Path) -> None:
    async with raw_site(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536) as origin:
        error = await refused(origin, into, origin, max_bytes=300_000)

    assert error.code == "AUDIO_TOO_LARGE"


async def test_a_probe_cuts_an_endless_body(into: Path) -> None:
    async with raw_site(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536) as origin:
        file = await fetch(origin, into, origin, max_bytes=300_000, cut=True)

    assert (file.size, file.complete) == (300_000, False)
    assert into.stat().st_size == 300_000


@pytest.mark.parametrize("cut", [True, False])
async def test_a_body_of_just_the_limit_is_complete(into: Path, cut: bool) -> None:
    async with site(body(SOUND)) as server:
        file = await fetch(server.origin, into, server.origin, max_bytes=len(SOUND), cut=cut)

    assert (file.size, file.complete) == (len(SOUND), True)


async def test_a_body_that_announces_too_much_is_not_read(into: Path) -> None:
    async with raw_site(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n") as origin:
        error = await refused(origin, into, origin)

    assert error.code == "AUDIO_TOO_LARGE"


async def test_a_body_that_breaks_off_is_an_error(into: Path) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b"x" * 1000)
        assert request.transport is not None
        request.transport.abort()
        return response

    async with site(answer) as server:
        error = await refused(server.origin, into, server.origin)

    assert error.code == "AUDIO_FETCH_FAILED"


async def test_what_is_not_http_is_an_error(into: Path) -> None:
    async with raw_site(b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as origin:
        error = await refused(origin, into, origin)

    assert error.code == "AUDIO_FETCH_FAILED"


async def test_a_closed_port_is_an_error(into: Path) -> None:
    async with raw_site(b"") as origin:
        closed = origin
    error = await refused(closed, into, closed)

    assert error.code == "AUDIO_FETCH_FAILED"
    assert error.retryable


async def test_a_name_that_does_not_exist_is_an_error(into: Path) -> None:
    class NoNames(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    error = await refused("https://nowhere.example/", into, names=NoNames())

    assert error.code == "AUDIO_FETCH_FAILED"
    assert "nowhere.example" in error.message


async def test_loopback_is_refused_where_it_is_not_allowed(into: Path) -> None:
    async with site(body(SOUND)) as server:
        error = await refused(server.origin, into, allow_http=True)

        assert error.code == "AUDIO_URL_PRIVATE"
        assert not server.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(into: Path, status: int) -> None:
    async with site(body(SOUND)) as last, site(redirect(f"{last.origin}/b", status)) as first:
        await fetch(first.origin, into, first.origin, last.origin)

    assert into.read_bytes() == SOUND


async def test_a_relative_redirect_is_followed(into: Path) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        go_on = request.path == "/a/b"
        return web.Response(body=SOUND) if not go_on else await redirect("../c?d=1")(request)

    async with site(answer) as server:
        await fetch(f"{server.origin}/a/b", into, server.origin)

        assert str(server.requests[1].rel_url) == "/c?d=1"


async def test_an_allowed_name_is_resolved_by_the_system(into: Path) -> None:
    async with site(body(SOUND)) as server:
        origin = f"http://localhost:{server.port}"
        await fetch(origin, into, origin)

    assert into.read_bytes() == SOUND


async def test_a_certificate_that_nobody_vouches_for_is_refused(into: Path, tmp_path: Path) -> None:
    async with site(body(SOUND), tls=self_signed(tmp_path)) as server:
        error = await refused(server.origin, into, server.origin)

        assert error.code == "AUDIO_FETCH_FAILED"
        assert "certificate" in error.message
        assert not server.requests


async def test_a_redirect_to_a_private_address_is_refused(into: Path) -> None:
    async with site(body(SOUND)) as inside, site(redirect(inside.origin)) as first:
        error = await refused(first.origin, into, first.origin, allow_http=True)

        assert error.code == "AUDIO_URL_PRIVATE"
        assert not inside.requests


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "INVALID_AUDIO_URL"),  # http is not allowed
        ("https://169.254.169.254/", "AUDIO_URL_PRIVATE"),
        ("https://0x7f.1/", "AUDIO_URL_PRIVATE"),
        ("https://localhost/", "AUDIO_URL_PRIVATE"),
        ("file:///etc/passwd", "INVALID_AUDIO_URL"),
        ("https://user:pw@example.com/", "INVALID_AUDIO_URL"),
        ("http://example.com/", "INVALID_AUDIO_URL"),
        ("", "AUDIO_FETCH_FAILED"),
        ("https://[::1", "AUDIO_FETCH_FAILED"),
    ],
)
async def test_a_redirect_is_vetted_like_a_url(into: Path, location: str, code: str) -> None:
    async with site(redirect(location)) as server:
        error = await refused(server.origin, into, server.origin)

    assert error.code == code


async def test_a_redirect_loop_ends(into: Path) -> None:
    async with site(redirect("/again")) as server:
        error = await refused(server.origin, into, server.origin)

        assert error.code == "AUDIO_FETCH_FAILED"
        assert "more than 8 times" in error.message
        assert len(server.requests) == 9


async def test_as_many_redirects_as_podcasts_have_are_followed(into: Path) -> None:
    """Each to another host, as the counters of listeners do."""
    async with AsyncExitStack() as stack:
        sites = [await stack.enter_async_context(site(body(SOUND)))]
        for _ in range(8):
            before = redirect(f"{sites[-1].origin}/a.mp3?from=x%2Fy&sig=1")
            sites.append(await stack.enter_async_context(site(before)))
        await fetch(sites[-1].origin, into, *(each.origin for each in sites))

    assert into.read_bytes() == SOUND


async def test_the_last_of_many_redirects_is_vetted_too(into: Path) -> None:
    async with site(body(SOUND)) as inside, site(redirect(inside.origin)) as last:
        async with site(redirect(last.origin)) as first:
            allowed = first.origin, last.origin
            error = await refused(first.origin, into, *allowed, allow_http=True)

        assert error.code == "AUDIO_URL_PRIVATE"
        assert not inside.requests


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"]],
)
async def test_a_name_with_any_private_address_is_refused(into: Path, addresses: list[str]) -> None:
    names = Names(evil_example=[addresses])

    error = await refused("https://evil.example/a.mp3", into, names=names)

    assert error.code == "AUDIO_URL_PRIVATE"
    assert "evil.example" in error.message


async def test_a_request_asks_for_the_address_once_and_connects_to_it(into: Path) -> None:
    async with (
        site(body(b"first")) as first,
        site(body(b"second"), "127.0.0.2", first.port) as second,
    ):
        names = Names(rebind_example=[["127.0.0.1"], ["127.0.0.2"]])
        origin = f"http://rebind.example:{first.port}"
        await fetch(origin, into, origin, names=names)

        assert into.read_bytes() == b"first"
        assert names.asked == ["rebind.example"]
        assert not second.requests


async def test_an_address_is_never_older_than_its_request(into: Path) -> None:
    names = Names(site_example=[["127.0.0.1"]])
    async with site(body(SOUND)) as server:
        origin = f"http://site.example:{server.port}"
        fetcher = SafeFetcher(frozenset({origin}), False, "Test", names)
        for _ in range(2):
            await fetcher.fetch(origin, into, max_bytes=100_000, timeout_s=PATIENCE_S)
        await fetcher.close()

    assert names.asked == ["site.example"] * 2


async def test_every_connection_is_vetted_again() -> None:
    names = Names(rebind_example=[["93.184.216.34"], ["127.0.0.1"]])
    vetting = VettingResolver(frozenset(), names)

    first = await vetting.resolve("rebind.example", 443)

    assert [entry["host"] for entry in first] == ["93.184.216.34"]
    with pytest.raises(RefusedAddressError):
        await vetting.resolve("rebind.example", 443)


async def test_an_allowed_name_opens_no_other_name(into: Path) -> None:
    async with site(body(SOUND)) as server:
        names = Names(good_example=[["127.0.0.1"]], evil_example=[["127.0.0.1"]])
        error = await refused(
            f"http://evil.example:{server.port}/",
            into,
            f"http://good.example:{server.port}",
            allow_http=True,
            names=names,
        )

        assert error.code == "AUDIO_URL_PRIVATE"
        assert not server.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433"])
async def test_the_connector_alone_refuses_an_address_written_out(host: str) -> None:
    # An address in a URL by-passes the resolver; the connector judges its sockets as well.
    async with aiohttp.ClientSession(connector=vetted_connector(VettingResolver(()))) as session:
        with pytest.raises(aiohttp.ClientError) as refusal:
            await session.get(f"http://{host}:9/")

    cause = getattr(refusal.value, "os_error", None)
    assert isinstance(cause, RefusedAddressError) or isinstance(refusal.value, aiohttp.InvalidURL)


async def test_a_cancelled_fetch_leaves_nothing(into: Path) -> None:
    async with raw_site(b"HTTP/1.1 200 OK\r\n\r\n", b"x") as origin:
        task = asyncio.create_task(fetch(origin, into, origin))
        await until(into.exists)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert not into.exists()
