"""The parts in memory as the rigs use them: their streams break off as soon as everything is told,
so that a process hears what there is, and goes on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ringbolt.app.shop import ProbedAudio
from ringbolt.clock import Clock
from ringbolt.core.calls.call import Clip
from ringbolt.core.outcome import Recovery
from ringbolt.core.pricing.amount import Amount
from ringbolt.lightning.memory.node import MemoryNode
from ringbolt.mail.memory.mailer import MemoryMailer
from ringbolt.mail.memory.mailer import memory_mailer as new_mailer
from ringbolt.numbers.memory.provider import USA, MemoryListingProvider, MemoryProvider
from ringbolt.numbers.memory.provider import memory_provider as new_provider
from ringbolt.sms.carrier import DeliveryReceipt, OutSms, ReceiptState, SmsSnapshot
from ringbolt.sms.memory.carrier import MemorySms
from ringbolt.sms.memory.carrier import memory_sms as new_sms
from ringbolt.speech.memory.speaker import SilentSpeaker
from ringbolt.voice.memory.carrier import MemoryCarrier
from ringbolt.voice.memory.carrier import memory_carrier as new_carrier

NUMBERS = 6
"""So few that orders get in one another's way."""


def memory_carrier(recovery: Recovery, clock: Clock) -> MemoryCarrier:
    made = new_carrier(recovery, clock)
    made.log.stays_connected = False
    return made


def memory_sms(recovery: Recovery, clock: Clock) -> MemorySms:
    made = new_sms(recovery, clock)
    made.log.stays_connected = False
    return made


class SearchedSms(MemorySms):
    """An SMS carrier that lists texts, but not by our reference; each has one id."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(Recovery.LOOKUP, clock)
        self.one_name = True
        self.log.stays_connected = False

    def tell(
        self, sms: OutSms, state: ReceiptState, n: int = 1, cost: Amount | None = None
    ) -> DeliveryReceipt:
        told = replace(super().tell(sms, state, 1, cost), is_whole=True)
        self.log[-1] = told
        return told

    async def search(self, sms: OutSms, since_ms: int) -> list[SmsSnapshot]:
        alike = (each for each in self.sent if (each.to, each.parts) == (sms.to, sms.parts))
        return [SmsSnapshot(sms.ref, self.part_ids(each), self.receipts_of(each)) for each in alike]


def memory_mailer(recovery: Recovery) -> MemoryMailer:
    return new_mailer(recovery)


def memory_provider(
    name: str, recovery: Recovery, clock: Clock, prefix: str = "+120255501", size: int = NUMBERS
) -> MemoryProvider:
    made = new_provider(name, recovery, clock, stock(prefix, size))
    made.log.stays_connected = False
    return made


def listing_provider(name: str, clock: Clock) -> MemoryListingProvider:
    """One that can say only which leases go on."""
    made = MemoryListingProvider(name, Recovery.LOOKUP, clock, stock())
    made.log.stays_connected = False
    return made


def stock(prefix: str = "+120255501", size: int = NUMBERS) -> dict[int, list[str]]:
    digits = len("+12025550100") - len(prefix)
    return {USA: [f"{prefix}{n:0{digits}d}" for n in range(size)]}


def memory_node(clock: Clock) -> MemoryNode:
    made = MemoryNode(clock)
    made.stays_connected = False
    return made


def silent_speaker() -> SilentSpeaker:
    """Its silence is no file: nobody here plays it."""
    return SilentSpeaker(Path(os.devnull))


class NoAudio:
    """Nothing is fetched here."""

    async def probe(self, url: str, client: str = "") -> ProbedAudio:
        raise AssertionError("no audio in these tests")

    async def load(self, url: str, max_ms: int) -> Clip:
        raise AssertionError("no audio in these tests")

    async def purge(self, older_than_s: float) -> int:
        return 0
