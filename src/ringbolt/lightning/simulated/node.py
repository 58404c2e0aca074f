"""The simulated node as a shop reaches it: as any LND, and with addresses that it can pay to."""

from __future__ import annotations

from ringbolt.clock import Clock
from ringbolt.lightning.lnd.node import LndNode
from ringbolt.lightning.lnd.part import BUYERS_WAIT_S
from ringbolt.lightning.simulated.addresses import SimulatedAddresses

_ANY_MACAROON = "00"  # a world without a token takes any


class SimulatedNode(LndNode):
    """Implements what ``LndNode`` does, and ``SupportsAddresses``. ``token``: what the world asks
    for, shown as the macaroon."""

    def __init__(self, world_url: str, clock: Clock, token: str = "") -> None:
        url = f"{world_url}/simulator/node"
        macaroon = token.encode().hex() or _ANY_MACAROON
        super().__init__(url, macaroon, None, timeout_s=BUYERS_WAIT_S)
        self.addresses = SimulatedAddresses(world_url, clock, token)

    async def close(self) -> None:
        await super().close()
        await self.addresses.close()
