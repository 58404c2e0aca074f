"""Words and timeline steps for the money of an order, held by a wallet or set aside on a
balance."""

from __future__ import annotations

from ringbolt.core.order import DELIVERED, NOT_DELIVERED, OrderState, PaymentMethod
from ringbolt.core.pricing.money import sats_up
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.formats import grouped
from ringbolt.web.i18n import _
from ringbolt.web.languages import ENGLISH, language
from ringbolt.web.views.view import Head, Step, Tag


def sats(order: Order) -> str:
    """The order's price with its unit."""
    return _("%(number)s sats", number=grouped(sats_up(order.price_msat)))


def moved_ms(history: list[OrderEvent], *states: OrderState) -> int | None:
    """When the order came into one of these states last; None if it never did."""
    times = [event.at_ms for event in history if event.to_state in states]
    return times[-1] if times else None


def first_steps(order: Order) -> tuple[Step, ...]:
    """The invoice, and the money set aside."""
    if order.method is PaymentMethod.BALANCE:
        words = _("%(sum)s set aside from your balance", sum=sats(order))
        return (Step("done", words, order.paid_ms),)
    if order.paid_ms is None:
        is_open = order.state is OrderState.AWAITING_PAYMENT
        waiting = _("Waiting for payment") if is_open else _("Not paid")
        return (
            Step("done", _("Invoice made"), order.created_ms),
            Step("now" if is_open else "bad", waiting),
        )
    return (
        Step("done", _("Invoice made"), order.created_ms),
        Step(
            "done",
            _("%(sum)s set aside", sum=sats(order)),
            order.paid_ms,
            _("Your wallet shows the payment as pending until the end."),
        ),
    )


def last_step(order: Order, history: list[OrderEvent]) -> Step:
    """What becomes of the money."""
    if order.state in DELIVERED:
        is_settled = order.state is OrderState.SETTLED
        at_ms = moved_ms(history, OrderState.FULFILLED)
        return Step("ok", _("Payment taken"), at_ms, "" if is_settled else _("It is being taken."))
    if order.state in NOT_DELIVERED:
        at_ms = moved_ms(history, OrderState.RETURNED)
        return Step("ok" if at_ms else "now", _("Money returned"), at_ms)
    if order.state is OrderState.EXPIRED:
        return Step("todo", _("Nothing was charged"))
    return Step("todo", _("Payment taken, or returned"))


def unpaid_head(order: Order, taken_if: str) -> Head:
    """The head of an order that is not paid. ``taken_if``: when the money would be taken."""
    if order.state is OrderState.AWAITING_PAYMENT:
        return Head(
            Tag(_("Waiting for your payment"), "now"), _("Pay %(sum)s", sum=sats(order)), taken_if
        )
    if order.reason.startswith("cancel"):
        return Head(Tag(_("Cancelled")), _("Cancelled before it was paid"), _("You have not paid."))
    return Head(
        Tag(_("Not paid")),
        _("This invoice is no longer valid"),
        _("You have not paid. A payment that comes now goes back by itself."),
    )


def set_aside(order: Order) -> str:
    """What money that is not taken yet looks like."""
    if order.method is PaymentMethod.BALANCE:
        return _("%(sum)s are set aside on your balance.", sum=sats(order))
    return _(
        "%(sum)s are set aside in your wallet. It shows the payment as pending; that is right.",
        sum=sats(order),
    )


def quoted(text: str) -> str:
    """A text in the quotation marks of the language."""
    return _("“%(text)s”", text=text)


def back(order: Order, what: str) -> str:
    """A heading: what happened, and that the money is back."""
    is_back = _("Your %(sum)s are back.", sum=sats(order))
    return f"{what} {is_back}"


def plain_reason(order: Order) -> str:
    """Why it failed, as a sentence. Reasons are stored in English."""
    nothing = _("You paid nothing.")
    why = order.reason.strip().rstrip(".")
    if not why:
        return nothing
    if language() is ENGLISH:
        return f"{why[0].upper()}{why[1:]}. {nothing}"
    return _("You paid nothing. The reason, in English: %(reason)s.", reason=why)
