"""``type = "simulated"``: texts reach phones of the simulated world, and cost nothing."""

from __future__ import annotations

from typing import ClassVar

from ringbolt.registry.settings import SmsCarrierSettings
from ringbolt.registry.types import Context, PartType
from ringbolt.sms.carrier import SmsCarrier


class SimulatedSmsSettings(SmsCarrierSettings):
    """Texts reach phones of the simulated world."""

    simulated: ClassVar[bool] = True


def _build(settings: SimulatedSmsSettings, context: Context) -> SmsCarrier:
    from ringbolt.sms.simulated.carrier import (  # noqa: PLC0415 - as configured
        SimulatedSmsCarrier,
    )

    return SimulatedSmsCarrier(context.world_url, settings.name, context.world_token)


SIMULATED = PartType(SimulatedSmsSettings, _build)
