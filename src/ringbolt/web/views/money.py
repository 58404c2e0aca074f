"""Words and timeline steps for the money of an order paid by a hold invoice."""

from __future__ import annotations

from ringbolt.core.order import DELIVERED, NOT_DELIVERED, OrderState
from ringbolt.core.pricing.money import sats_up
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.views.view import Head, Step, Tag


def sats(order: Order) -> str:
    return f"{sats_up(order.price_msat):,} sats"


def moved_ms(history: list[OrderEvent], *states: OrderState) -> int | None:
    """When the order came into one of these states last; None if it never did."""
    times = [event.at_ms for event in history if event.to_state in states]
    return times[-1] if times else None


def first_steps(order: Order) -> tuple[Step, ...]:
    """The invoice, and the money set aside."""
    if order.paid_ms is None:
        is_open = order.state is OrderState.AWAITING_PAYMENT
        waiting = "Waiting for payment" if is_open else "Not paid"
        return (
            Step("done", "Invoice made", order.created_ms),
            Step("now" if is_open else "bad", waiting),
        )
    return (
        Step("done", "Invoice made", order.created_ms),
        Step(
            "done",
            f"{sats(order)} set aside",
            order.paid_ms,
            "Your wallet shows the payment as pending until the end.",
        ),
    )


def last_step(order: Order, history: list[OrderEvent]) -> Step:
    """What becomes of the money."""
    if order.state in DELIVERED:
        is_settled = order.state is OrderState.SETTLED
        at_ms = moved_ms(history, OrderState.FULFILLED)
        return Step("ok", "Payment taken", at_ms, "" if is_settled else "It is being taken.")
    if order.state in NOT_DELIVERED:
        at_ms = moved_ms(history, OrderState.RETURNED)
        return Step("ok" if at_ms else "now", "Money returned", at_ms)
    if order.state is OrderState.EXPIRED:
        return Step("todo", "Nothing was charged")
    return Step("todo", "Payment taken, or returned")


def unpaid_head(order: Order, taken_if: str) -> Head:
    if order.state is OrderState.AWAITING_PAYMENT:
        return Head(Tag("Waiting for your payment", "now"), f"Pay {sats(order)}", taken_if)
    if order.reason.startswith("cancel"):
        return Head(Tag("Cancelled"), "Cancelled before it was paid", "You have not paid.")
    return Head(
        Tag("Not paid"),
        "This invoice is no longer valid",
        "You have not paid. A payment that comes now goes back by itself.",
    )


def back(order: Order) -> str:
    """The end of a heading."""
    return f"Your {sats(order)} are back."


def plain_reason(order: Order) -> str:
    """Why it failed, as a sentence."""
    why = order.reason.strip().rstrip(".")
    return f"{why[0].upper()}{why[1:]}. You paid nothing." if why else "You paid nothing."
