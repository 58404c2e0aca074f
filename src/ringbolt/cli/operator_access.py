"""The operator's access to a shop, whether it is running or not: its API or its store, and its
simulated world."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from ringbolt.api.operator.routes import PREFIX, operator_token
from ringbolt.bootstrap import check_secret
from ringbolt.cli.http_server import (
    RUN_FILE,
    BackgroundServer,
    listen,
    reachable_url,
    server_config,
)
from ringbolt.clock import SystemClock
from ringbolt.core.errors import NotFound, RingboltError, Unavailable
from ringbolt.settings import Settings
from ringbolt.settings.secret import load_keyring
from ringbolt.store import shop_facts
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database


@dataclass(frozen=True, slots=True)
class RunningShop:
    """A shop that answers on this machine."""

    pid: int
    url: str


async def running_shop(settings: Settings) -> RunningShop | None:
    """The shop that runs on this data folder, if it answers."""
    try:
        noted = json.loads((settings.data_dir / RUN_FILE).read_text())
        shop = RunningShop(int(noted["pid"]), str(noted["url"]))
    except (OSError, ValueError, KeyError):
        return None
    try:
        async with httpx.AsyncClient(timeout=3) as http:
            answer = await http.get(f"{shop.url}/healthz")
    except httpx.HTTPError:
        return None
    return shop if answer.status_code == 200 else None


async def print_token(settings: Settings) -> int:
    """Print the operator's token. Raises ``SettingsError`` if the shop has no secret yet."""
    print(operator_token(load_keyring(settings, create=False)))
    return 0


class OperatorClient:
    """A client of a running shop's operator API."""

    def __init__(self, settings: Settings, shop: RunningShop) -> None:
        token = operator_token(load_keyring(settings, create=False))
        self._http = httpx.AsyncClient(
            base_url=shop.url + PREFIX, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's document. Raises ``RingboltError`` with the shop's message."""
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise Unavailable(f"The shop does not answer: {error!r}") from None
        document = answer.json()
        if answer.status_code == 404:
            raise NotFound(document["detail"])
        if answer.status_code >= 400:
            raise RingboltError(document["detail"], suggestion=document.get("suggestion", ""))
        return document

    async def close(self) -> None:
        await self._http.aclose()


@asynccontextmanager
async def open_admin(settings: Settings) -> AsyncIterator[OperatorClient | Database]:
    """The running shop, or the store of one that is not running."""
    shop = await running_shop(settings)
    if shop is not None:
        client = OperatorClient(settings, shop)
        try:
            yield client
        finally:
            await client.close()
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = await open_database(settings.database, SystemClock())
    try:
        if await db.read(shop_facts.get, shop_facts.SECRET) is not None:
            await check_secret(settings, load_keyring(settings, create=False), db)
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def world_url(settings: Settings) -> AsyncIterator[str]:
    """The simulated world's URL: its own process, the running shop, or a server started here on its
    file for as long as this lasts."""
    if settings.simulator.url:
        yield settings.simulator.url.rstrip("/")
        return
    running = await running_shop(settings)
    if running is not None:
        yield running.url
        return
    from ringbolt.simulator.app import create_app
    from ringbolt.simulator.world import World

    world = await World.open(settings.data_dir, settings.simulator.speed)
    sock = listen("127.0.0.1", 0)
    server = BackgroundServer(server_config(create_app(world), settings), None, world.close)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn sets a flag
            await asyncio.sleep(0.01)
        yield reachable_url(sock)
    finally:
        server.should_exit = True
        await serving
        await world.close()
        sock.close()
