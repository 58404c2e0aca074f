"""A shop that is killed at every single request between it and its Twilio account: those for calls,
callbacks, and what the account fetches; right before each arrives, and right after it was answered.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_buyer import PatientBuyer
from support.clients.phones import Phones
from support.contracts.twilio_calls import ACCOUNT, API, TOKEN
from support.processes.shop import ServerProcess, world_process
from support.waiting import LONG_S, PATIENCE_S, eventually

pytestmark = pytest.mark.usefixtures("spoken")

MOST_REQUESTS = 20
AT_LEAST = 6
"""The request for a call, the callbacks of its four states, the audio; and then the keys."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with world_process(tmp_path_factory.mktemp("world"), 10) as process:
        yield process


class Between:
    """Passes every request on, in both directions, and kills the shop at the ``kill_at``-th."""

    def __init__(self, world: ServerProcess) -> None:
        self.url = ""
        self.shop: ServerProcess
        self.seen: list[str] = []
        self.kill_at = 0
        self.is_before = True
        self.killed = asyncio.Event()
        self._world = world
        self._http: aiohttp.ClientSession

    def expect(self, kill_at: int, *, is_before: bool) -> None:
        self.kill_at, self.is_before, self.seen = kill_at, is_before, []
        self.killed = asyncio.Event()

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        is_counted = request.path.startswith((API, "/callbacks", "/audio"))
        if is_counted:
            self.seen.append(f"{request.method} {request.path[-60:]}")
        is_now = is_counted and len(self.seen) == self.kill_at
        if is_now and self.is_before:
            return self._kill(request)
        to = self._world.url if request.path.startswith(API) else self.shop.url
        kept = ("Host", "Connection", "Content-Length")
        headers = {name: text for name, text in request.headers.items() if name not in kept}
        try:
            async with self._http.request(
                request.method, to + request.path_qs, headers=headers, data=await request.read()
            ) as answer:
                body, status, kind = await answer.read(), answer.status, answer.content_type
        except aiohttp.ClientError:
            return web.Response(status=503)
        if is_now:
            return self._kill(request)
        return web.Response(body=body, status=status, content_type=kind)

    def _kill(self, request: web.Request) -> web.StreamResponse:
        self.shop.kill()
        self.killed.set()
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)

    async def run(self) -> AsyncIterator[Between]:
        self._http = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.pass_on)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()
            await self._http.close()


@pytest.fixture
async def between(world: ServerProcess) -> AsyncIterator[Between]:
    async for made in Between(world).run():
        yield made


@pytest.fixture
async def shop(
    tmp_path: Path, world: ServerProcess, between: Between
) -> AsyncIterator[ServerProcess]:
    await world.ready()
    account = {
        "type": "twilio",
        "base_url": between.url + API,
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "poll_s": 2,
    }
    environment = {
        "RINGBOLT_SIMULATOR_URL": world.url,
        "RINGBOLT_CALLS_CARRIERS": json.dumps(
            [account, {"type": "simulated", "prefixes": ["+99"]}]
        ),
        "RINGBOLT_PUBLIC_URL": between.url,
    }
    process = ServerProcess(["serve"], tmp_path / "shop", **environment)
    between.shop = process
    process.start()
    try:
        await process.ready()
        yield process
    finally:
        process.stop()


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_killed_at_every_request(
    world: ServerProcess, shop: ServerProcess, between: Between, *, is_before: bool
) -> None:
    phones = Phones(world)
    survived = 0
    while survived < MOST_REQUESTS:
        number = f"+44207946{survived:03d}{int(is_before)}"
        between.expect(survived + 1, is_before=is_before)
        if not await is_survived(world, between, phones, number):
            break
        survived += 1
    assert AT_LEAST <= survived < MOST_REQUESTS, between.seen
    audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, audit.stdout + audit.stderr


async def is_survived(world: ServerProcess, between: Between, phones: Phones, number: str) -> bool:
    """Buy a call while the shop is killed; False if the call had fewer requests."""
    buyer = PatientBuyer(between.shop.url, world.url, number)
    buying = asyncio.create_task(buyer.buy())
    answering = asyncio.create_task(answer(phones, number))
    killed = asyncio.create_task(between.killed.wait())
    await asyncio.wait([buying, killed], return_when=asyncio.FIRST_COMPLETED, timeout=LONG_S)
    if not between.killed.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(between.killed.wait(), 5)
    was_killed = between.killed.is_set()
    if was_killed:
        between.shop.start()
        await between.shop.ready()
    if between.kill_at == 1 and between.is_before:
        await eventually(lambda: is_placed(world, phones, number), LONG_S, 0.5)
    assert await buying == "settled", (number, between.seen)
    assert len(await phones.calls(number)) == 1, (number, between.seen)
    for task in (answering, killed):
        task.cancel()
    await asyncio.gather(answering, killed, return_exceptions=True)
    await buyer.close()
    return was_killed


async def answer(phones: Phones, number: str) -> None:
    await phones.rings(number)
    await phones.do(number, "answer")


async def is_placed(world: ServerProcess, phones: Phones, number: str) -> bool:
    """A lost request is sent again only after the call was looked for twice."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S)) as http:
        url = f"{world.url}/simulator/clock/advance"
        async with http.post(url, json={"seconds": 5}) as moved:
            assert moved.status == 200
    return bool(await phones.calls(number))
