"""Speak a text the whole way: a shop's paid call, its carrier's G.711, the phone's recording.

The shop is ``ringbolt serve`` with play money, a process of its own with its simulated world, in
which calls run fifty times as fast.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.processes import free_port, process, until_answers

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.clients.l402 import L402Client, say
from support.numbers import LISTENS
from support.waiting import eventually

SPEED = "50"


@dataclass(frozen=True, slots=True)
class Telephone:
    """Buys one call after the other to one phone."""

    buyer: L402Client
    http: httpx.AsyncClient

    async def call(self, text: str, **fields: str) -> bytes:
        """What the phone heard of a call that speaks ``text``: WAV, 8 kHz."""
        _, placed = await self.buyer.buy(say(LISTENS, text, **fields))
        status = await self.buyer.until_over(placed)
        assert status["status"] == "completed", status
        call_id = (await self.buyer.calls_of(LISTENS))[-1]["id"]
        return await eventually(lambda: self._wav(call_id))

    async def _wav(self, call_id: str) -> bytes | None:
        url = f"{self.buyer.world_url}/simulator/calls/{call_id}/audio.wav"
        answer = await self.http.get(url)
        return answer.content if answer.status_code == 200 else None


@asynccontextmanager
async def telephone(folder: Path) -> AsyncIterator[Telephone]:
    """A shop that keeps its files in ``folder``, until the end of the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "RINGBOLT_PORT": str(port),
        "RINGBOLT_DATA_DIR": str(folder),
        "RINGBOLT_LIMITS": "off",
        "RINGBOLT_SIMULATOR_SPEED": SPEED,
        "RINGBOLT_SPEECH_TIMEOUT_S": "120",
    }
    with process(["ringbolt", "serve"], environment):
        await until_answers(f"{url}/readyz", 120)
        async with httpx.AsyncClient(base_url=url, timeout=120) as http:
            yield Telephone(L402Client(url, url, http), http)
