"""What the pay-per-request family answers: what is accepted, its status, its refund."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit.problem import Problem, problem_document
from ringbolt.api.kit.schema import about
from ringbolt.app.requests.digits import answered_digits
from ringbolt.app.speech.speech_report import SpeechReport
from ringbolt.app.webhooks.call_status import CallReport
from ringbolt.app.webhooks.message_status import MessageReport
from ringbolt.app.webhooks.order_report import OrderReport
from ringbolt.core.commands import CallOrder, SendMail, SendText, SpeakText
from ringbolt.core.lightning import lnurl
from ringbolt.core.order import DELIVERED, NOT_DELIVERED, OrderKind, OrderState
from ringbolt.core.pricing.money import sats_down, sats_up
from ringbolt.core.timestamps import iso
from ringbolt.store.orders import Order
from ringbolt.store.refunds import Refund, RefundState
from ringbolt.voice.audio.encoder import MEDIA_TYPES, SUFFIXES

_DAY_MS: Final = 86_400_000
_CODE: Final = re.compile(r"[A-Z0-9_]+")
_REFUND_STATUS: Final = {
    RefundState.OPEN: "pending",
    RefundState.CLAIMED: "claimed",
    RefundState.PAID: "paid",
}
_RETRY: Final = (
    "Repeat the request with the same body and the same Authorization header; nothing more is to "
    "be paid. Claiming the refund ends this."
)


class PlacedCall(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The call is placed."""

    success: bool
    sid: Annotated[str, about("", schema={"pattern": "^CA[0-9a-f]{32}$"})]
    status: Annotated[str, about("", "queued")]
    to: str
    call_id: str
    status_url: str
    price_sats: int
    ignored_fields: list[str] | None = None
    webhook_secret: Annotated[str | None, about("With callback_url: the key that signs.")] = None


class SentMessage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The text or e-mail is accepted, and is sent."""

    success: bool
    sid: Annotated[str, about("", schema={"pattern": "^(SM|EM)[0-9a-f]{32}$"})]
    status: Annotated[str, about("", "queued")]
    to: str
    order_id: str
    status_url: str
    price_sats: int
    segments: Annotated[int | None, about("Into how many segments a text is divided.")] = None
    ignored_fields: list[str] | None = None
    webhook_secret: Annotated[str | None, about("With callback_url: the key that signs.")] = None


class AcceptedSpeech(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The text is accepted, and is spoken: the file is at ``audio_url`` once ``status_url`` says
    ``ready``."""

    success: bool
    status: Annotated[str, about("", "queued")]
    order_id: str
    format: Annotated[str, about("wav, mp3 or opus.")]
    characters: int
    status_url: str
    audio_url: Annotated[str, about("Answers 404 until the file is ready.")]
    price_sats: int
    ignored_fields: list[str] | None = None
    webhook_secret: Annotated[str | None, about("With callback_url: the key that signs.")] = None


class PlacedNumber(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The order is placed: its number is being looked for."""

    success: bool
    status: Annotated[str, about("", "queued")]
    order_id: Annotated[str, about("Its id, 64 hex digits.")] = msgspec.field(name="orderId")
    type: Annotated[str, about("", "receive-sms")]
    status_url: Annotated[str, about("Poll it, with the same Authorization header.")]
    cancel_url: Annotated[str, about("POST gives the number back.")]
    price_sats: int
    ignored_fields: list[str] | None = None
    webhook_secret: str | None = None


Accepted = PlacedCall | SentMessage | AcceptedSpeech | PlacedNumber


class Invoiced(Problem, kw_only=True):
    """The invoice to pay, and the macaroon that its payment makes valid for this request alone."""

    invoice: Annotated[str, about("BOLT11.")]
    macaroon: Annotated[str, about("base64.")]
    payment_hash: Annotated[str, about("Of the invoice, hex.")]
    amount_sats: int
    amount_msat: int
    expires_at: Annotated[str, about("Until when the invoice can be paid.")]
    redeem_until: Annotated[str, about("Until when the paid credential can be used.")]


class PaymentRequired(Invoiced, kw_only=True):
    """The invoice to pay for a call, and the macaroon that its payment makes valid for this
    request alone."""

    minutes: Annotated[int, about("How many minutes are paid for.")]
    estimated_minutes: Annotated[int | None, about("What it is reckoned to take.")]
    notes: Annotated[list[str], about("For example message_may_be_cut.")]


class TextPaymentRequired(Invoiced, kw_only=True):
    """The invoice to pay for a text, and the macaroon that its payment makes valid for this
    request alone."""

    segments: Annotated[int, about("Into how many segments the text is divided; each is charged.")]


class MailPaymentRequired(Invoiced, kw_only=True):
    """The invoice to pay for an e-mail, and the macaroon that its payment makes valid for this
    request alone."""


class SpeechPaymentRequired(Invoiced, kw_only=True):
    """The invoice to pay for a spoken text, and the macaroon that its payment makes valid for this
    request alone."""

    characters: Annotated[int, about("Of the text; every started 500 are charged.")]
    notes: Annotated[list[str], about("For example partly_unspoken.")]


@dataclass(frozen=True, slots=True)
class FailedWords:
    """What is said of a paid order that failed before anything was done for it. ``code`` is used
    where its reason has none."""

    code: str
    title: str
    nothing: str


class RefundDocument(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A refund, in Sats4AI's form; it can be withdrawn while it is pending."""

    charge_id: str
    refund_amount: Annotated[int, about("Sats.")]
    status: Annotated[str, about("pending, claimed or paid.")]
    lnurl_withdraw: str | None = None
    withdraw_url: str | None = None
    last_failure: str | None = None
    paid_at: str | None = None


class Retry(msgspec.Struct):
    """How to buy the call again with the same credential, and until when."""

    until: str | None
    how: str


class Change(msgspec.Struct):
    """One change of the order."""

    at: str
    state: str
    why: str


class CallStatus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The call and its money."""

    call_id: str
    sid: str
    to: str
    status: str
    order_state: str
    reason: str
    minutes: int
    price_sats: int
    charged_sats: int
    queued_at: str | None
    ringing_at: str | None
    answered_at: str | None
    ended_at: str | None
    duration_seconds: float
    heard_seconds: float
    digits: str
    cause: str
    notes: list[str]
    refund: RefundDocument | None
    retry: Retry | None
    timeline: list[Change]
    refund_address: str | None = None


class MessageStatus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A text or e-mail, and its money."""

    order_id: str
    sid: str
    to: str
    status: Annotated[str, about("created, sent, delivered or failed.")]
    order_state: str
    reason: str
    segments: int
    price_sats: int
    charged_sats: int
    sent_at: str | None
    delivered_at: str | None
    failed_at: str | None
    cause: str
    refund: RefundDocument | None
    retry: Retry | None
    timeline: list[Change]
    refund_address: str | None = None


class SpeechStatus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A spoken text, and its money."""

    order_id: str
    status: Annotated[str, about("queued, ready, failed, or removed once it was kept long enough.")]
    order_state: str
    reason: str
    format: str
    media_type: str
    audio_url: Annotated[str | None, about("Where the file is; null until it is ready.")]
    available_until: str | None
    duration_seconds: float | None
    price_sats: int
    charged_sats: int
    refund: RefundDocument | None
    retry: Retry | None
    timeline: list[Change]
    refund_address: str | None = None


_FOLDERS: Final = {OrderKind.CALL: "calls", OrderKind.SPEECH: "speech"}
"""Of the status addresses; texts and e-mails are messages."""


def status_url(base: str, order: Order) -> str:
    """The secret address of an order's status; that of a number needs the credential."""
    if order.kind.is_received:
        return f"{base}/v2/l402/order/{order.id}"
    folder = _FOLDERS.get(order.kind, "messages")
    return f"{base}/api/l402/{folder}/{order.status_token}"


def refund_document(refund: Refund, base: str) -> RefundDocument:
    """``lnurl_withdraw`` is there while it can be claimed."""
    url = f"{base}/lnurl/withdraw/{refund.k1}" if refund.state is RefundState.OPEN else None
    return RefundDocument(
        charge_id=refund.order_id,
        refund_amount=sats_down(refund.amount_msat),
        status=_REFUND_STATUS[refund.state],
        lnurl_withdraw=None if url is None else lnurl.encode(url),
        withdraw_url=url,
        last_failure=refund.reason or None,
        paid_at=iso(refund.paid_ms),
    )


def status_document(report: CallReport, base: str) -> CallStatus:
    """What became of a call, and of its money."""
    order, call = report.order, report.call
    return CallStatus(
        call_id=order.id,
        sid=call.sid,
        to=call.to_number,
        status=call.status,
        order_state=order.state,
        reason=order.reason,
        minutes=call.minutes,
        price_sats=sats_up(order.price_msat),
        charged_sats=sats_up(report.charged_msat),
        queued_at=iso(call.queued_ms),
        ringing_at=iso(call.ringing_ms),
        answered_at=iso(call.answered_ms),
        ended_at=iso(call.ended_ms),
        duration_seconds=round(report.duration_ms / 1000, 1),
        heard_seconds=round(call.heard_ms / 1000, 1),
        digits=answered_digits(order.command_as(CallOrder), call.digits),
        cause=call.cause,
        notes=list(call.notes),
        refund=None if report.refund is None else refund_document(report.refund, base),
        retry=_retry(report),
        timeline=_timeline(report),
        refund_address=order.refund_address or None,
    )


def message_document(report: MessageReport, base: str) -> MessageStatus:
    """What became of a text or e-mail, and of its money."""
    order, message = report.order, report.message
    command = order.command
    assert isinstance(command, SendText | SendMail)
    return MessageStatus(
        order_id=order.id,
        sid=message.public_id,
        to=command.to,
        status=message.status,
        order_state=order.state,
        reason=order.reason,
        segments=message.parts,
        price_sats=sats_up(order.price_msat),
        charged_sats=sats_up(report.charged_msat),
        sent_at=iso(message.sent_ms),
        delivered_at=iso(message.delivered_ms),
        failed_at=iso(message.failed_ms),
        cause=message.cause,
        refund=None if report.refund is None else refund_document(report.refund, base),
        retry=_retry(report),
        timeline=_timeline(report),
        refund_address=order.refund_address or None,
    )


def audio_url(base: str, order: Order) -> str:
    """The secret address of a spoken text's file."""
    suffix = SUFFIXES[order.command_as(SpeakText).format]
    return f"{status_url(base, order)}/audio.{suffix}"


def speech_document(report: SpeechReport, base: str, keep_days: int) -> SpeechStatus:
    """What became of a text to be spoken, and of its money; files are kept for ``keep_days``."""
    order, audio = report.order, report.audio
    command = order.command_as(SpeakText)
    until_ms = None if audio is None else audio.created_ms + keep_days * _DAY_MS
    return SpeechStatus(
        order_id=order.id,
        status=_speech_status(report),
        order_state=order.state,
        reason=order.reason,
        format=command.format,
        media_type=MEDIA_TYPES[command.format],
        audio_url=None if audio is None else audio_url(base, order),
        available_until=iso(until_ms),
        duration_seconds=None if audio is None else round(audio.duration_ms / 1000, 1),
        price_sats=sats_up(order.price_msat),
        charged_sats=sats_up(report.charged_msat),
        refund=None if report.refund is None else refund_document(report.refund, base),
        retry=_retry(report),
        timeline=_timeline(report),
        refund_address=order.refund_address or None,
    )


def _speech_status(report: SpeechReport) -> str:
    if report.order.state in NOT_DELIVERED:
        return "failed"
    if report.order.state not in DELIVERED:
        return "queued"
    return "removed" if report.audio is None else "ready"


def _retry(report: OrderReport) -> Retry | None:
    return Retry(iso(report.order.retry_until_ms), _RETRY) if report.may_retry else None


def _timeline(report: OrderReport) -> list[Change]:
    return [Change(iso(each.at_ms), each.to_state, each.why) for each in report.history]


def failed_document(
    report: OrderReport, base: str, example: dict[str, Any], words: FailedWords
) -> dict[str, Any]:
    """A paid order that failed before anything was done: the reason, and its refund."""
    code, _, sentence = report.order.reason.partition(": ")
    if not sentence or not _CODE.fullmatch(code):
        code, sentence = words.code, report.order.reason
    is_open = report.order.state is OrderState.FAILED and report.refund is not None
    return problem_document(
        422,
        code,
        words.title,
        sentence,
        suggestion=f"{words.nothing} and nothing was spent. "
        + (
            "Fix the cause and repeat the request with the same credential, or claim the refund."
            if report.may_retry
            else "Claim the refund."
        ),
        example=example,
        charged=False,
        status_url=status_url(base, report.order),
        refund=refund_document(report.refund, base) if is_open and report.refund else None,
    )
