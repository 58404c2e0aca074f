"""``type = "simulated"``: the simulated world leases numbers, and sends codes to them."""

from __future__ import annotations

from typing import ClassVar

from ringbolt.numbers.provider import NumberProvider
from ringbolt.registry.settings import RoutedByCountry
from ringbolt.registry.types import Context, PartType


class SimulatedNumbersSettings(RoutedByCountry):
    """Numbers are leased from the simulated world."""

    simulated: ClassVar[bool] = True


def _build(settings: SimulatedNumbersSettings, context: Context) -> NumberProvider:
    from ringbolt.numbers.simulated.provider import (  # noqa: PLC0415 - as configured
        SimulatedNumberProvider,
    )

    return SimulatedNumberProvider(context.world_url, settings.name, context.world_token)


SIMULATED = PartType(SimulatedNumbersSettings, _build)
