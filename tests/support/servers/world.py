"""A simulated world behind HTTP on loopback, for tests; it can be stopped and started again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from ringbolt.simulator.app import create_app
from ringbolt.simulator.world import World
from support.servers.in_flight import InFlight
from support.servers.ports import HeldPort


class AppServer:
    """``app`` behind HTTP; ``port`` 0 takes a free one, and is the one taken after ``start``."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self.port = port
        self.requests = InFlight(app)
        config = uvicorn.Config(
            self.requests,
            host="127.0.0.1",
            port=port,
            log_level="error",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._task is not None
        self._server.should_exit = True
        await self._task


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The URL at which ``app`` is served."""
    server = AppServer(app)
    await server.start()
    yield f"http://127.0.0.1:{server.port}"
    await server.stop()


class WorldServer:
    """``url`` is where the world answers; it stays the same over a restart."""

    def __init__(self, data_dir: Path, speed: float = 1.0) -> None:
        self._data_dir = data_dir
        self._speed = speed
        self._port = HeldPort()
        self._server: AppServer | None = None
        self.world: World

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port.number}"

    async def start(self) -> None:
        self.world = await World.open(self._data_dir, self._speed)
        self._server = AppServer(create_app(self.world), self._port.number)
        await self._server.start()

    @property
    def requests(self) -> InFlight:
        assert self._server is not None
        return self._server.requests

    async def stop(self) -> None:
        """As a process ends: streams break off, what was answered is on the disk."""
        assert self._server is not None
        await self.world.close()
        await self._server.stop()

    async def restart(self) -> None:
        await self.stop()
        await self.start()


@asynccontextmanager
async def running_world(directory: Path, speed: float = 1.0) -> AsyncIterator[WorldServer]:
    """A world that answers, until the end of the block."""
    server = WorldServer(directory, speed)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
