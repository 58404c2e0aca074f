"""``type = "memory"``: an SMS carrier in memory, for tests."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringbolt.core.outcome import Recovery
from ringbolt.registry.settings import SmsCarrierSettings
from ringbolt.registry.types import Context, PartType
from ringbolt.sms.carrier import SmsCarrier


class MemorySmsSettings(SmsCarrierSettings):
    """For tests: does at once what the test scripts ([how](testing-with-memory.md))."""

    simulated: ClassVar[bool] = True

    recovery: Recovery = Field(
        Recovery.LOOKUP, description="How a request whose answer is lost is resolved."
    )


def _build(settings: MemorySmsSettings, context: Context) -> SmsCarrier:
    from ringbolt.sms.memory.carrier import memory_sms  # noqa: PLC0415 - as configured

    return memory_sms(settings.recovery, context.clock, settings.name)


MEMORY = PartType(MemorySmsSettings, _build)
