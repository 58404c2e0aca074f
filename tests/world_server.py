"""A simulated world behind HTTP on loopback, for tests; it can be stopped and started again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvicorn

from ringbolt.simulator.app import create_app
from ringbolt.simulator.world import World


class WorldServer:
    """``url`` is where the world answers; it stays the same over a restart."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.world: World

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        self.world = await World.open(self._data_dir)
        config = uvicorn.Config(
            create_app(self.world),
            host="127.0.0.1",
            port=self._port,
            log_level="error",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.01)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As a process ends: streams break off, what was answered is on the disk."""
        assert self._server is not None
        assert self._task is not None
        await self.world.close()
        self._server.should_exit = True
        await self._task

    async def restart(self) -> None:
        await self.stop()
        await self.start()
