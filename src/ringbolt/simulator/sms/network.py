"""The simulated mobile network: texts by our reference on the carrier's side, by number on the
phone's side.

Every change takes its place in the world's file in the order in which it is decided, and is told
to nobody before it is there. Only texts to which something is still to happen are in memory.
Delays go by the world's clock, divided by ``speed``.
"""

from __future__ import annotations

import asyncio
import heapq
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.sms.book import PhoneText, SmsBook, TakenSms, Writes, receipts_of
from ringbolt.simulator.sms.script import (
    REFUSALS,
    RETRY_AFTER_MS,
    SLOW_CARRIER_MS,
    Intake,
    behaviour_of,
)
from ringbolt.sms.carrier import Accepted, ReceiptBatch, SendResult, SmsSnapshot
from ringbolt.sms.simulated.wire import SmsRequest

_TICK_MS: Final = 10
"""What is due within a tick happens together: one wake-up and one commit for many texts."""
_BATCH: Final = 500
_IDLE_MS: Final = 3_600_000
log = structlog.get_logger("ringbolt.sms")


@dataclass(slots=True, eq=False)
class _Open:
    """A text to which something is still to happen. ``done``: so many of its steps have."""

    sms: TakenSms
    done: int = 0
    saved: asyncio.Future[list[int]] | None = None

    @property
    def due_ms(self) -> int:
        """When the next step happens, at the end of its tick."""
        return -(-self.sms.at(self.sms.steps[self.done].due_ms) // _TICK_MS) * _TICK_MS


class SmsNetwork:
    """The carrier and every phone's texts. Call ``start`` in the event loop."""

    def __init__(self, *, clock: WorldTime, store: WorldFile, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed
        self._book = SmsBook(store)
        self._open: dict[str, _Open] = {}
        self._due: list[tuple[int, int, _Open]] = []
        self._queued = 0
        self._timer: asyncio.Task[None] | None = None
        self._alarm: asyncio.Future[None] | None = None
        self._alarm_ms = 0

    def start(self) -> None:
        """Go on with what the world did before."""
        for sms, done in self._book.pending():
            self._schedule(_Open(sms, done))
        self._timer = asyncio.create_task(self._run(), name="sms timer")

    async def close(self) -> None:
        """Stop; what is still to happen does when the world starts again."""
        self._book.log.close()
        if self._timer is not None:
            self._timer.cancel()
            with suppress(asyncio.CancelledError):
                await self._timer

    # The carrier's side

    async def send(self, request: SmsRequest) -> SendResult:
        """Take a text, once per ``ref``: asked again, the answer is about the same text.

        Raises ``Unavailable`` if the world's file cannot be written.
        """
        intake = behaviour_of(request.to).intake
        sms = await self._taken(request.ref)
        if sms is None:
            refusal = await self._refusal(request, intake)
            if refusal is not None:
                return refusal
            # Nothing was awaited since ``_taken`` said no, so one reference is taken once.
            sms = await self._take(request, intake)
        if intake is Intake.TAKES_WITHOUT_AN_ANSWER:
            return Unknown("The carrier's answer was lost.")
        if intake is Intake.TAKES_SLOWLY:
            await self._over(sms.ref)
            wait_ms = round(SLOW_CARRIER_MS / self._speed)
            await self._clock.sleep_until(self._clock.now_ms() + wait_ms)
        return Accepted(sms.part_ids, sent=intake is Intake.SENDS_AT_ONCE)

    async def find(self, ref: str) -> SmsSnapshot | None:
        """The text with this reference and the receipts that were told of it."""
        sms = await self._taken(ref)
        return None if sms is None else SmsSnapshot(ref, sms.part_ids, self._book.told(sms))

    async def events(self, after: int) -> AsyncIterator[ReceiptBatch]:
        """Every receipt numbered above ``after`` (0: all), then those to come, until ``close``."""
        async for rows in self._book.log.since(after):
            yield ReceiptBatch(receipts_of(rows), str(rows[-1][0]))

    # The phone's side

    def inbox(self, number: str) -> list[PhoneText]:
        """The newest texts that the phone with this number (E.164) got, oldest first."""
        return self._book.inbox(number)

    # Taking a text

    async def _taken(self, ref: str) -> TakenSms | None:
        """The text that the carrier took with this reference, once it is on the disk."""
        text = self._open.get(ref)
        if text is None:
            return self._book.find(ref)
        if text.saved is not None:
            await asyncio.shield(text.saved)
        return text.sms

    async def _refusal(self, request: SmsRequest, intake: Intake) -> SendResult | None:
        fault = request.fault()
        if fault is not None:
            return Rejected(f"invalid message: {fault}")
        match intake:
            case Intake.REFUSES:
                return Rejected("this destination is not served")
            case Intake.LOSES_THE_REQUEST:
                return Unknown("The carrier does not answer.")
            case Intake.REFUSES_FOR_NOW:
                return await self._refusal_for_now(request)
            case _:
                return None

    async def _refusal_for_now(self, request: SmsRequest) -> Rejected | None:
        refusals = self._book.refusals(request)
        if refusals >= REFUSALS:
            return None
        writes = Writes()
        writes.refuse(request, refusals + 1)
        await self._book.write(writes)
        retry_after_ms = max(1, round(RETRY_AFTER_MS / self._speed))
        return Rejected("throttled: too many messages", False, retry_after_ms)

    async def _take(self, request: SmsRequest, intake: Intake) -> TakenSms:
        sms = TakenSms(
            f"sms_{secrets.token_hex(8)}",
            request.ref,
            request.to,
            request.sender,
            tuple(request.parts),
            self._clock.now_ms(),
            self._speed,
        )
        writes = Writes()
        writes.take(sms)
        if intake is Intake.REFUSES_FOR_NOW:
            writes.refuse(request, 0)
        saved = self._book.write(writes)
        self._schedule(_Open(sms, 0, saved))
        await asyncio.shield(saved)
        return sms

    async def _over(self, ref: str) -> None:
        """Return once all receipts of this text are on the disk."""
        while ref in self._open and not self._book.log.closed:
            await self._book.log.news()

    # What happens to texts

    def _schedule(self, text: _Open) -> None:
        self._open[text.sms.ref] = text
        self._push(text)
        if self._alarm is not None and text.due_ms < self._alarm_ms:
            self._alarm.cancel()

    def _push(self, text: _Open) -> None:
        self._queued += 1
        heapq.heappush(self._due, (text.due_ms, self._queued, text))

    async def _run(self) -> None:
        """Let things happen when they are due: one timer for all texts."""
        while True:
            while self._due and self._due[0][0] <= self._clock.now_ms():
                self._let_happen(self._clock.now_ms())
                await asyncio.sleep(0)
            self._alarm_ms = self._due[0][0] if self._due else self._clock.now_ms() + _IDLE_MS
            self._alarm = asyncio.ensure_future(self._clock.sleep_until(self._alarm_ms))
            try:
                await asyncio.wait([self._alarm])
            finally:
                self._alarm.cancel()

    def _let_happen(self, now_ms: int) -> None:
        writes = Writes()
        while self._due and self._due[0][0] <= now_ms and len(writes.puts) < _BATCH:
            _, _, text = heapq.heappop(self._due)
            text.done += 1
            writes.step(text.sms, text.done)
            if text.done < len(text.sms.steps):
                self._push(text)
        saved = self._book.write(writes)
        saved.add_done_callback(lambda saved: self._on_saved(saved, writes.over))

    def _on_saved(self, saved: asyncio.Future[list[int]], over: Iterable[str]) -> None:
        if not saved.cancelled() and (error := saved.exception()) is not None:
            log.error("a change to simulated texts is lost", error=str(error))
            return
        for ref in over:
            self._open.pop(ref, None)
        self._book.log.announce()
