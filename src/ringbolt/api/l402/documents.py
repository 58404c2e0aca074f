"""The documents of the pay-per-request family: challenge, success, status, errors.

Errors are one document: Sats4AI's ``error``, ``error_code``, ``suggestion``, ``example`` and
RFC 9457's ``type``, ``title``, ``status``, ``detail`` beside them.
"""

from __future__ import annotations

import re
from typing import Any

from ringbolt.api.kit.problem import problem_document
from ringbolt.api.kit.words import Worded
from ringbolt.api.l402.schema import AUDIO_EXAMPLE, EXAMPLE
from ringbolt.api.l402.words import WORDS
from ringbolt.app.requests.digits import told_digits
from ringbolt.app.webhooks.call_status import CallReport
from ringbolt.core import timestamps
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.core.lightning import lnurl
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.money import sats_down, sats_up
from ringbolt.store.calls import Call
from ringbolt.store.orders import Order
from ringbolt.store.refunds import Refund, RefundState

_CODE = re.compile(r"[A-Z0-9_]+")
_REFUND_WORDS = {
    RefundState.OPEN: "pending",
    RefundState.CLAIMED: "claimed",
    RefundState.PAID: "paid",
}


def iso(ms: int | None) -> str | None:
    """A time as clients read it: ISO 8601, UTC, milliseconds."""
    return None if ms is None else timestamps.iso(ms)


_REPEAT = (
    "It is not known whether your request took effect. Repeat it with the same body and the same "
    "Authorization header: a credential buys one call, however often it is shown."
)


def error_document(error: RingboltError, *, outcome_known: bool = True) -> dict[str, Any]:
    """``charged`` is false, and null where a paid request may have taken effect all the same."""
    worded = WORDS.word(error)
    about_audio = worded.field in ("audio_url", "duration_minutes")
    document = problem_document(
        error.status,
        error.code,
        error.title,
        worded.message,
        suggestion=_suggestion(error, worded) if outcome_known else _REPEAT,
        example=AUDIO_EXAMPLE if about_audio else EXAMPLE,
        charged=False if outcome_known else None,
    )
    if worded.field is not None:
        document["field"] = worded.field
    if error.retry_after_s is not None:
        document["retry_after_seconds"] = error.retry_after_s
    return document


def _suggestion(error: RingboltError, worded: Worded) -> str:
    if worded.suggestion:
        return worded.suggestion
    if isinstance(error, Unavailable):
        return "Repeat the request in a few seconds; what you paid for is not lost."
    return "See GET on this URL for what it takes."


def status_url(base: str, order: Order) -> str:
    return f"{base}/api/l402/calls/{order.status_token}"


def withdraw_url(base: str, k1: str) -> str:
    return f"{base}/lnurl/withdraw/{k1}"


def success_document(
    order: Order, call: Call, base: str, ignored: tuple[str, ...]
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "success": True,
        "sid": call.sid,
        "status": "queued",
        "to": call.to_number,
        "call_id": order.id,
        "status_url": status_url(base, order),
        "price_sats": sats_up(order.price_msat),
    }
    if ignored:
        document["ignored_fields"] = list(ignored)
    return document


def refund_document(refund: Refund, base: str) -> dict[str, Any]:
    """Sats4AI's refund object; ``lnurl_withdraw`` is there while it can be claimed."""
    document: dict[str, Any] = {
        "charge_id": refund.order_id,
        "refund_amount": sats_down(refund.amount_msat),
        "status": _REFUND_WORDS[refund.state],
    }
    if refund.state is RefundState.OPEN:
        document["lnurl_withdraw"] = lnurl.encode(withdraw_url(base, refund.k1))
        document["withdraw_url"] = withdraw_url(base, refund.k1)
    if refund.reason:
        document["last_failure"] = refund.reason
    if refund.paid_ms is not None:
        document["paid_at"] = iso(refund.paid_ms)
    return document


def status_document(report: CallReport, base: str) -> dict[str, Any]:
    """What became of a call, and of its money."""
    order, call = report.order, report.call
    document: dict[str, Any] = {
        "call_id": order.id,
        "sid": call.sid,
        "to": call.to_number,
        "status": call.status,
        "order_state": order.state,
        "reason": order.reason,
        "minutes": call.minutes,
        "price_sats": sats_up(order.price_msat),
        "charged_sats": sats_up(report.charged_msat),
        "queued_at": iso(call.queued_ms),
        "ringing_at": iso(call.ringing_ms),
        "answered_at": iso(call.answered_ms),
        "ended_at": iso(call.ended_ms),
        "duration_seconds": round(report.duration_ms / 1000, 1),
        "heard_seconds": round(call.heard_ms / 1000, 1),
        "digits": told_digits(order.command_as(CallOrder), call.digits),
        "cause": call.cause,
        "notes": list(call.notes),
        "refund": None if report.refund is None else refund_document(report.refund, base),
        "retry": None,
        "timeline": [
            {"at": iso(event.at_ms), "state": event.to_state, "why": event.why}
            for event in report.history
        ],
    }
    if order.refund_address:
        document["refund_address"] = order.refund_address
    if report.may_retry:
        document["retry"] = {
            "until": iso(order.retry_until_ms),
            "how": "Repeat the request with the same body and the same Authorization header; "
            "nothing more is to be paid. Claiming the refund ends this.",
        }
    return document


def failed_document(report: CallReport, base: str, example: dict[str, Any]) -> dict[str, Any]:
    """A paid call that failed before anything rang: why, and where the money is."""
    code, _, sentence = report.order.reason.partition(": ")
    if not sentence or not _CODE.fullmatch(code):
        code, sentence = "CALL_FAILED", report.order.reason
    document = problem_document(
        422,
        code,
        "The call could not be placed",
        sentence,
        suggestion="Nothing rang and nothing was spent. Mend the cause and repeat the request "
        "with the same credential, or claim the refund.",
        example=example,
        charged=False,
        status_url=status_url(base, report.order),
        refund=None,
    )
    if report.order.state is OrderState.FAILED and report.refund is not None:
        document["refund"] = refund_document(report.refund, base)
    return document
