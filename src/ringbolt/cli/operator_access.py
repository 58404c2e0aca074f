"""The operator's access to a shop, whether it is running or not: its API or its store, and its
simulated world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from ringbolt.api.operator.routes import PREFIX, operator_token
from ringbolt.bootstrap import check_secret
from ringbolt.cli.http_server import (
    BackgroundServer,
    listen,
    reachable_url,
    server_config,
)
from ringbolt.cli.output import say_shop
from ringbolt.cli.running_shop import RunningShop, running_shop
from ringbolt.clock import SystemClock
from ringbolt.core.errors import NotFound, RingboltError, Unavailable
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring
from ringbolt.store import shop_facts
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database

_TIMEOUT_S: Final = 60
"""A first call has its voice loaded before it is answered for: seconds, on a busy machine many."""


async def print_token(settings: Settings) -> int:
    """Print the operator's token. Raises ``SettingsError`` if the shop has no secret yet."""
    print(operator_token(load_keyring(settings, create=False)))
    return 0


class OperatorClient:
    """A client of a running shop's operator API."""

    def __init__(self, settings: Settings, shop: RunningShop) -> None:
        token = operator_token(load_keyring(settings, create=False))
        self._http = httpx.AsyncClient(
            base_url=shop.url + PREFIX,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_S,
        )

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's document. Raises ``RingboltError`` with the shop's message."""
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise Unavailable(f"The shop does not answer: {error!r}") from None
        try:
            document = answer.json()
        except ValueError:
            raise Unavailable(f"The shop answered HTTP {answer.status_code}.") from None
        if answer.status_code == 404:
            raise NotFound(document["detail"])
        if answer.status_code >= 400:
            raise RingboltError(document["detail"], suggestion=document.get("suggestion", ""))
        return document

    async def close(self) -> None:
        await self._http.aclose()


@asynccontextmanager
async def open_admin(
    settings: Settings, *, reads: bool = False
) -> AsyncIterator[OperatorClient | Database]:
    """The running shop, or the store of one that is not running.

    ``reads``: the command only reads, and makes no store where there is none. Raises
    ``SettingsError`` then, since the data folder is probably mistyped.
    """
    shop = await running_shop(settings)
    if shop is not None:
        say_shop(shop.url, f"it runs on the data folder {settings.data_dir.absolute()}")
        client = OperatorClient(settings, shop)
        try:
            yield client
        finally:
            await client.close()
        return
    if reads:
        require_shop(settings)
    say_shop(store_name(settings), "no shop runs on it")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = await open_database(settings.database, SystemClock(), readonly=reads)
    try:
        if await db.read(shop_facts.get, shop_facts.SECRET) is not None:
            await check_secret(settings, load_keyring(settings, create=False), db)
        yield db
    finally:
        await db.close()


def sqlite_file(settings: Settings) -> Path | None:
    """The file of the store, if it is SQLite."""
    if not settings.database.startswith("sqlite:///"):
        return None
    return Path(settings.database.removeprefix("sqlite:///"))


def is_new(settings: Settings) -> bool:
    """Whether there is no store yet."""
    file = sqlite_file(settings)
    return file is not None and not file.exists()


def require_shop(settings: Settings) -> None:
    """Raises ``SettingsError`` if there is no store yet, so that none is made by mistake."""
    file = sqlite_file(settings)
    if file is not None and is_new(settings):
        raise SettingsError(
            f"There is no shop in {file.parent.absolute()} (RINGBOLT_DATA_DIR): a shop is made by "
            "'ringbolt serve'."
        )


def store_name(settings: Settings) -> str:
    """The store for a person, without a password."""
    return settings.database.rsplit("@", 1)[-1].removeprefix("sqlite:///")


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
