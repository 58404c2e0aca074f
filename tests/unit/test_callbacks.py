"""The routes under which far ends call parts back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx
import pytest
from starlette.applications import Starlette

from ringbolt.api import callbacks
from ringbolt.api.callbacks import callback_prefixes, callback_routes
from ringbolt.core.callback import (
    CallbackRequest,
    CallbackResponse,
    CallbackRoute,
    Handler,
    SupportsCallbacks,
)
from ringbolt.core.errors import Unavailable
from ringbolt.core.keys import Keyring

OLD, NEW = b"a former secret of 32 bytes, yes", b"a present secret of 32 bytes, ye"
KEYRING = Keyring([NEW, OLD])
SHOP = "https://shop.example"


class Part:
    """Is called back at ``/told/{ref}``, and answers as ``handle`` does."""

    def __init__(self, handle: Handler) -> None:
        self.base_url = ""
        self._handle = handle

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        self.base_url = base_url
        return (CallbackRoute("/told/{ref}", self._handle, max_body_bytes=100),)


class Plain:
    """A part that is never called back."""


Call = Callable[..., Awaitable[httpx.Response]]


def calling(part: object, keyring: Keyring = KEYRING) -> Call:
    """Calls a part back, as its far end does."""
    routes = callback_routes(keyring, SHOP, [("voice", "part", part), ("sms", "x", Plain())])
    transport = httpx.ASGITransport(Starlette(routes=routes), raise_app_exceptions=False)

    async def call(url: str, body: bytes = b"", method: str = "POST") -> httpx.Response:
        async with httpx.AsyncClient(transport=transport) as http:
            return await http.request(method, url, content=body, headers={"X-Signature": "s"})

    return call


async def test_a_part_hears_the_request_as_its_far_end_made_it() -> None:
    heard: list[CallbackRequest] = []

    async def handle(request: CallbackRequest) -> CallbackResponse:
        heard.append(request)
        return CallbackResponse(200, b"<Response/>", "text/xml")

    part = Part(handle)
    call = calling(part)
    assert isinstance(part, SupportsCallbacks)
    url = f"{part.base_url}/told/a%20b?x=1&y="

    answer = await call(url, b"CallStatus=ringing")

    assert (answer.status_code, answer.text) == (200, "<Response/>")
    assert answer.headers["content-type"] == "text/xml"
    [request] = heard
    assert (request.method, request.body) == ("POST", b"CallStatus=ringing")
    assert request.url == url
    assert request.params == {"ref": "a b"}
    assert request.query == (("x", "1"), ("y", ""))
    assert request.headers["x-signature"] == "s"


async def _fine(request: CallbackRequest) -> CallbackResponse:
    return CallbackResponse()


async def test_only_the_exact_address_is_served() -> None:
    part = Part(_fine)
    call = calling(part)
    prefix, _, token = part.base_url.rpartition("/")
    assert prefix == f"{SHOP}/callbacks/voice/part"
    reported = await call(f"{part.base_url}/told/1")
    assert reported.status_code == 204
    assert "content-length" not in reported.headers
    for url in (
        f"{prefix}/told/1",
        f"{prefix}/{'0' * len(token)}/told/1",
        f"{part.base_url}/other",
        f"{prefix}/{token[:-1]}/told/1",
    ):
        assert (await call(url)).status_code == 404
    assert (await call(f"{part.base_url}/told/1", method="GET")).status_code == 405


async def test_the_address_follows_from_the_secret_and_the_name_alone() -> None:
    [present, former] = callback_prefixes(KEYRING, "voice", "part")
    assert callback_prefixes(Keyring([OLD]), "voice", "part") == [former]
    others = {
        callback_prefixes(KEYRING, area, name)[0].rpartition("/")[2]
        for area, name in (("voice", "part"), ("sms", "part"), ("voice", "part2"))
    }
    assert len(others) == 3
    assert len(present.rpartition("/")[2]) == 64


async def test_calls_placed_under_a_former_secret_are_still_reported() -> None:
    before = Part(_fine)
    calling(before, Keyring([OLD]))
    assert (await calling(Part(_fine))(f"{before.base_url}/told/1")).status_code == 204


async def test_a_large_body_is_refused() -> None:
    part = Part(_fine)
    call = calling(part)
    assert (await call(f"{part.base_url}/told/1", b"x" * 100)).status_code == 204
    assert (await call(f"{part.base_url}/told/1", b"x" * 101)).status_code == 413


async def test_the_answer_waits_for_the_handler() -> None:
    committed = asyncio.Event()

    async def handle(request: CallbackRequest) -> CallbackResponse:
        await committed.wait()
        return CallbackResponse()

    part = Part(handle)
    call = calling(part)
    answering = asyncio.ensure_future(call(f"{part.base_url}/told/1"))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not answering.done()
    committed.set()
    assert (await answering).status_code == 204


@pytest.mark.parametrize(
    ("error", "status"), [(Unavailable("the disk is full"), 503), (ValueError("a fault"), 500)]
)
async def test_what_was_not_committed_is_not_acknowledged(error: Exception, status: int) -> None:
    async def handle(request: CallbackRequest) -> CallbackResponse:
        raise error

    part = Part(handle)
    answer = await calling(part)(f"{part.base_url}/told/1")
    assert answer.status_code == status
    assert answer.content == b""
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_handler_that_takes_too_long_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(callbacks, "HANDLE_S", 0.05)

    async def handle(request: CallbackRequest) -> CallbackResponse:
        await asyncio.Event().wait()
        return CallbackResponse()

    part = Part(handle)
    assert (await calling(part)(f"{part.base_url}/told/1")).status_code == 503
