"""What a Lightning node is tested with: the shop's node, and one of somebody who pays it.

A node joins as another one of ``SUBJECTS``. There is the simulated node over HTTP, one in memory,
and a real LND if it is named:

    RINGBOLT_TEST_LND_URL, _LND_MACAROON (file or hex), _LND_TLS_CERT      the shop's node
    RINGBOLT_TEST_PAYER_URL, _PAYER_MACAROON, _PAYER_TLS_CERT             a node that pays it
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ringbolt.clock import SystemClock
from ringbolt.lightning.lnd.node import LndNode, load_macaroon
from ringbolt.lightning.memory.node import MemoryNode, connect
from ringbolt.lightning.node import (
    LightningNode,
    ListsPayments,
    SupportsHoldInvoices,
    SupportsPayments,
)
from support.servers.world import WorldServer


class FullNode(LightningNode, SupportsHoldInvoices, SupportsPayments, ListsPayments, Protocol):
    """A node that can do everything that the port offers."""


@dataclass
class Pair:
    """The shop's node, and the node of somebody who pays."""

    shop: FullNode
    payer: FullNode


@asynccontextmanager
async def simulated(directory: Path) -> AsyncIterator[Pair]:
    server = WorldServer(directory)
    await server.start()
    shop = LndNode(f"{server.url}/simulator/node", "00", liveness_s=0.2)
    payer = LndNode(f"{server.url}/simulator/wallet", "00", pay_grace_s=0)
    yield Pair(shop, payer)
    await shop.close()
    await payer.close()
    await server.stop()


@asynccontextmanager
async def memory(directory: Path) -> AsyncIterator[Pair]:
    clock = SystemClock()
    shop, payer = MemoryNode(clock, "shop"), MemoryNode(clock, "payer")
    connect(shop, payer)
    yield Pair(shop, payer)


@asynccontextmanager
async def lnd(directory: Path) -> AsyncIterator[Pair]:
    shop, payer = _real("LND"), _real("PAYER")
    yield Pair(shop, payer)
    await shop.close()
    await payer.close()


def _real(role: str) -> LndNode:
    url = os.environ[f"RINGBOLT_TEST_{role}_URL"]
    cert = os.environ.get(f"RINGBOLT_TEST_{role}_TLS_CERT")
    macaroon = load_macaroon(os.environ[f"RINGBOLT_TEST_{role}_MACAROON"])
    return LndNode(url, macaroon, Path(cert) if cert else None)


SUBJECTS: dict[str, Callable[[Path], AbstractAsyncContextManager[Pair]]] = {
    "simulated": simulated,
    "memory": memory,
    **({"lnd": lnd} if os.environ.get("RINGBOLT_TEST_LND_URL") else {}),
}
