"""A shop that runs as its operator runs it, and its command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from support.processes import preloaded
from support.processes.shop import ServerProcess, executed_process
from support.waiting import LONG_S


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """A running shop, and commands that run with the same environment."""

    def __init__(self, shop: ServerProcess) -> None:
        self.shop = shop
        self.url = shop.url
        self.wallet = f"{shop.url}/simulator/wallet"

    async def run(self, *arguments: str, **environment: str) -> Ran:
        return await run_command({**self.shop.environment, **environment}, *arguments)


async def run_command(environment: dict[str, str], *arguments: str) -> Ran:
    """Run ``ringbolt`` with ``arguments``, its output in pipes."""
    done = await asyncio.to_thread(preloaded.run, [*arguments], environment, LONG_S)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: object) -> AsyncIterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("shop")  # type: ignore[attr-defined]
    quick = {"RINGBOLT_SIMULATOR_SPEED": "20"}
    async with executed_process(["serve"], folder / "data", **quick) as shop:
        yield Desk(shop)
