"""What tools answer: a structured document that always says what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ringbolt.core.calls.call import CallStatus
from ringbolt.core.order import DELIVERED, FINAL, NOT_DELIVERED, UNPAID, OrderState
from ringbolt.mcp.door import Answer

_FAULT: Final = 500
PAID: Final = "paid"
_PAY: Final = (
    "Pay the invoice with any Lightning wallet, then call wait_for_result with this order_id. The "
    "payment is held, and comes back by itself if the order is not delivered."
)
_WAIT: Final = "Call wait_for_result with this order_id."
_ACCEPT: Final = (
    "A text came in which no code was found. Call accept_text to pay for it and see it whole, or "
    "wait_for_result for another text."
)
_EXPIRED: Final = "It was never paid, and is over. Buy again if it is still wanted."
_NEXT: Final = {
    "INSUFFICIENT_FUNDS": "Call top_up and pay its invoice, or buy again with pay_by_invoice.",
    "BUDGET_EXCEEDED": "Ask your user for a larger budget, or buy again with pay_by_invoice.",
    "PRICE_TOO_HIGH": "Buy again with a higher max_sats, or ask your user.",
}


@dataclass(frozen=True, slots=True)
class Result:
    """A tool's structured answer."""

    document: dict[str, Any]
    is_error: bool = False


def refusal(code: str, message: str, next_step: str, **more: Any) -> Result:
    """An error that says what to do next."""
    told = {name: value for name, value in more.items() if value not in (None, "")}
    return Result({"error": code, "message": message, "next_step": next_step, **told}, True)


def refused(answer: Answer) -> Result:
    """The API's error."""
    document = answer.document if isinstance(answer.document, Mapping) else {}
    message = document.get("reason") or document.get("detail") or f"HTTP {answer.status}"
    suggestion = _NEXT.get(answer.code) or str(document.get("suggestion") or "")
    if not suggestion:
        suggestion = "Try again later." if answer.retry_after_s else "Change the arguments."
    return refusal(
        answer.code or f"HTTP_{answer.status}",
        str(message),
        suggestion,
        field=document.get("field"),
        retry_after_seconds=int(answer.retry_after_s or 0) or None,
        is_fault=(answer.status >= _FAULT) or None,
    )


def lost(order_is_possible: bool) -> Result:
    """There was no answer."""
    repeat = "Repeat the call with the same request_id: nothing is bought twice."
    return refusal(
        "NO_ANSWER",
        "The shop did not answer.",
        repeat if order_is_possible else "Try again in a few seconds.",
    )


def bought(document: Mapping[str, Any]) -> Result:
    """A placed order, to be paid or paid from a balance."""
    is_paid = document["payreq"] == PAID
    told: dict[str, Any] = {
        "order_id": document["orderId"],
        "price_sats": document["price"],
        "paid": is_paid,
    }
    if not is_paid:
        told["invoice"] = document["payreq"]
        told["payment_hash"] = document.get("paymentHash", "")
        told["pay_before"] = _moment(document.get("expiresAt"))
    if "segments" in document:
        told["segments"] = document["segments"]
    return Result(told | {"next_step": _WAIT if is_paid else _PAY})


def order_result(order_id: str, document: Mapping[str, Any]) -> Result:
    """An order as it is now."""
    state = OrderState(document["state"])
    order = {name: value for name, value in document.items() if name not in ("status", "orderId")}
    return Result(
        {
            "order_id": order_id,
            "state": state.value,
            "is_over": state in FINAL and not is_going_on(order),
            "is_delivered": state in DELIVERED,
            "order": order,
            "next_step": _next_of(state, order),
        }
    )


def is_going_on(order: Mapping[str, Any]) -> bool:
    """Whether it is a call that was answered and has not ended."""
    return order.get("callStatus") == CallStatus.IN_PROGRESS


def _next_of(state: OrderState, order: Mapping[str, Any]) -> str:
    if order.get("textMasked"):
        return _ACCEPT
    if state in UNPAID:
        return _EXPIRED if state is OrderState.EXPIRED else "It is not paid. " + _PAY
    if state in NOT_DELIVERED:
        return "It was not delivered; the money returns by itself. order.error says why."
    if state not in FINAL and order.get("isRental") and "number" in order:
        return "The number is yours until order.expiresAt; get_order has its texts as they come."
    if not is_going_on(order) and (state in FINAL or state in DELIVERED):
        return "It is delivered. Nothing is left to do."
    return _WAIT


def _moment(ms: Any) -> str:
    """A time in ms UTC as agents read it; '' if there is none."""
    if not isinstance(ms, int):
        return ""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
