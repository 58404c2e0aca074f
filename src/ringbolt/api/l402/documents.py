"""What the pay-per-request family answers: a placed call, its status, its refund."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit.problem import Problem, problem_document
from ringbolt.api.kit.schema import about
from ringbolt.app.requests.digits import answered_digits
from ringbolt.app.webhooks.call_status import CallReport
from ringbolt.core.commands import CallOrder
from ringbolt.core.lightning import lnurl
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.money import sats_down, sats_up
from ringbolt.core.timestamps import iso
from ringbolt.store.orders import Order
from ringbolt.store.refunds import Refund, RefundState

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


class PaymentRequired(Problem, kw_only=True):
    """The invoice to pay, and the macaroon that its payment makes valid for this request alone."""

    invoice: Annotated[str, about("BOLT11.")]
    macaroon: Annotated[str, about("base64.")]
    payment_hash: Annotated[str, about("Of the invoice, hex.")]
    amount_sats: int
    amount_msat: int
    expires_at: Annotated[str, about("Until when the invoice can be paid.")]
    redeem_until: Annotated[str, about("Until when the paid credential can be used.")]
    minutes: Annotated[int, about("How many minutes are paid for.")]
    estimated_minutes: Annotated[int | None, about("What it is reckoned to take.")]
    notes: Annotated[list[str], about("For example message_may_be_cut.")]


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


def status_url(base: str, order: Order) -> str:
    """The secret address of a call's status."""
    return f"{base}/api/l402/calls/{order.status_token}"


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
        retry=Retry(iso(order.retry_until_ms), _RETRY) if report.may_retry else None,
        timeline=[Change(iso(each.at_ms), each.to_state, each.why) for each in report.history],
        refund_address=order.refund_address or None,
    )


def failed_document(report: CallReport, base: str, example: dict[str, Any]) -> dict[str, Any]:
    """A paid call that failed before anything rang: the reason, and its refund."""
    code, _, sentence = report.order.reason.partition(": ")
    if not sentence or not _CODE.fullmatch(code):
        code, sentence = "CALL_FAILED", report.order.reason
    is_open = report.order.state is OrderState.FAILED and report.refund is not None
    return problem_document(
        422,
        code,
        "The call could not be placed",
        sentence,
        suggestion="Nothing rang and nothing was spent. Fix the cause and repeat the request "
        "with the same credential, or claim the refund.",
        example=example,
        charged=False,
        status_url=status_url(base, report.order),
        refund=refund_document(report.refund, base) if is_open and report.refund else None,
    )
