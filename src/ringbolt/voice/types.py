"""The types of voice carriers. To add one, add a folder here and a line below, or an entry point of
a plug-in in the group ``ringbolt.voice``."""

from __future__ import annotations

from typing import Final

from ringbolt.registry.types import Context, PartTypes
from ringbolt.voice.carrier import VoiceCarrier

CARRIERS: Final = PartTypes[Context, VoiceCarrier](
    "ringbolt.voice",
    {
        "simulated": "ringbolt.voice.simulated.part:SIMULATED",
        "twilio": "ringbolt.voice.twilio.part:TWILIO",
        "memory": "ringbolt.voice.memory.part:MEMORY",
    },
)
