"""A hand at the phones of a world that is a process of its own, and a look into its wallet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from support.processes.shop import ServerProcess
from support.waiting import PATIENCE_S, eventually


@dataclass
class Phones:
    """A hand at the phones of a world, and a look into its wallet."""

    world: ServerProcess
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=PATIENCE_S))

    async def calls(self, number: str) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.world.url}/simulator/phones/{number}")
        calls: list[dict[str, Any]] = answer.json()["calls"]
        return calls

    async def rings(self, number: str) -> dict[str, Any]:
        """The call that rings at ``number``, once it does."""

        async def ringing() -> dict[str, Any] | None:
            calls = await self.calls(number)
            return calls[-1] if calls and calls[-1]["state"] == "ringing" else None

        call: dict[str, Any] = await eventually(ringing)
        return call

    async def do(self, number: str, what: str) -> None:
        answer = await self.http.post(f"{self.world.url}/simulator/phones/{number}/{what}")
        answer.raise_for_status()

    async def balance_msat(self) -> int:
        answer = await self.http.get(f"{self.world.url}/simulator/wallet/v1/balance/channels")
        return int(answer.json()["local_balance"]["msat"])
