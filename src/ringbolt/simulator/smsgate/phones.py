"""Simulated phones with SMSGate: they send by the world's mobile network, and report by webhooks.

Any numbers, written one after the other with commas, make a phone. What it took, and what it has
to report, survives the end of the world's process, as it survives in a real phone.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final
from zlib import crc32

from ringbolt.core.texts import segments
from ringbolt.core.timestamps import iso
from ringbolt.numbers.provider import InboundText
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.numbers.inventory import NumberInventory
from ringbolt.simulator.numbers.texts import LOG as TEXTS
from ringbolt.simulator.sms.network import SmsNetwork
from ringbolt.simulator.sms.records import LOG as RECEIPTS
from ringbolt.simulator.smsgate.records import AppMessage, Phone, PhoneRecords, WebhookEntry
from ringbolt.simulator.smsgate.webhook_queue import WebhookQueue
from ringbolt.sms.carrier import Accepted, DeliveryReceipt, ReceiptState, SendResult
from ringbolt.sms.simulated.wire import SmsRequest

_EVENT_OF: Final = {
    ReceiptState.SENT: ("sms:sent", "sentAt"),
    ReceiptState.DELIVERED: ("sms:delivered", "deliveredAt"),
    ReceiptState.FAILED: ("sms:failed", "failedAt"),
}
_STATE_OF: Final = {
    ReceiptState.SENT: "Sent",
    ReceiptState.DELIVERED: "Delivered",
    ReceiptState.FAILED: "Failed",
}
EXPIRED: Final = "TTL expired"


class SmsGatePhones:
    """All phones of the world with the app. Call ``start`` in the event loop."""

    def __init__(
        self,
        *,
        clock: WorldTime,
        store: WorldFile,
        sms: SmsNetwork,
        numbers: NumberInventory,
        speed: float,
    ) -> None:
        self.records = PhoneRecords(store)
        self.queue = WebhookQueue(self.records, clock, speed)
        self._clock = clock
        self._sms = sms
        self._numbers = numbers
        self._speed = speed
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        self.queue.start()
        if self.records.webhooks():
            self._follow()
        for phone in self.records.phones():
            self._ping_again(phone)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self.queue.close()

    # What the app is asked for

    async def register(self, entry: WebhookEntry) -> None:
        await self.records.put_webhook(entry)
        self._follow()

    async def change(self, phone: Phone) -> None:
        """The phone as it is from now on; if it sends again, what is pending is sent or expires."""
        await self.records.put_phone(phone)
        self._ping_again(phone)
        if phone.is_on:
            self.queue.wake()
            if phone.sends:
                for message in self.records.pending(phone.name):
                    await self._send_pending(phone, message)

    async def send(self, phone: Phone, message: AppMessage) -> SendResult:
        """Take a text, and send it if the phone sends at present."""
        await self.records.put_message(message)
        if not (phone.is_on and phone.sends):
            return Accepted((message.id,))
        result = await self._hand_on(message)
        if not isinstance(result, Accepted) and await self._sms.find(message.id) is None:
            await self.records.drop_message(message.id)
        return result

    async def state(self, message: AppMessage) -> dict[str, Any]:
        """``GET /messages/{id}``."""
        states = {"Pending": iso(message.at_ms)}
        state, error = "Pending", None
        found = await self._sms.find(message.id)
        if message.failed_ms is not None:
            state, error = "Failed", EXPIRED
            states[state] = iso(message.failed_ms)
        elif found is not None:
            state = "Processed"
            states[state] = iso(message.at_ms)
            for each in found.receipts:
                name = _STATE_OF.get(each.state)
                if name is not None:
                    states.setdefault(name, iso(each.at_ms))
                    error = each.raw if name == "Failed" else error
            state = next(each for each in ("Failed", "Delivered", "Sent", state) if each in states)
        recipient = {"phoneNumber": message.to, "state": state, "error": error}
        return {
            "id": message.id,
            "deviceId": self.records.phone(message.phone).device_id,
            "state": state,
            "isHashed": False,
            "isEncrypted": False,
            "recipients": [recipient],
            "states": states,
        }

    async def _send_pending(self, phone: Phone, message: AppMessage) -> None:
        now_ms = self._clock.now_ms()
        if now_ms <= message.until_ms:
            await self._hand_on(message)
            return
        message.is_pending, message.failed_ms = False, now_ms
        await self.records.put_message(message)
        payload = _sms_payload(message, "failedAt", now_ms) | {"reason": EXPIRED}
        await self.queue.emit(phone, "sms:failed", payload)

    async def _hand_on(self, message: AppMessage) -> SendResult:
        message.is_pending = False
        await self.records.put_message(message)
        parts = segments.split(message.text)
        encoding = segments.encoding_of(message.text)
        request = SmsRequest(message.id, message.to, message.sender, list(parts), encoding.value)
        return await self._sms.send(request)

    # What it reports

    def _follow(self) -> None:
        """Read what happens in the world, from now on or from where it was left."""
        if "texts" in self._tasks:
            return
        for log in (RECEIPTS, TEXTS):
            if self.records.place(log) is None:
                self.records.put_queued((), log, self.records.end_of(log))
        self._begin("receipts", self._follow_receipts(self._place(RECEIPTS)))
        self._begin("texts", self._follow_texts(self._place(TEXTS)))

    def _place(self, log: str) -> int:
        place = self.records.place(log)
        return self.records.end_of(log) if place is None else place

    def _begin(self, name: str, work: Any) -> None:
        former = self._tasks.pop(name, None)
        if former is not None:
            former.cancel()
        self._tasks[name] = asyncio.create_task(work, name=f"smsgate {name}")

    async def _follow_receipts(self, after: int) -> None:
        async for batch in self._sms.events(after):
            queued = [
                each for receipt in batch.receipts for each in self._events_of_receipt(receipt)
            ]
            await self.queue.add(queued, RECEIPTS, int(batch.cursor))

    def _events_of_receipt(self, receipt: DeliveryReceipt) -> list[Any]:
        message, told = self.records.message(receipt.ref), _EVENT_OF.get(receipt.state)
        if message is None or told is None:
            return []
        event, at = told
        payload = _sms_payload(message, at, receipt.at_ms)
        if receipt.state is ReceiptState.FAILED:
            payload["reason"] = receipt.raw
        return self.queue.made(self.records.phone(message.phone), event, payload)

    async def _follow_texts(self, after: int) -> None:
        async for batch in self._numbers.events(after):
            names = {each.phone for each in self.records.webhooks()}
            queued = [
                each
                for text in batch.texts
                for name in names
                if text.number in name.split(",")
                for each in self._events_of_text(self.records.phone(name), text)
            ]
            await self.queue.add(queued, TEXTS, int(batch.cursor))

    def _events_of_text(self, phone: Phone, text: InboundText) -> list[Any]:
        payload = {
            "messageId": f"{crc32((text.sender + text.text).encode()):x}",
            "message": text.text,
            "phoneNumber": text.sender,
            "sender": text.sender,
            "recipient": None,  # without the permission READ_PHONE_STATE
            "simNumber": phone.numbers.index(text.number) + 1,
            "receivedAt": iso(text.at_ms, zone="+00:00"),
        }
        return self.queue.made(phone, "sms:received", payload)

    def _ping_again(self, phone: Phone) -> None:
        if phone.ping_s > 0:
            self._begin(f"ping {phone.name}", self._ping(phone.name))

    async def _ping(self, name: str) -> None:
        while (phone := self.records.phone(name)).ping_s > 0:
            if phone.is_on:
                await self.queue.emit(phone, "system:ping", {"health": {"status": "pass"}})
            wait_ms = round(phone.ping_s * 1000 / self._speed)
            await self._clock.sleep_until(self._clock.now_ms() + wait_ms)


def _sms_payload(message: AppMessage, at: str, at_ms: int) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "phoneNumber": message.to,
        "recipient": message.to,
        "sender": message.sender,
        "simNumber": None,
        at: iso(at_ms, zone="+00:00"),
    }
