"""The types of carriers of texts. A new one is a folder here and a line below, or a plug-in's entry
point in the group ``ringbolt.sms``."""

from __future__ import annotations

from typing import Final

from ringbolt.registry.types import Context, PartTypes
from ringbolt.sms.carrier import SmsCarrier

SMS_CARRIERS: Final = PartTypes[Context, SmsCarrier](
    "ringbolt.sms",
    {
        "simulated": "ringbolt.sms.simulated.part:SIMULATED",
        "memory": "ringbolt.sms.memory.part:MEMORY",
    },
)
