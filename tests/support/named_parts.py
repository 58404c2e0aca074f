"""Parts in memory under names of their own, for shops with several of a kind."""

from __future__ import annotations

from ringbolt.clock import Clock
from ringbolt.core.outcome import Recovery
from support.memory_sms import MemoryLookupMailer, MemoryLookupSms
from support.memory_world import MemoryLookupCarrier


class NamedCarrier(MemoryLookupCarrier):
    def __init__(self, name: str, clock: Clock, recovery: Recovery = Recovery.LOOKUP) -> None:
        super().__init__(clock)
        self.recovery = recovery
        self._name = name

    @property
    def name(self) -> str:
        return self._name


class NamedSms(MemoryLookupSms):
    def __init__(self, name: str, clock: Clock) -> None:
        super().__init__(clock)
        self._name = name

    @property
    def name(self) -> str:
        return self._name


class NamedMailer(MemoryLookupMailer):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    @property
    def name(self) -> str:
        return self._name
