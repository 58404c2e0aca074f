"""``/simulator/wallet``: a wallet with play money and LND's REST API, for real clients too.

A payment that succeeds at once is one SUCCEEDED line, because clients parse the answer as a
single document; IN_FLIGHT comes first only while the payment is held.
"""

from __future__ import annotations

from starlette.routing import Route

from ringbolt.simulator.lightning.lnd_rest import LndRest
from ringbolt.simulator.lightning.network import LightningNetwork

PREFIX = "/simulator/wallet"


def routes(network: LightningNetwork) -> list[Route]:
    """It pays, and it has invoices of its own so that a refund can be paid to it."""
    rest = LndRest(network, network.wallet, "ringbolt simulated wallet")
    return [*rest.receiving(PREFIX), *rest.paying(PREFIX)]
