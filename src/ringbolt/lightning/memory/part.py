"""``type = "memory"``: a Lightning node in memory, for tests."""

from __future__ import annotations

from typing import ClassVar

from ringbolt.lightning.node import LightningNode
from ringbolt.registry.settings import PartSettings
from ringbolt.registry.types import Context, PartType


class MemoryNodeSettings(PartSettings):
    """For tests: does at once what the test scripts ([how](testing-with-memory.md))."""

    simulated: ClassVar[bool] = True


def _build(settings: MemoryNodeSettings, context: Context) -> LightningNode:
    from ringbolt.lightning.memory.node import MemoryNode  # noqa: PLC0415 - as configured

    return MemoryNode(context.clock, settings.name)


MEMORY = PartType(MemoryNodeSettings, _build)
