"""Shops, workers and the simulated world as real processes, which may be killed or stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx

from support import speech
from support.processes import preloaded, reaper
from support.servers.ports import HeldPort
from support.waiting import LONG_S, PATIENCE_S, eventually

SECRET = "5e" * 32
STOP_S = 30.0


class ServerProcess:
    """One ``ringbolt`` command that keeps running, on a port and a data folder of its own."""

    executed = False
    """See ``preloaded.start``."""

    def __init__(self, command: list[str], data_dir: Path, **environment: str) -> None:
        self._port = HeldPort()
        self.port = self._port.number
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        self.log = data_dir.with_name(data_dir.name + ".log")
        self._command = command
        self.environment = {
            **{name: value for name, value in os.environ.items() if "RINGBOLT" not in name},
            "RINGBOLT_PORT": str(self.port),
            "RINGBOLT_DATA_DIR": str(data_dir),
            "RINGBOLT_SECRET": SECRET,
            "RINGBOLT_LIMITS": "off",
            "RINGBOLT_LOG_FORMAT": "json",
            "RINGBOLT_SPEECH_TIMEOUT_S": "120",
            "RINGBOLT_SPEECH_WARM_UP": "false",
            **environment,
        }
        self.process: preloaded.Process | None = None

    def start(self) -> None:
        speech.link_into(self.data_dir)
        with self.log.open("ab") as log:
            self.process = preloaded.start(
                self._command, self.environment, stdout=log, stderr=log, executed=self.executed
            )
        reaper.ends_with_us(self.process.pid)

    async def ready(self) -> None:
        """Wait until it answers."""

        async def answers() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return await is_up(self.url)

        await eventually(answers, LONG_S)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        """SIGTERM, as its operator stops it; what does not end then is killed."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process is not None:
            reaper.forget(self.process.pid)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same shop, to its end."""
        return preloaded.run([*command], self.environment, LONG_S)


@contextlib.asynccontextmanager
async def running_process(
    command: list[str], data_dir: Path, **environment: str
) -> AsyncIterator[ServerProcess]:
    """A process that answers; stopped at the end of the block, and if it never comes up."""
    async with _running(ServerProcess(command, data_dir, **environment)) as process:
        yield process


@contextlib.asynccontextmanager
async def executed_process(
    command: list[str], data_dir: Path, **environment: str
) -> AsyncIterator[ServerProcess]:
    """As ``running_process``, and ``doctor`` can read its environment."""
    process = ServerProcess(command, data_dir, **environment)
    process.executed = True
    async with _running(process):
        yield process


@contextlib.asynccontextmanager
async def _running(process: ServerProcess) -> AsyncIterator[ServerProcess]:
    process.start()
    try:
        await process.ready()
        yield process
    finally:
        process.stop()


async def is_up(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
            return (await http.get(f"{url}/healthz")).status_code == 200
    except httpx.HTTPError:
        return False


@contextlib.contextmanager
def world_process(directory: Path, speed: int) -> Iterator[ServerProcess]:
    """The simulated world by itself. It is never killed."""
    world = ServerProcess(["simulator"], directory / "world", RINGBOLT_SIMULATOR_SPEED=str(speed))
    world.start()
    try:
        yield world
    finally:
        world.stop()
