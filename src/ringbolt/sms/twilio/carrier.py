"""The adapter to the messages of Twilio's API and its relatives.

A message has one id (sid), however many segments it has. The API knows no reference of ours: the
address of a message's callbacks names it, and a lost answer is looked for by recipient, text and
time. Statuses come by signed callbacks, and by polling in case these are lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import structlog

from ringbolt.clock import Clock
from ringbolt.core.callback import CallbackRequest, CallbackResponse, CallbackRoute
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.part_checks import Finding
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sink import Sink
from ringbolt.core.texts.segments import part_fault
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    InboundBatch,
    InboundSms,
    OpenText,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SendResult,
    SmsSnapshot,
)
from ringbolt.sms.polling import each_of
from ringbolt.sms.twilio.message import (
    STATES,
    cost_of,
    created_ms,
    receipt_of,
    refusal,
    text_at,
)
from ringbolt.sms.twilio.settings import TwilioSmsSettings
from ringbolt.twilio.account import TwilioApi, created, document_of
from ringbolt.twilio.dialect import Dialect
from ringbolt.upstream.exchange import Answer
from ringbolt.upstream.pushed import PushedEvents

log = structlog.get_logger("ringbolt.sms")

RETRIES: Final = "#rc=5&rp=ct,rt,5xx"
"""Has Twilio repeat a callback that we could not take; by default it repeats none that was
answered: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides."""
_EMPTY_TWIML: Final = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
_PAGE: Final = 50
_MOST_PAGES: Final = 10
_SKEW_MS: Final = 900_000
"""How far the vendor's clock may be from ours: a text that is not found is sent again."""


class TwilioSms:
    """Implements ``SmsCarrier``, ``SupportsCallbacks``, ``SupportsSmsSearch``,
    ``SupportsSmsPolling``, ``SupportsInbound``, ``SupportsCostLookup``, ``SupportsBalance`` and
    ``SupportsCheck``."""

    recovery = Recovery.LOOKUP
    watched_numbers: tuple[str, ...] = ()

    def __init__(self, settings: TwilioSmsSettings, api: TwilioApi, clock: Clock) -> None:
        self._settings = settings
        self._api = api
        self._clock = clock
        self._callbacks = ""
        self._receipts: PushedEvents[ReceiptBatch] = PushedEvents()
        self._inbound: PushedEvents[InboundBatch] = PushedEvents()

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def poll_every_s(self) -> float:
        return self._settings.poll_s

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        self._callbacks = base_url
        return (
            CallbackRoute("/status/{ref}", self._reported),
            CallbackRoute("/inbound", self._received),
        )

    # Sending

    async def send(self, sms: OutSms) -> SendResult:
        fault = part_fault(sms.parts, sms.encoding)
        if fault is not None:
            return Rejected(f"invalid message: {fault}")
        form = self._form(sms)
        if not sms.still_wanted():
            return Rejected("the request for this text was withdrawn", permanent=False)
        exchange = await self._api.create("Messages", form)
        match created(exchange):
            case Rejected() as rejected:
                return refusal(rejected, _error_code(exchange))
            case Unknown() as unknown:
                return unknown
            case document:
                return _result(document)

    def _form(self, sms: OutSms) -> list[tuple[str, str]]:
        service = self._settings.messaging_service_sid
        retries = RETRIES if self._api.account.dialect is Dialect.TWILIO else ""
        return [
            ("To", sms.to),
            ("MessagingServiceSid", service) if service else ("From", sms.sender),
            ("Body", "".join(sms.parts)),
            ("StatusCallback", f"{self._callbacks}/status/{quote(sms.ref, safe='')}{retries}"),
            ("ValidityPeriod", str(self._settings.validity_s)),
            # The shop has counted the segments of the text as it is.
            ("SmartEncoded", "false"),
        ]

    # What became of a text

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        await self._receipts.follow(sink, ReceiptBatch((), ""))

    async def poll(self, texts: Sequence[OpenText]) -> Sequence[DeliveryReceipt]:
        async def one(ref: str, sid: str) -> list[DeliveryReceipt]:
            document = await self._api.get(f"Messages/{quote(sid, safe='')}")
            return [] if document is None else [self._receipt(document, sid, ref)]

        return await each_of(one, [(text.ref, sid) for text in texts for sid in text.part_ids])

    async def search(self, sms: OutSms, since_ms: int) -> Sequence[SmsSnapshot]:
        text = "".join(sms.parts)
        found = []
        async for document in self._messages_to(sms.to, since_ms - _SKEW_MS):
            sid, body = text_at(document, "sid"), text_at(document, "body")
            is_ours = text_at(document, "direction").startswith("outbound-api")
            # Trial accounts put a sentence before the text; a redacted one is not shown.
            if sid and is_ours and (not body or _plain(body).endswith(_plain(text))):
                found.append((sid, self._receipt(document, sid, sms.ref)))
        return [SmsSnapshot(sms.ref, (sid,), (receipt,)) for sid, receipt in reversed(found)]

    async def _messages_to(self, number: str, since_ms: int) -> Any:
        """The messages to a number, the newest first."""
        params = {"To": number, "PageSize": str(_PAGE)}
        for _ in range(_MOST_PAGES):
            page = await self._api.get("Messages", params)
            documents = page.get("messages") if page is not None else None
            if not isinstance(documents, list):
                raise self._api.unavailable("its list of messages cannot be read")
            for document in documents:
                if not isinstance(document, dict):
                    raise self._api.unavailable("its list of messages cannot be read")
                at_ms = created_ms(document)
                if at_ms is not None and at_ms < since_ms:
                    return
                yield document
            params = dict(parse_qsl(urlsplit(text_at(page, "next_page_uri")).query))
            if not params:
                return
        raise self._api.unavailable("its list of messages does not end")

    async def cost_of(self, ref: str, carrier_id: str) -> Amount | None:
        document = await self._api.get(f"Messages/{quote(carrier_id, safe='')}")
        return None if document is None else cost_of(document)

    def _receipt(self, document: dict[str, Any], sid: str, ref: str) -> DeliveryReceipt:
        status, code = text_at(document, "status"), text_at(document, "error_code")
        return receipt_of(sid, status, code, ref, self._clock.now_ms(), cost_of(document))

    async def _reported(self, request: CallbackRequest) -> CallbackResponse:
        form = self._signed_form(request)
        if form is None:
            return CallbackResponse(403)
        sid = form.get("MessageSid") or form.get("SmsSid", "")
        status = form.get("MessageStatus") or form.get("SmsStatus", "")
        if not sid or not status:
            return CallbackResponse(400)
        code, ref = form.get("ErrorCode", ""), request.params["ref"]
        receipt = receipt_of(sid, status, code, ref, self._clock.now_ms())
        await self._receipts.hand_over(ReceiptBatch((receipt,), ""), sid)
        return CallbackResponse()

    def _signed_form(self, request: CallbackRequest) -> dict[str, str] | None:
        form = self._api.form_of(request, self._clock.now_ms())
        if form is None:
            log.warning("a callback is not signed by the account", part=self.name)
        return form

    # Texts to own numbers

    async def follow_texts(self, cursor: str, sink: Sink[InboundBatch]) -> None:
        await self._inbound.follow(sink, InboundBatch(()))

    async def _received(self, request: CallbackRequest) -> CallbackResponse:
        form = self._signed_form(request)
        if form is None:
            return CallbackResponse(403)
        sid = form.get("MessageSid") or form.get("SmsSid", "")
        to, sender = form.get("To", ""), form.get("From", "")
        if not sid or not to:
            return CallbackResponse(400)
        text = InboundSms(sid, to, sender, form.get("Body", ""), self._clock.now_ms())
        await self._inbound.hand_over(InboundBatch((text,)), to)
        return CallbackResponse(200, _EMPTY_TWIML, "text/xml")

    # What doctor asks

    async def balance(self) -> Amount | None:
        return await self._api.balance()

    async def check(self) -> Sequence[Finding]:
        found = list(await self._api.check("Messages"))
        if not self._callbacks or found[0].state == "wrong":
            return found
        numbers = await self._api.get("IncomingPhoneNumbers", {"PageSize": str(_PAGE)})
        kept = (numbers or {}).get("incoming_phone_numbers")
        found += [
            self._finding(number)
            for number in (kept if isinstance(kept, list) else [])
            if isinstance(number, dict)
        ]
        return found

    def _finding(self, number: dict[str, Any]) -> Finding:
        """Where texts to a number of the account go."""
        name = text_at(number, "phone_number")
        here = f"{self._callbacks}/inbound"
        if text_at(number, "sms_url").partition("#")[0] == here:
            return Finding("ok", "texts received", f"Texts to {name} come here.")
        told = f"Texts to {name} do not come here."
        fix = f"To sell it, let the vendor post its messages to {here}{RETRIES}"
        return Finding("note", "texts received", told, fix)

    async def close(self) -> None:
        await self._api.close()


def _plain(text: str) -> str:
    """What is left of a text of which a vendor has changed the blanks: one that is not found would
    be sent again."""
    return " ".join(text.split())


def _result(document: dict[str, Any]) -> SendResult:
    sid, status = document["sid"], text_at(document, "status")
    if STATES.get(status) is ReceiptState.FAILED:
        why = text_at(document, "error_code") or status
        return Rejected(f"the text failed at once ({why})")
    is_sent = STATES.get(status) in (ReceiptState.SENT, ReceiptState.DELIVERED)
    return Accepted((sid,), sent=is_sent, cost=cost_of(document))


def _error_code(exchange: object) -> int | None:
    document = document_of(exchange.body) if isinstance(exchange, Answer) else None
    code = (document or {}).get("code")
    return code if isinstance(code, int) else None
