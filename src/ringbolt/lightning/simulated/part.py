"""``type = "simulated"``: a node with play money in the simulated world, which speaks LND's REST
interface, and the Lightning Addresses that the world alone resolves."""

from __future__ import annotations

from typing import ClassVar

from ringbolt.lightning.node import LightningNode
from ringbolt.registry.settings import PartSettings
from ringbolt.registry.types import Context, PartType


class SimulatedNodeSettings(PartSettings):
    """Play money."""

    simulated: ClassVar[bool] = True


def _build(settings: SimulatedNodeSettings, context: Context) -> LightningNode:
    from ringbolt.lightning.simulated.node import SimulatedNode  # noqa: PLC0415 - as configured

    return SimulatedNode(context.world_url, context.clock, context.world_token)


SIMULATED = PartType(SimulatedNodeSettings, _build)
