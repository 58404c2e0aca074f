"""``type = "memory"``: a voice carrier in memory, for tests."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringbolt.core.outcome import Recovery
from ringbolt.registry.settings import VoiceCarrierSettings
from ringbolt.registry.types import Context, PartType
from ringbolt.voice.carrier import VoiceCarrier


class MemoryCarrierSettings(VoiceCarrierSettings):
    """For tests: does at once what the test scripts ([how](testing-with-memory.md))."""

    simulated: ClassVar[bool] = True

    recovery: Recovery = Field(
        Recovery.LOOKUP, description="How a request whose answer is lost is resolved."
    )


def _build(settings: MemoryCarrierSettings, context: Context) -> VoiceCarrier:
    from ringbolt.voice.memory.carrier import memory_carrier  # noqa: PLC0415 - as configured

    return memory_carrier(settings.recovery, context.clock, settings.name)


MEMORY = PartType(MemoryCarrierSettings, _build)
