"""``type = "memory"``: a number provider in memory, for tests."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringbolt.core.outcome import Recovery
from ringbolt.numbers.provider import NumberProvider
from ringbolt.registry.settings import RoutedByCountry
from ringbolt.registry.types import Context, PartType


class MemoryProviderSettings(RoutedByCountry):
    """For tests: does at once what the test scripts ([how](testing-with-memory.md))."""

    simulated: ClassVar[bool] = True

    recovery: Recovery = Field(
        Recovery.LOOKUP, description="How a request whose answer is lost is resolved."
    )


def _build(settings: MemoryProviderSettings, context: Context) -> NumberProvider:
    from ringbolt.numbers.memory.provider import memory_provider  # noqa: PLC0415 - as configured

    return memory_provider(settings.name, settings.recovery, context.clock)


MEMORY = PartType(MemoryProviderSettings, _build)
