"""The types of Lightning nodes. To add one, add a folder here and a line below, or an entry point
of a plug-in in the group ``ringbolt.lightning``."""

from __future__ import annotations

from typing import Final

from ringbolt.lightning.node import LightningNode
from ringbolt.registry.types import Context, PartTypes

NODES: Final = PartTypes[Context, LightningNode](
    "ringbolt.lightning",
    {
        "simulated": "ringbolt.lightning.simulated.part:SIMULATED",
        "lnd": "ringbolt.lightning.lnd.part:LND",
        "memory": "ringbolt.lightning.memory.part:MEMORY",
    },
)
