"""Fixtures: running shops on SQLite and PostgreSQL, and one that a whole file shares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ringbolt.api.orders import schema, status
from support.servers.shop import BY_HAND, ShopServer, running_shop, settings_for
from support.waiting import PATIENCE_S

OpenShop = Callable[..., Awaitable[ShopServer]]


@pytest.fixture(autouse=True, scope="session")
def _patience_with_the_node() -> Iterator[None]:
    """Buyers wait for the node for as long as a loaded machine needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ringbolt.lightning.simulated.node.BUYERS_WAIT_S", PATIENCE_S)
        yield


@pytest.fixture
async def open_shop(tmp_path: Path, sqlite_url: str, speech_dir: Path) -> AsyncIterator[OpenShop]:
    """Open a shop on SQLite with other settings than usual."""
    async with AsyncExitStack() as stack:

        async def open_one(**overrides: Any) -> ShopServer:
            options = {"database_url": sqlite_url, **overrides}
            settings = settings_for(tmp_path / "shop", speech_dir, **options)
            return await stack.enter_async_context(running_shop(settings))

        yield open_one


@pytest.fixture
async def shop(open_shop: OpenShop) -> ShopServer:
    """A shop on SQLite."""
    return await open_shop()


@pytest.fixture
async def any_shop(
    tmp_path: Path, database_url: str, speech_dir: Path
) -> AsyncIterator[ShopServer]:
    """A shop on each kind of database."""
    settings = settings_for(tmp_path / "shop", speech_dir, database_url=database_url)
    async with running_shop(settings) as running:
        yield running


@pytest.fixture
async def any_slow_shop(
    tmp_path: Path, database_url: str, speech_dir: Path
) -> AsyncIterator[ShopServer]:
    """A shop on each kind of database, with phones that wait for the test's hand."""
    options = {"database_url": database_url, **BY_HAND}
    async with running_shop(settings_for(tmp_path / "shop", speech_dir, **options)) as running:
        yield running


@pytest.fixture
async def slow_shop(open_shop: OpenShop) -> ShopServer:
    """A shop on SQLite, with phones that wait for the test's hand."""
    return await open_shop(**BY_HAND)


@pytest.fixture
def endless_waits(monkeypatch: pytest.MonkeyPatch) -> int:
    """The seconds of a long poll (``wait=``) that no test outlasts: its client gives up before, so
    that a poll that is answered was answered because of what happened."""
    monkeypatch.setattr(status, "MAX_WAIT_S", schema.LONGEST_WAIT_S)
    return schema.LONGEST_WAIT_S


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_shop(
    tmp_path_factory: pytest.TempPathFactory, speech_dir: Path
) -> AsyncIterator[ShopServer]:
    """One shop for a whole file whose tests leave nothing behind that the others mind."""
    settings = settings_for(tmp_path_factory.mktemp("shop"), speech_dir)
    async with running_shop(settings) as running:
        yield running
