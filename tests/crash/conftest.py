"""Shops, and the simulated world, as processes of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support import speech
from support.databases.fixtures import run_aside
from support.processes.shop import ServerProcess, running_process, world_process

SPEED = 10


@pytest.fixture(scope="session")
def spoken(speech_dir: Path) -> None:
    """A shop that is killed again and again might never come to speak its first text."""
    run_aside(speech.speak(speech.TEXT, speech_dir))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServerProcess]:
    """A world that no shop's end ends."""
    with world_process(tmp_path, SPEED) as process:
        yield process


@pytest.fixture
async def shop(tmp_path: Path, world: ServerProcess) -> AsyncIterator[ServerProcess]:
    """A shop of ``world``, to be killed and started again."""
    await world.ready()
    where = {"RINGBOLT_SIMULATOR_URL": world.url}
    async with running_process(["serve"], tmp_path / "shop", **where) as process:
        yield process
