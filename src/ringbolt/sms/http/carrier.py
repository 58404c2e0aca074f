"""Asks a gateway of texts over HTTP as the settings describe it, and understands what it tells.

A gateway splits a long text itself, and has one id for it. A request that was never sent, or is
answered with 4xx or with what the settings call a refusal, is a definite no. Everything else that
is not a success is unknown: the text may have been sent.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from yarl import URL

from ringbolt.clock import Clock
from ringbolt.core.callback import CallbackRequest, CallbackResponse, CallbackRoute
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.part_checks import Finding
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sink import Sink
from ringbolt.core.texts.segments import part_fault
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    OpenText,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SendResult,
    SmsCarrier,
)
from ringbolt.sms.http.reading import decoded, form_of, list_at, matched, value_at
from ringbolt.sms.http.settings import HttpSmsSettings, ReceiptsSettings
from ringbolt.sms.http.template import fill, fill_all, fill_url, placeholders
from ringbolt.sms.polling import each_of
from ringbolt.upstream.exchange import Answer, Lost, NeverSent
from ringbolt.upstream.http import HttpClient
from ringbolt.upstream.pushed import PushedEvents

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_BYTES: Final = 256 * 1024
_AMBIGUOUS: Final = frozenset({408, 409})
"""4xx that are no definite no: the request timed out, or was repeated by somebody on the way."""
_ABOUT_THE_ACCOUNT: Final = frozenset({401, 402, 403, 407, 425})
"""Refusals that are about our account or the moment, not about the text."""
_MOST_REASON: Final = 200


def http_carrier(settings: HttpSmsSettings, clock: Clock) -> SmsCarrier:
    """A carrier with the abilities that the settings give it."""
    receipts = settings.receipts
    if receipts is None:
        return HttpSmsCarrier(settings, clock)
    kind = CalledBackHttpSmsCarrier if receipts.by == "callback" else PolledHttpSmsCarrier
    return kind(settings, clock, receipts)


class HttpSmsCarrier:
    """Implements ``SmsCarrier`` and ``SupportsCheck`` for a gateway that reports nothing: a text
    it takes is sent."""

    def __init__(self, settings: HttpSmsSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._callbacks = ""
        self._secrets = {
            "username": settings.username.get_secret_value(),
            "password": settings.password.get_secret_value(),
        }
        self._http = HttpClient(
            _authorization(settings, self._secrets),
            timeout_s=settings.timeout_s,
            max_bytes=_MOST_BYTES,
        )
        self._pushed: PushedEvents[ReceiptBatch] = PushedEvents()

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def recovery(self) -> Recovery:
        return Recovery.IDEMPOTENT if self._settings.sends_once_per_ref else Recovery.NONE

    async def send(self, sms: OutSms) -> SendResult:
        fault = part_fault(sms.parts, sms.encoding)
        if fault is not None:
            return Rejected(f"invalid message: {fault}")
        url, body, headers = self._request(sms)
        if not sms.still_wanted():
            return Rejected("the request for this text was withdrawn", permanent=False)
        match await self._http.once(self._settings.method, url, body, headers=headers):
            case Answer() as answer:
                return self._result(answer, sms.ref)
            case NeverSent(why):
                return Rejected(f"the gateway cannot be reached: {why}", permanent=False)
            case Lost(why):
                return Unknown(f"the gateway's answer was lost: {why}")

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        await self._pushed.follow(sink, ReceiptBatch((), ""))

    async def check(self) -> Sequence[Finding]:
        """Whether the gateway is reached. Nothing else can be seen without sending a text."""
        exchange = await self._http.ask("HEAD", URL(self._settings.url).origin())
        if not isinstance(exchange, Answer):
            raise Unavailable(f"The gateway {self.name} does not answer: {exchange.why}.")
        told = "It answers; only a text shows whether it takes the credentials."
        return [Finding("ok", "gateway", told), *self._findings()]

    def _findings(self) -> Sequence[Finding]:
        return unencrypted(self._settings.url)

    async def close(self) -> None:
        await self._http.close()

    # Asking

    def _request(self, sms: OutSms) -> tuple[URL, bytes | None, dict[str, str]]:
        settings, values = self._settings, self._values(sms)
        template = dict(settings.fields)
        if sms.encoding == "ucs2":
            template |= settings.unicode_fields
        fields = fill_all(template, values)
        url = URL(fill_url(settings.url, values), encoded=True)
        headers = {name: fill(text, values) for name, text in settings.headers.items()}
        if settings.body == "json":
            return url, msgspec.json.encode(fields), {"Content-Type": "application/json", **headers}
        form = urlencode({name: _plain(value) for name, value in fields.items()})
        if settings.body == "form":
            return url, form.encode(), {"Content-Type": _FORM, **headers}
        query = "&".join(filter(None, (url.raw_query_string, form)))
        return URL(f"{url.with_query(None)}?{query}", encoded=True), None, headers

    def _values(self, sms: OutSms) -> dict[str, str]:
        text = "".join(sms.parts)
        return {
            "to": sms.to,
            "to_digits": sms.to.removeprefix("+"),
            "sender": sms.sender,
            "sender_digits": sms.sender.removeprefix("+"),
            "text": text,
            "text_hex": text.encode("utf-16-be").hex(),
            "parts": str(len(sms.parts)),
            "ref": sms.ref,
            "callback_url": f"{self._callbacks}/receipts/{quote(sms.ref, safe='')}",
            **self._secrets,
        }

    # Understanding the answer

    def _result(self, answer: Answer, ref: str) -> SendResult:
        settings = self._settings
        if answer.status in settings.later_statuses:
            why = f"the gateway is busy (HTTP {answer.status})"
            return Rejected(why, permanent=False, retry_after_ms=answer.retry_after_ms)
        if answer.is_success:
            if settings.success_pattern:
                return self._by_pattern(answer, ref)
            return self._by_path(answer, ref)
        if answer.is_refusal and answer.status not in _AMBIGUOUS:
            why = f"the gateway refused with HTTP {answer.status}{self._why(decoded(answer.body))}"
            return Rejected(why, permanent=answer.status not in _ABOUT_THE_ACCOUNT)
        return Unknown(f"the gateway answered HTTP {answer.status}")

    def _by_pattern(self, answer: Answer, ref: str) -> SendResult:
        text = answer.body.decode("utf-8", "replace")
        found = matched(self._settings.success_pattern, text)
        if found is not None:
            return self._accepted(found or ref)
        refusal = self._settings.refusal_pattern
        if refusal and matched(refusal, text) is not None:
            return Rejected(f"the gateway refused: {text.strip()[:_MOST_REASON]}")
        return Unknown("the gateway's answer is not what the settings describe")

    def _by_path(self, answer: Answer, ref: str) -> SendResult:
        settings = self._settings
        if not (settings.success_path or settings.id_path):
            return self._accepted(ref)
        document = decoded(answer.body)
        if document is None:
            return Unknown("the gateway's answer is not JSON")
        entries = list_at(document, settings.list_path) if settings.list_path else [document]
        results = [self._entry(entry) for entry in entries]
        taken = [each for each in results if isinstance(each, Accepted)]
        if not results:
            return Unknown(f"the gateway's answer has no {settings.list_path}")
        if len(taken) == len(results):
            part_ids = tuple(part_id for each in taken for part_id in each.part_ids)
            return self._accepted(*(part_ids or (ref,)), cost=_sum([each.cost for each in taken]))
        if taken:
            return Unknown("the gateway took only some of the parts")
        unclear = [each for each in results if isinstance(each, Unknown)]
        return (unclear or results)[0]  # a part may have been sent, though others were refused

    def _entry(self, entry: Any) -> SendResult:
        """What an answer, or the entry of a part in it, says."""
        settings = self._settings
        if settings.success_path:
            found = value_at(entry, settings.success_path)
            if found is None:
                return Unknown(f"the gateway's answer has no {settings.success_path}")
            if found in settings.later_values:
                return Rejected(f"the gateway is busy ({found})", permanent=False)
            if settings.success_values and found not in settings.success_values:
                return Rejected(f"the gateway refused ({found}){self._why(entry)}")
        if not settings.id_path:
            return Accepted((), cost=self._cost(entry))
        part_id = value_at(entry, settings.id_path)
        if not part_id:
            return Unknown(f"the gateway's answer has no {settings.id_path}")
        return Accepted((part_id,), cost=self._cost(entry))

    def _cost(self, entry: Any) -> Amount | None:
        settings = self._settings
        told = value_at(entry, settings.cost_path) if settings.cost_path else None
        if told is None:
            return None
        amount = Amount.read(told, settings.cost_currency)
        if amount is None:
            return None
        return Amount(round(amount.micros / settings.cost_unit), amount.currency)

    def _accepted(self, *part_ids: str, cost: Amount | None = None) -> Accepted:
        return Accepted(part_ids, sent=self._settings.receipts is None, cost=cost)

    def _why(self, document: Any) -> str:
        path = self._settings.reason_path
        why = value_at(document, path) if path else None
        return f": {why[:_MOST_REASON]}" if why else ""


class _Reporting(HttpSmsCarrier):
    """A gateway that reports what became of a text."""

    def __init__(self, settings: HttpSmsSettings, clock: Clock, receipts: ReceiptsSettings) -> None:
        super().__init__(settings, clock)
        self._receipts = receipts

    def _receipts_in(self, document: Any, ref: str, part_id: str) -> list[DeliveryReceipt]:
        """What a document reports of the text ``ref`` ('' if it is not known which)."""
        settings = self._receipts
        found = []
        for entry in list_at(document, settings.list_path):
            raw = value_at(entry, settings.state_path)
            named = value_at(entry, settings.id_path) if settings.id_path else None
            about = named or part_id or ref
            if raw is not None and about:
                found.append(self._receipt(about, ref, raw))
        return found

    def _receipt(self, part_id: str, ref: str, raw: str) -> DeliveryReceipt:
        has_parts = bool(self._settings.list_path)
        return DeliveryReceipt(
            event_id=f"{part_id}:{raw}",
            part_id=part_id,
            ref=ref,
            n=0 if has_parts else 1,
            state=self._receipts.states.get(raw, ReceiptState.ENROUTE),
            raw=raw,
            at_ms=self._clock.now_ms(),
            is_whole=not has_parts,
        )


class CalledBackHttpSmsCarrier(_Reporting):
    """Implements ``SmsCarrier`` and ``SupportsCallbacks``. The address of the callbacks is secret,
    and names the text; that is all that shows that a callback is genuine."""

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        self._callbacks = base_url
        methods = ("GET", "POST")
        return (
            CallbackRoute("/receipts/{ref}", self._reported, methods),
            CallbackRoute("/receipts", self._reported, methods),
        )

    def _findings(self) -> Sequence[Finding]:
        found = list(super()._findings())
        asked = [self._settings.url, self._settings.fields, self._settings.headers]
        if "callback_url" not in placeholders(asked) and self._callbacks:
            told = "The gateway is not told where to report what becomes of texts."
            fix = f"Name this address in its web pages: {self._callbacks}/receipts"
            found.append(Finding("note", "receipts", told, fix))
        return found

    async def _reported(self, request: CallbackRequest) -> CallbackResponse:
        ref = request.params.get("ref", "")
        document = _document(request)
        receipts = self._receipts_in(document, ref, "")
        if not receipts:
            return CallbackResponse(400, b"This tells of no text.\n")
        await self._pushed.hand_over(ReceiptBatch(tuple(receipts), ""), receipts[0].part_id)
        return CallbackResponse(200)


class PolledHttpSmsCarrier(_Reporting):
    """Implements ``SmsCarrier`` and ``SupportsSmsPolling``."""

    @property
    def poll_every_s(self) -> float:
        return self._receipts.every_s

    async def poll(self, texts: Sequence[OpenText]) -> Sequence[DeliveryReceipt]:
        ids = [(text.ref, part_id) for text in texts for part_id in text.part_ids]
        return await each_of(self._poll_one, ids)

    async def _poll_one(self, ref: str, part_id: str) -> list[DeliveryReceipt]:
        values = {"id": part_id, "ref": ref, **self._secrets}
        url = URL(fill_url(self._receipts.url, values), encoded=True)
        exchange = await self._http.ask("GET", url)
        if not isinstance(exchange, Answer):
            raise Unavailable(f"The gateway {self.name} does not answer: {exchange.why}.")
        if not exchange.is_success:
            return []
        return self._receipts_in(decoded(exchange.body), ref, part_id)


def unencrypted(url: str) -> Sequence[Finding]:
    """What there is to say of an address to which texts and credentials are sent."""
    parts = URL(url)
    try:
        is_near = not ip_address(parts.host or "").is_global
    except ValueError:
        is_near = parts.host == "localhost"
    if parts.scheme == "https" or is_near:
        return ()
    told = "Texts and credentials are sent to it without encryption."
    return (Finding("note", "encryption", told, "Write its url with https://."),)


def _document(request: CallbackRequest) -> Any:
    """What a callback says: its JSON body, else the fields of its form and its query."""
    body = request.body.lstrip()
    document = decoded(body) if body[:1] in (b"{", b"[") else None
    if isinstance(document, Mapping):
        return {**dict(request.query), **document}
    return form_of(request.body, request.query) if document is None else document


def _authorization(settings: HttpSmsSettings, secrets: Mapping[str, str]) -> dict[str, str]:
    match settings.auth:
        case "basic":
            pair = f"{secrets['username']}:{secrets['password']}".encode()
            return {"Authorization": f"Basic {b64encode(pair).decode()}"}
        case "bearer":
            return {"Authorization": f"Bearer {secrets['password']}"}
        case "none":
            return {}


def _sum(costs: Sequence[Amount | None]) -> Amount | None:
    """What all parts cost together; None if one does not tell it."""
    told = [each for each in costs if each is not None]
    if not told or len(told) < len(costs):
        return None
    return Amount(sum(each.micros for each in told), told[0].currency)


def _plain(value: Any) -> str:
    """A field of a form: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
