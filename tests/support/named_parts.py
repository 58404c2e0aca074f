"""Parts in memory under names of their own, for shops with several of a kind."""

from __future__ import annotations

from ringbolt.clock import Clock
from ringbolt.core.outcome import Recovery
from ringbolt.mail.memory.mailer import MemoryLookupMailer
from ringbolt.sms.memory.carrier import MemoryLookupSms
from ringbolt.voice.memory.carrier import MemoryLookupCarrier


class NamedCarrier(MemoryLookupCarrier):
    def __init__(self, name: str, clock: Clock, recovery: Recovery = Recovery.LOOKUP) -> None:
        super().__init__(clock, name)
        self.recovery = recovery
        self.log.stays_connected = False


class NamedSms(MemoryLookupSms):
    def __init__(self, name: str, clock: Clock, recovery: Recovery = Recovery.LOOKUP) -> None:
        super().__init__(clock, name)
        self.recovery = recovery
        self.log.stays_connected = False


NamedMailer = MemoryLookupMailer
