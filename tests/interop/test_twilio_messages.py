"""The messages of the world's Twilio-compatible API, by the vendor's own client and validator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from support.servers.twilio import PATH, SID, TOKEN, change_account
from support.servers.world import WorldServer, running_world
from support.waiting import until

T = TypeVar("T")
BERLIN = "+4915112345678"


class Elsewhere(TwilioHttpClient):  # type: ignore[misc]
    """Sends to the world what is meant for the vendor."""

    def __init__(self, url: str) -> None:
        super().__init__(pool_connections=False)
        self._to = url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        there = url.replace("https://api.twilio.com", f"{self._to}{PATH}")
        return super().request(method, there, *args, **kwargs)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path / "world", speed=20) as running:
        yield running


@pytest.fixture
def client(world: WorldServer) -> Client:
    return Client(SID, TOKEN, http_client=Elsewhere(world.url))


@asynccontextmanager
async def customer() -> AsyncIterator[tuple[str, list[tuple[dict[str, str], str]]]]:
    """Somebody who is called back: where, and what was posted (form, signature)."""
    posted: list[tuple[dict[str, str], str]] = []

    async def take(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        posted.append((form, request.headers["X-Twilio-Signature"]))
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.post("/{path:.*}", take)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/status?a=b", posted
    await runner.cleanup()


async def done(call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """The client waits, so it does in a thread."""
    return await asyncio.to_thread(call, *args, **kwargs)


async def test_a_message_is_created_fetched_and_listed(client: Client) -> None:
    made = await done(client.messages.create, to=BERLIN, from_="Ringbolt", body="Hello & бай")

    assert made.sid is not None
    assert made.sid.startswith("SM")
    assert (made.status, made.direction, made.num_segments) == ("queued", "outbound-api", "1")
    assert (made.price, made.price_unit, made.error_code) == (None, "USD", None)

    async def fetched() -> Any:
        return await done(client.messages(made.sid or "").fetch)

    for _ in range(1000):
        later = await fetched()
        if later.status == "delivered" and later.price is not None:
            break
    assert (later.status, later.price, later.body) == ("delivered", "-0.0085", "Hello & бай")
    assert later.date_created is not None
    assert [each.sid for each in await done(client.messages.list, to=BERLIN)] == [made.sid]
    assert await done(client.messages.list, to="+4915100000000") == []


async def test_a_list_of_several_pages_is_read_to_its_end(client: Client) -> None:
    made = [
        await done(client.messages.create, to=BERLIN, from_="Ringbolt", body=f"No {n}")
        for n in range(5)
    ]

    listed = await done(client.messages.list, to=BERLIN, page_size=2)

    assert [each.sid for each in listed] == [each.sid for each in reversed(made)]


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("12345", 400, 21211),
        ("+1234567830", 400, 21610),
        ("+1234567831", 400, 21614),
        ("+1234567805", 400, 21408),
        ("+1234567806", 429, 20429),
    ],
)
async def test_refusals_are_the_vendors_errors(
    client: Client, number: str, status: int, code: int
) -> None:
    with pytest.raises(TwilioRestException) as error:
        await done(client.messages.create, to=number, from_="Ringbolt", body="Hello")

    assert (error.value.status, error.value.code) == (status, code)


async def test_a_wrong_token_is_refused(client: Client, world: WorldServer) -> None:
    await done(client.messages.list)
    stranger = Client(SID, "another token", http_client=Elsewhere(world.url))

    with pytest.raises(TwilioRestException) as error:
        await done(stranger.messages.create, to=BERLIN, from_="Ringbolt", body="Hello")

    assert error.value.status == 401


async def test_status_callbacks_are_signed_as_the_vendor_signs(client: Client) -> None:
    async with customer() as (url, posted):
        made = await done(
            client.messages.create, to=BERLIN, from_="Zoë", body="Hello", status_callback=url
        )
        await until(lambda: len(posted) == 2)

    validator = RequestValidator(TOKEN)
    assert [form["MessageStatus"] for form, _ in posted] == ["sent", "delivered"]
    for form, signature in posted:
        assert (form["MessageSid"], form["To"]) == (made.sid, BERLIN)
        assert validator.validate(url, form, signature)
        assert not RequestValidator("another").validate(url, form, signature)


async def test_a_failed_message_says_why(client: Client) -> None:
    async with customer() as (url, posted):
        await done(
            client.messages.create,
            to="+1234567804",
            from_="Ringbolt",
            body="Hello",
            status_callback=url,
        )
        await until(lambda: posted)

    [(form, _)] = posted
    assert (form["MessageStatus"], form["ErrorCode"]) == ("failed", "30008")


async def test_a_text_to_a_number_of_the_account_is_posted(
    client: Client, world: WorldServer
) -> None:
    async with customer() as (url, posted):
        number = await done(
            client.incoming_phone_numbers.create, phone_number="+12025550199", sms_url=url
        )
        text = {"to": "+12025550199", "from": "+12025550111", "text": "Your code is 4711"}
        async with aiohttp.ClientSession() as http:
            await http.post(f"{world.url}/simulator/sms", json=text)
        await until(lambda: posted)

    [(form, signature)] = posted
    assert number.sid is not None
    assert (form["From"], form["To"]) == ("+12025550111", "+12025550199")
    assert (form["Body"], form["NumMedia"]) == ("Your code is 4711", "0")
    assert RequestValidator(TOKEN).validate(url, form, signature)
    [listed] = await done(client.messages.list, to="+12025550199")
    assert (listed.direction, listed.status) == ("inbound", "received")


async def test_an_account_can_be_made_to_fail(client: Client, world: WorldServer) -> None:
    await done(client.messages.list)
    await change_account(world.url, replies=[(500, True), (502, False)])

    for status in (500, 502):
        with pytest.raises(TwilioRestException) as error:
            await done(client.messages.create, to=BERLIN, from_="Ringbolt", body="Hello")
        assert error.value.status == status

    assert len(await done(client.messages.list, to=BERLIN)) == 1
