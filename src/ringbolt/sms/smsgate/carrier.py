"""The adapter to one Android phone with SMSGate: sends, receives, and tells that it is alive.

Each text has our reference as the app's message id, so that asking twice sends once. What becomes
of it comes by signed webhooks, and by looking it up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from ringbolt.core import foreign_json
from ringbolt.core.callback import CallbackRequest, CallbackResponse, CallbackRoute
from ringbolt.core.errors import Unavailable
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.part_checks import Finding
from ringbolt.core.sink import Sink
from ringbolt.core.texts.segments import part_fault
from ringbolt.registry.types import Context
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    InboundBatch,
    OpenText,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SendResult,
    SmsSnapshot,
)
from ringbolt.sms.polling import each_of
from ringbolt.sms.smsgate.api import PhoneApi, refusal_words
from ringbolt.sms.smsgate.inbound import inbound_sms
from ringbolt.sms.smsgate.phone_check import check_phone
from ringbolt.sms.smsgate.receipts import receipt, receipts_of
from ringbolt.sms.smsgate.settings import SmsGateSettings
from ringbolt.sms.smsgate.signature import Signed, check
from ringbolt.sms.smsgate.webhooks import LOOK_EVERY_S, Registration
from ringbolt.sms.smsgate.wire import (
    MAX_ID_CHARS,
    Message,
    MessageState,
    Received,
    Reported,
    TextMessage,
    WebhookEvent,
    ms_of,
)
from ringbolt.upstream.exchange import Answer, Lost, NeverSent
from ringbolt.upstream.pushed import PushedEvents

log = structlog.get_logger("ringbolt.sms")

_NOTHING: Final = ReceiptBatch((), "")
_PATH: Final = "/events"
_NOT_OURS: Final = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 425, 429})
"""Refusals that say nothing about the text: an address, credentials or times that are wrong."""
_TIMED_OUT: Final = 408
"""Proxies also say it when the phone behind them, which has the text, took too long."""
_QUEUE_FULL: Final = b"QueueLimitExceeded"
"""503 of a cloud whose phone has too much to do, before it takes anything."""
_RETRY_MS: Final = 10_000
_PARTS_KEPT: Final = 1000
POLL_EVERY_S: Final = 15.0
"""How often the shop looks for the texts that the phone has not reported yet."""


class SmsGateCarrier:
    """Implements ``SmsCarrier``, ``SupportsSmsLookup``, ``SupportsSmsPolling``,
    ``SupportsInbound``, ``SupportsCallbacks`` and ``SupportsCheck``."""

    def __init__(self, settings: SmsGateSettings, context: Context) -> None:
        self._settings = settings
        self._clock = context.clock
        self._api = PhoneApi(
            settings.base_url,
            settings.username,
            settings.password.get_secret_value(),
            settings.auth,
            settings.name,
            context.clock,
        )
        self._key = settings.signing_key.get_secret_value().strip().encode()
        self._registration = Registration(settings, self._api, context)
        self._receipts: PushedEvents[ReceiptBatch] = PushedEvents()
        self._inbound: PushedEvents[InboundBatch] = PushedEvents()
        self._parts: dict[str, _Parts] = {}

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def recovery(self) -> Recovery:
        return Recovery.LOOKUP

    # Sending

    async def send(self, sms: OutSms) -> SendResult:
        fault = part_fault(sms.parts, sms.encoding)
        if fault is not None:
            return Rejected(f"invalid message: {fault}")
        if len(sms.ref) > MAX_ID_CHARS:
            return Rejected("the reference is longer than the app takes")
        if not sms.still_wanted():
            return Rejected("the request for this text was withdrawn", permanent=False)
        self._remember(sms)
        match await self._api.once(
            "POST", "/messages?skipPhoneValidation=true", self._message(sms)
        ):
            case Answer() as answer:
                return _result(sms.ref, answer)
            case NeverSent(why):
                return Rejected(f"the phone cannot be reached: {why}", permanent=False)
            case Lost(why):
                return Unknown(f"the phone's answer was lost: {why}")

    def _message(self, sms: OutSms) -> Message:
        numbers = self._settings.numbers
        return Message(
            id=sms.ref,
            text_message=TextMessage("".join(sms.parts)),
            phone_numbers=[sms.to],
            ttl=self._settings.ttl_s,
            with_delivery_report=True,
            sim_number=numbers.index(sms.sender) + 1 if sms.sender in numbers else None,
            device_id=self._settings.device_id or None,
        )

    def _remember(self, sms: OutSms) -> None:
        """How many deliveries the phone will report of a text of several parts."""
        if len(sms.parts) == 1:
            return
        if len(self._parts) >= _PARTS_KEPT:
            del self._parts[next(iter(self._parts))]
        self._parts[sms.ref] = _Parts(len(sms.parts))

    async def find(self, ref: str) -> SmsSnapshot | None:
        answer = await self._api.ask("GET", self._api.path("messages", ref))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._api.unavailable(refusal_words(answer))
        found = self._api.decode(answer, MessageState)
        return SmsSnapshot(ref, (ref,), receipts_of(found, ref, self._clock.now_ms()))

    @property
    def poll_every_s(self) -> float:
        return POLL_EVERY_S

    async def poll(self, texts: Sequence[OpenText]) -> Sequence[DeliveryReceipt]:
        """For webhooks that never come: Android keeps some from the app (its issues 129, 276)."""
        return await each_of(self._receipts_of, [(text.ref, text.ref) for text in texts])

    async def _receipts_of(self, ref: str, part_id: str) -> Sequence[DeliveryReceipt]:
        found = await self.find(ref)
        return () if found is None else found.receipts

    # What the phone reports

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        self._registration.url = base_url + _PATH
        return (CallbackRoute(_PATH, self._reported),)

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        """Takes webhooks from the beginning, also while the API is not reached."""

        async def hear(batch: ReceiptBatch) -> None:
            if batch.receipts:
                await sink(batch)

        hearing = asyncio.ensure_future(self._receipts.follow(hear, _NOTHING))
        try:
            await self._registration.register_when_reached()
            while True:
                await sink(_NOTHING)
                await asyncio.sleep(LOOK_EVERY_S)
                await self._registration.look()
        finally:
            hearing.cancel()
            await asyncio.wait([hearing])

    @property
    def watched_numbers(self) -> tuple[str, ...]:
        return self._settings.numbers

    async def follow_texts(self, cursor: str, sink: Sink[InboundBatch]) -> None:
        await self._inbound.follow(sink, InboundBatch(()))

    async def _reported(self, request: CallbackRequest) -> CallbackResponse:
        """One webhook, answered when it is committed; else the phone repeats it for two days."""
        signed = check(self._key, request.body, request.headers, self._clock.now_ms())
        if signed is not Signed.YES:
            stale = signed is Signed.STALE
            why = "the clock of a phone is wrong" if stale else "signing_key is not that of the app"
            log.warning("the events of a phone are refused", part=self.name, why=why)
            return CallbackResponse(403)
        try:
            event = foreign_json.decode(request.body, type=WebhookEvent)
            if self._settings.device_id in ("", event.device_id):
                await self._take(event)
        except UNREADABLE:
            log.warning("a phone reported what cannot be read", part=self.name)
            return CallbackResponse(400)
        return CallbackResponse()

    async def _take(self, event: WebhookEvent) -> None:
        match event.event:
            case "sms:received":
                await self._received(foreign_json.decode(event.payload, type=Received))
            case "sms:sent" | "sms:delivered" | "sms:failed":
                await self._told(event, foreign_json.decode(event.payload, type=Reported))
                await self._is_alive()
            case _:
                await self._is_alive()

    async def _received(self, received: Received) -> None:
        text = inbound_sms(received, self._settings.numbers, self._clock.now_ms())
        if text is None:
            log.warning("a text came to a SIM whose number is not in the settings", part=self.name)
            await self._is_alive()
            return
        batch = InboundBatch((text,), heard=self._settings.numbers)
        await self._inbound.hand_over(batch, text.to)

    async def _is_alive(self) -> None:
        if self._settings.numbers:
            await self._inbound.hand_over(InboundBatch((), heard=self._settings.numbers), "")

    async def _told(self, event: WebhookEvent, told: Reported) -> None:
        now_ms = self._clock.now_ms()
        ref, at = told.message_id, told.sent_at or told.delivered_at or told.failed_at
        state = event.event.removeprefix("sms:").capitalize()
        found = receipt(ref, state, told.reason, ms_of(at, now_ms))
        if found is None:
            return
        if found.state is ReceiptState.DELIVERED:
            found = await self._confirmed(event, found)
        if found is not None:
            await self._receipts.hand_over(ReceiptBatch((found,), ""), ref)

    async def _confirmed(
        self, event: WebhookEvent, told: DeliveryReceipt
    ) -> DeliveryReceipt | None:
        """The delivery that a webhook told, or what the app knows better; None while parts of the
        text are missing (each is reported by itself)."""
        parts = self._parts.get(told.ref)
        if parts is not None:
            parts.delivered.add(event.id)
            if len(parts.delivered) < parts.count:
                return None
        try:
            snapshot = await self.find(told.ref)
        except Unavailable:
            return told
        if snapshot is None or not snapshot.receipts:
            return told
        known = snapshot.receipts[-1]
        return told if known.state is ReceiptState.DELIVERED else known

    # Looking at the phone

    async def check(self) -> Sequence[Finding]:
        return await check_phone(self._settings, self._api, self._registration)

    async def close(self) -> None:
        await self._api.close()


class _Parts:
    """How many parts a text has, and the deliveries that were reported."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.delivered: set[str] = set()


def _result(ref: str, answer: Answer) -> SendResult:
    if answer.status == 409:  # it has this very text: the id is our reference
        return Accepted((ref,))
    if answer.is_success:
        return _taken(ref, answer)
    words = refusal_words(answer)
    if answer.status in _NOT_OURS or (answer.status == 503 and _QUEUE_FULL in answer.body):
        retry_after_ms = answer.retry_after_ms or _RETRY_MS
        return Rejected(f"the phone took nothing ({words})", False, retry_after_ms)
    if answer.is_refusal and answer.status != _TIMED_OUT:
        return Rejected(f"the phone refused the text ({words})")
    return Unknown(f"the phone answered {words}")


def _taken(ref: str, answer: Answer) -> SendResult:
    try:
        taken = foreign_json.decode(answer.body, type=MessageState)
    except UNREADABLE:
        return Unknown("the phone's answer cannot be read")
    return Accepted((ref,)) if taken.id == ref else Unknown("the phone answered for another text")
