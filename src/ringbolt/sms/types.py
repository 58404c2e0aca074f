"""The types of SMS carriers. To add one, add a folder here and a line below, or an entry point of a
plug-in in the group ``ringbolt.sms``."""

from __future__ import annotations

from typing import Final

from ringbolt.registry.types import Context, PartTypes
from ringbolt.sms.carrier import SmsCarrier

SMS_CARRIERS: Final = PartTypes[Context, SmsCarrier](
    "ringbolt.sms",
    {
        "simulated": "ringbolt.sms.simulated.part:SIMULATED",
        "smsgate": "ringbolt.sms.smsgate.part:SMSGATE",
        "memory": "ringbolt.sms.memory.part:MEMORY",
        "twilio": "ringbolt.sms.twilio.part:TWILIO",
        "http": "ringbolt.sms.http.part:HTTP",
    },
)
