"""What pays for an agent's purchases, and how much it may spend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from ringbolt.mcp.arguments import Buy
from ringbolt.mcp.door import Door
from ringbolt.mcp.results import Result

Place = Callable[[dict[str, object]], Awaitable[Result]]
"""Places an order with more fields of the API: those that say how it is paid."""


class Purse(Protocol):
    """Pays for purchases, or leaves that to the agent."""

    async def pay_for(self, wanted: Buy, place: Place) -> Result:
        """Place an order and pay for it. ``wanted.request_id`` names it. Raises ``NoAnswer``."""
        ...

    async def invoice(self, sats: int) -> str:
        """An invoice by which the purse gets money back; '' if it cannot make one."""
        ...


class AgentsPurse:
    """The prepaid key of the agent's requests pays, if there is one; else the agent itself, the
    invoice that it is shown. The shop keeps the key within its budget."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def pay_for(self, wanted: Buy, place: Place) -> Result:
        fields: dict[str, object] = {}
        if wanted.max_sats is not None:
            fields["maxPrice"] = wanted.max_sats
        if self._door.has_key and not wanted.pay_by_invoice:
            fields["immediate"] = True
        return await place(fields)

    async def invoice(self, sats: int) -> str:
        """The agent has to name one."""
        return ""
