"""The simulated mobile network: texts by our reference on the carrier's side, by number on the
phone's side.

Every change is queued for the world's file in the order in which it is decided, and answered or
published only once it is on the disk. Only texts with steps still to come are in memory. Delays go
by the world's clock, divided by ``speed``.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.simulator.clock.due_queue import DueQueue
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.sms.records import AcceptedSms, PhoneText, SmsRecords, Writes, receipts_of
from ringbolt.simulator.sms.script import (
    REFUSALS,
    RETRY_AFTER_MS,
    SLOW_CARRIER_MS,
    CarrierReply,
    behaviour_of,
)
from ringbolt.sms.carrier import Accepted, ReceiptBatch, SendResult, SmsSnapshot
from ringbolt.sms.simulated.wire import SmsRequest

_TICK_MS: Final = 10
"""Everything due within a tick happens together: one wake-up, one commit for many texts."""
_BATCH: Final = 500
log = structlog.get_logger("ringbolt.sms")


@dataclass(slots=True, eq=False)
class _Open:
    """A text with steps still to come. ``done``: how many have happened."""

    sms: AcceptedSms
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
        self._records = SmsRecords(store)
        self._open: dict[str, _Open] = {}
        self._due: DueQueue[_Open] = DueQueue(clock)

    def start(self) -> None:
        """Resume the texts of the world's file."""
        for sms, done in self._records.pending():
            self._schedule(_Open(sms, done))
        self._due.start(self._run_due, "sms timer")

    async def close(self) -> None:
        """Stop; pending steps happen when the world starts again."""
        self._records.log.close()
        await self._due.close()

    # The carrier's side

    async def send(self, request: SmsRequest) -> SendResult:
        """Accept a text, once per ``ref``: a repeated request gets the same answer.

        Raises ``Unavailable`` if the world's file cannot be written.
        """
        reply = behaviour_of(request.to).reply
        sms = await self._accepted(request.ref)
        if sms is None:
            refusal = await self._refusal(request, reply)
            if refusal is not None:
                return refusal
            # Nothing was awaited since ``_accepted`` found none: one reference is accepted once.
            sms = await self._accept(request, reply)
        if reply is CarrierReply.TAKES_WITHOUT_AN_ANSWER:
            return Unknown("The carrier's answer was lost.")
        if reply is CarrierReply.TAKES_SLOWLY:
            await self._over(sms.ref)
            wait_ms = round(SLOW_CARRIER_MS / self._speed)
            await self._clock.sleep_until(self._clock.now_ms() + wait_ms)
        return Accepted(sms.part_ids, sent=reply is CarrierReply.SENDS_AT_ONCE)

    async def find(self, ref: str) -> SmsSnapshot | None:
        """The text with this reference, and its receipts so far."""
        sms = await self._accepted(ref)
        return None if sms is None else SmsSnapshot(ref, sms.part_ids, self._records.receipts(sms))

    async def events(self, after: int) -> AsyncIterator[ReceiptBatch]:
        """Every receipt numbered above ``after`` (0: all), then new ones, until ``close``."""
        async for rows in self._records.log.since(after):
            yield ReceiptBatch(receipts_of(rows), str(rows[-1][0]))

    # The phone's side

    def inbox(self, number: str) -> list[PhoneText]:
        """The newest texts of the phone with this number (E.164), oldest first."""
        return self._records.inbox(number)

    # Accepting a text

    async def _accepted(self, ref: str) -> AcceptedSms | None:
        """The accepted text with this reference, once it is on the disk."""
        text = self._open.get(ref)
        if text is None:
            return self._records.find(ref)
        if text.saved is not None:
            await asyncio.shield(text.saved)
        return text.sms

    async def _refusal(self, request: SmsRequest, reply: CarrierReply) -> SendResult | None:
        fault = request.fault()
        if fault is not None:
            return Rejected(f"invalid message: {fault}")
        match reply:
            case CarrierReply.REFUSES:
                return Rejected("this destination is not served")
            case CarrierReply.LOSES_THE_REQUEST:
                return Unknown("The carrier does not answer.")
            case CarrierReply.REFUSES_FOR_NOW:
                return await self._refusal_for_now(request)
            case _:
                return None

    async def _refusal_for_now(self, request: SmsRequest) -> Rejected | None:
        refusals = self._records.refusals(request)
        if refusals >= REFUSALS:
            return None
        writes = Writes()
        writes.refuse(request, refusals + 1)
        await self._records.write(writes)
        retry_after_ms = max(1, round(RETRY_AFTER_MS / self._speed))
        return Rejected("throttled: too many messages", False, retry_after_ms)

    async def _accept(self, request: SmsRequest, reply: CarrierReply) -> AcceptedSms:
        sms = AcceptedSms(
            f"sms_{secrets.token_hex(8)}",
            request.ref,
            request.to,
            request.sender,
            tuple(request.parts),
            self._clock.now_ms(),
            self._speed,
        )
        writes = Writes()
        writes.accept(sms)
        if reply is CarrierReply.REFUSES_FOR_NOW:
            writes.refuse(request, 0)
        saved = self._records.write(writes)
        self._schedule(_Open(sms, 0, saved))
        await asyncio.shield(saved)
        return sms

    async def _over(self, ref: str) -> None:
        """Return once all receipts of this text are on the disk."""
        while ref in self._open and not self._records.log.closed:
            await self._records.log.news()

    # Steps of accepted texts

    def _schedule(self, text: _Open) -> None:
        self._open[text.sms.ref] = text
        self._due.push(text.due_ms, text)

    def _run_due(self) -> None:
        """Run the steps that are due, many in one commit."""
        writes = Writes()
        while len(writes.puts) < _BATCH and (due := self._due.pop()) is not None:
            _, text = due
            text.done += 1
            writes.step(text.sms, text.done)
            if text.done < len(text.sms.steps):
                self._due.push(text.due_ms, text)
        saved = self._records.write(writes)
        saved.add_done_callback(lambda saved: self._on_saved(saved, writes.over))

    def _on_saved(self, saved: asyncio.Future[list[int]], over: Iterable[str]) -> None:
        if not saved.cancelled() and (error := saved.exception()) is not None:
            log.error("a change to simulated texts is lost", error=str(error))
            return
        for ref in over:
            self._open.pop(ref, None)
        self._records.log.announce()
