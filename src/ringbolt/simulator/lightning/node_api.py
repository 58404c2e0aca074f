"""``/simulator/node``: the shop's simulated node, as LND's REST interface has it."""

from __future__ import annotations

from starlette.routing import Route

from ringbolt.simulator.lightning.lnd_rest import LndRest
from ringbolt.simulator.lightning.network import LightningNetwork

PREFIX = "/simulator/node"


def routes(network: LightningNetwork) -> list[Route]:
    """Everything that ``lightning/lnd`` uses of a node."""
    rest = LndRest(network, network.shop, "ringbolt simulated shop")
    return [*rest.receiving(PREFIX), *rest.holding(PREFIX), *rest.paying(PREFIX)]
