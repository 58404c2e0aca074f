"""What an agent may spend in one session, in satoshis. It is never exceeded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ringbolt.mcp.results import Result, refusal


@dataclass(slots=True)
class Budget:
    """``counted``: what each purchase cost or may have cost, by the name of its request. ``lock``:
    one purchase at a time, or two would see the same sats left."""

    sats: int
    counted: dict[str, int] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def left(self) -> int:
        return self.sats - sum(self.counted.values())

    def left_for(self, name: str) -> int:
        """What a purchase may cost: one that is repeated may cost what it counted before."""
        return self.left + self.counted.get(name, 0)

    def count(self, name: str, sats: int) -> None:
        assert sats <= self.left_for(name), "what is counted is within the budget"
        self.counted[name] = sats

    def release(self, name: str) -> None:
        """The purchase has certainly cost nothing."""
        self.counted.pop(name, None)

    def exceeded(self) -> Result:
        return refusal(
            "BUDGET_EXCEEDED",
            f"{self.left} of {self.sats} sats are left of this session's budget.",
            "Ask your user for a larger budget (ringbolt mcp --budget-sats), or buy again with "
            "pay_by_invoice.",
            budget_left_sats=self.left,
        )
