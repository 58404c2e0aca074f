"""``type = "simulated"``: phones of the simulated world, which ring and talk, and cost nothing."""

from __future__ import annotations

from typing import ClassVar

from ringbolt.registry.settings import VoiceCarrierSettings
from ringbolt.registry.types import Context, PartType
from ringbolt.voice.carrier import VoiceCarrier


class SimulatedCarrierSettings(VoiceCarrierSettings):
    """Calls ring at phones of the simulated world."""

    simulated: ClassVar[bool] = True


def _build(settings: SimulatedCarrierSettings, context: Context) -> VoiceCarrier:
    from ringbolt.voice.simulated.carrier import SimulatedCarrier  # noqa: PLC0415 - as configured

    return SimulatedCarrier(context.world_url, settings.name, context.world_token)


SIMULATED = PartType(SimulatedCarrierSettings, _build)
