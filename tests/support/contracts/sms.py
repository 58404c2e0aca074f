"""What a carrier of texts is tested with: the carrier, the phones at its far end, what it told.

A carrier joins as another one of ``SUBJECTS``: what opens it, with numbers that fare as ``Fate``
says (None for what its far end cannot be made to do: those tests are skipped).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest
from starlette.routing import Router

from ringbolt.api.callbacks import callback_routes
from ringbolt.bootstrap.parts import context_of
from ringbolt.clock import SystemClock
from ringbolt.core.keys import Keyring
from ringbolt.core.outcome import Recovery
from ringbolt.settings import Settings
from ringbolt.simulator.smsgate.app_api import CLOUD, PASSWORD
from ringbolt.simulator.smsgate.records import SIGNING_KEY
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SendResult,
    SmsCarrier,
    SmsSnapshot,
    SupportsSmsLookup,
    SupportsSmsSearch,
)
from ringbolt.sms.http.carrier import http_carrier
from ringbolt.sms.memory.carrier import AnswerTo, MemoryLookupSms, MemorySms
from ringbolt.sms.simulated.carrier import SimulatedSmsCarrier
from ringbolt.sms.smsgate.carrier import SmsGateCarrier
from ringbolt.sms.smsgate.settings import SmsGateSettings
from ringbolt.sms.twilio.carrier import TwilioSms
from ringbolt.sms.twilio.settings import TwilioSmsSettings
from ringbolt.twilio.settings import open_api
from support.contracts.following import stop
from support.servers.twilio import account, as_any_gateway
from support.servers.world import WorldServer, running_world, serving
from support.waiting import eventually

SENT, DELIVERED, FAILED = ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.FAILED


@dataclass(frozen=True)
class Fate:
    """Numbers (E.164) by what becomes of a text to them."""

    delivered: str
    failed: str | None = None
    sent_then_failed: str | None = None
    refused: str | None = None
    refused_for_now: str | None = None
    answer_lost: str | None = None
    request_lost: str | None = None
    receipts_first: str | None = None
    doubled: str | None = None
    second_part_failed: str | None = None
    reversed: str | None = None
    beside_a_strangers: str | None = None
    sent_at_once: str | None = None


class Subject(Protocol):
    """A carrier under test, and a look at the phones behind it."""

    @property
    def carrier(self) -> SmsCarrier: ...

    @property
    def fate(self) -> Fate: ...

    @property
    def is_reported_twice(self) -> bool:
        """It sends a text again that it is asked for again, with the same reference."""
        ...

    @property
    def sender(self) -> str:
        """What the phone shows as the sender of a text from "Ringbolt"."""
        ...

    @property
    def has_one_id(self) -> bool:
        """It has one id for a text, and one receipt of each state, however many its parts."""
        ...

    @property
    def replays(self) -> bool:
        """It can tell its receipts again from a cursor on. Others tell each until it is committed,
        in any order."""
        ...

    async def texts_of(self, number: str) -> list[tuple[str, str]]:
        """What the phone shows: (sender, text), oldest first."""
        ...


@dataclass
class Simulated:
    server: WorldServer
    carrier: SmsCarrier
    is_reported_twice: bool = False
    sender: str = "Ringbolt"
    has_one_id: bool = False
    replays: bool = True
    fate: Fate = field(
        default_factory=lambda: Fate(
            delivered="+12025550123",
            failed="+1234567804",
            sent_then_failed="+1234567820",
            refused="+1234567805",
            refused_for_now="+1234567806",
            answer_lost="+1234567807",
            request_lost="+1234567808",
            receipts_first="+1234567809",
            doubled="+1234567822",
            second_part_failed="+1234567824",
            reversed="+1234567825",
            beside_a_strangers="+1234567826",
            sent_at_once="+1234567827",
        )
    )

    async def texts_of(self, number: str) -> list[tuple[str, str]]:
        return await shown_in(self.server, number)


async def shown_in(world: WorldServer, number: str) -> list[tuple[str, str]]:
    """What a phone of the simulated world shows: (sender, text), oldest first."""
    url = f"{world.url}/simulator/phones/{number}"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status == 200
        messages = (await answer.json())["messages"]
    return [(message["from"], message["text"]) for message in messages]


@asynccontextmanager
async def simulated(directory: Path) -> AsyncIterator[Simulated]:
    server = WorldServer(directory, speed=20)
    await server.start()
    carrier = SimulatedSmsCarrier(server.url)
    yield Simulated(server, carrier)
    await carrier.close()
    await server.stop()


@dataclass
class Memory:
    carrier: MemorySms
    fate: Fate
    is_reported_twice: bool
    sender: str = "Ringbolt"
    has_one_id: bool = False
    replays: bool = True

    async def texts_of(self, number: str) -> list[tuple[str, str]]:
        return [(sms.sender, "".join(sms.parts)) for sms in self.carrier.inbox(number)]


def _fates_of(carrier: MemorySms) -> Fate:
    """Numbers to which texts fare as ``Fate`` says."""
    refusals = iter(range(2))

    def refused_twice(sms: OutSms) -> SendResult:
        again = next(refusals, None) is not None
        return carrier.refuses_for_now(sms) if again else carrier.takes(sms)

    def after_a_strangers(sms: OutSms) -> SendResult:
        carrier.tell(replace(sms, ref="of-a-stranger"), DELIVERED)
        return carrier.takes(sms)

    def by_parts(*reported: tuple[int, ReceiptState]) -> AnswerTo:
        def answer(sms: OutSms) -> SendResult:
            result = carrier.takes_and_tells()(sms)
            for n, state in reported:
                carrier.tell(sms, state, n)
            return result

        return answer

    fates: dict[str, AnswerTo] = {
        "failed": carrier.takes_and_tells(FAILED),
        "sent_then_failed": carrier.takes_and_tells(SENT, FAILED),
        "refused": carrier.refuses,
        "refused_for_now": refused_twice,
        "answer_lost": carrier.takes_unheard,
        "request_lost": carrier.never_hears,
        "doubled": carrier.takes_and_tells(SENT, SENT, DELIVERED, DELIVERED),
        "second_part_failed": by_parts(
            (1, SENT), (3, SENT), (2, FAILED), (1, DELIVERED), (3, DELIVERED)
        ),
        "beside_a_strangers": after_a_strangers,
    }
    numbers = {name: f"+120255503{n:02d}" for n, name in enumerate(fates)}
    carrier.by_number = {numbers[name]: answer for name, answer in fates.items()}
    carrier.life = (SENT, DELIVERED)
    return Fate(delivered="+12025550123", **numbers)


@asynccontextmanager
async def memory(directory: Path) -> AsyncIterator[Memory]:
    carrier = MemorySms(Recovery.IDEMPOTENT, SystemClock())
    yield Memory(carrier, _fates_of(carrier), is_reported_twice=False)


@asynccontextmanager
async def memory_with_lookup(directory: Path) -> AsyncIterator[Memory]:
    carrier = MemoryLookupSms(SystemClock())
    yield Memory(carrier, _fates_of(carrier), is_reported_twice=True)


@dataclass
class Called:
    """A carrier that is called back by a far end in the simulated world."""

    server: WorldServer
    carrier: SmsCarrier
    sender: str
    fate: Fate
    is_reported_twice: bool = False
    has_one_id: bool = True
    replays: bool = False

    async def texts_of(self, number: str) -> list[tuple[str, str]]:
        return await shown_in(self.server, number)


@asynccontextmanager
async def phone(directory: Path, mode: str, **settings: Any) -> AsyncIterator[Called]:
    """An Android phone with SMSGate."""
    number = "+4915112345670"
    async with running_world(directory / "world", speed=20) as server:
        below = CLOUD if mode == "cloud" else ""
        options = SmsGateSettings(
            type="smsgate",
            name="phone",
            base_url=f"{server.url}/simulator/smsgate/{number}{below}",
            mode=mode,
            password=PASSWORD,
            signing_key=SIGNING_KEY,
            numbers=(number,),
            **settings,
        )
        keyring = Keyring([b"k" * 32])
        context = context_of(Settings(data_dir=directory), server.url, keyring=keyring)
        carrier = SmsGateCarrier(options, context)
        async with _called(server, carrier, number, FATES) as subject:
            yield subject


FATES = Fate(
    delivered="+12025550123",
    failed="+1234567804",
    sent_then_failed="+1234567820",
    refused="+1234567805",
    refused_for_now="+1234567806",
    answer_lost="+1234567807",
    request_lost="+1234567808",
    receipts_first="+1234567809",
    doubled="+1234567822",
)
"""What all that are called back can be made to do."""


@asynccontextmanager
async def _called(
    server: WorldServer, carrier: SmsCarrier, sender: str, fate: Fate
) -> AsyncIterator[Called]:
    """``carrier`` with its callbacks served."""
    router = Router()
    async with serving(router) as url:
        keyring = Keyring([b"k" * 32])
        router.routes += callback_routes(keyring, url, [("sms", carrier.name, carrier)])
        yield Called(server, carrier, sender, fate)
        await carrier.close()


@asynccontextmanager
async def twilio(directory: Path) -> AsyncIterator[Called]:
    """An account at the world's Twilio-compatible API."""
    async with running_world(directory / "world", speed=20) as server:
        settings = TwilioSmsSettings(**account(server.url, name="twilio"))
        carrier = TwilioSms(settings, open_api(settings, "twilio"), SystemClock())
        fate = replace(FATES, sent_at_once="+1234567827")
        async with _called(server, carrier, "Ringbolt", fate) as subject:
            subject.is_reported_twice = True
            yield subject


@asynccontextmanager
async def any_gateway(directory: Path) -> AsyncIterator[Called]:
    """The same API, described in the settings of any gateway."""
    async with running_world(directory / "world", speed=20) as server:
        carrier = http_carrier(as_any_gateway(server.url), SystemClock())
        async with _called(server, carrier, "Ringbolt", FATES) as subject:
            subject.is_reported_twice = True
            yield subject


SUBJECTS: dict[str, Callable[[Path], AbstractAsyncContextManager[Subject]]] = {
    "simulated": simulated,
    "memory": memory,
    "memory with look-up": memory_with_lookup,
    "phone": partial(phone, mode="local"),
    "phone behind a cloud": partial(phone, mode="cloud", auth="jwt"),
    "twilio": twilio,
    "any gateway": any_gateway,
}


class Desk:
    """A subject, the texts sent through it and everything it told."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.carrier = subject.carrier
        self.fate = subject.fate
        self.reported: list[DeliveryReceipt] = []
        self._listening: asyncio.Task[None] | None = None
        self.arrivals: list[str] = []
        self._refs = 0
        self._texts: dict[str, OutSms] = {}

    def text(self, to: str | None, *parts: str, ref: str = "") -> OutSms:
        if to is None:
            pytest.skip("the far end cannot be made to do this")
        self._refs += 1
        ref = ref or f"attempt-{self._refs}"
        self._texts[ref] = OutSms(ref, to, "Ringbolt", parts or ("hello",), "gsm7")
        return self._texts[ref]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a text that are reported: one for a carrier that splits it itself."""
        return ("one two",) if self.subject.has_one_id else ("one ", "two")

    async def send(self, to: str | None, *parts: str) -> tuple[str, Accepted]:
        sms = self.text(to, *parts)
        result = await self.carrier.send(sms)
        assert isinstance(result, Accepted)
        return sms.ref, result

    def needs_replay(self) -> None:
        if not self.subject.replays:
            pytest.skip("the carrier tells everything once")

    async def start_listening(self) -> None:
        """Returns when the carrier is connected."""
        there = asyncio.Event()

        async def hear(batch: ReceiptBatch) -> None:
            self.reported.extend(batch.receipts)
            there.set()

        self._listening = asyncio.create_task(self.carrier.follow("", hear))
        waiting = asyncio.create_task(there.wait())
        await asyncio.wait([self._listening, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def stop_listening(self) -> None:
        assert self._listening is not None
        await stop(self._listening)

    def of(self, ref: str) -> list[DeliveryReceipt]:
        """The receipts of a text as they came; by time if they may come in any order."""
        found = [receipt for receipt in self.reported if receipt.ref == ref]
        return found if self.subject.replays else sorted(found, key=lambda each: each.at_ms)

    async def states(self, ref: str, count: int) -> list[tuple[int, ReceiptState]]:
        """The first ``count`` receipts of a text: (part, state), as they came."""

        async def are_there() -> bool:
            return len(self.of(ref)) >= count

        await eventually(are_there)
        return [(receipt.n or 1, receipt.state) for receipt in self.of(ref)[:count]]

    async def find(self, ref: str) -> SmsSnapshot | None:
        """What the carrier knows of a text; a search leaves out what is reported of others."""
        if isinstance(self.carrier, SupportsSmsSearch) and ref in self._texts:
            others = {each.part_id for each in self.reported if each.ref != ref}
            found = await self.carrier.search(self._texts[ref], 0)
            return next((each for each in found if others.isdisjoint(each.part_ids)), None)
        if not isinstance(self.carrier, SupportsSmsLookup):
            pytest.skip("the carrier cannot look a text up")
        return await self.carrier.find(ref)
