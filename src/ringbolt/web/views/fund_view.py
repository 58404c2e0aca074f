"""The page of a top-up."""

from __future__ import annotations

from ringbolt.core.commands import TopUp
from ringbolt.core.order import DELIVERED, NOT_DELIVERED, UNPAID, OrderState
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.views.money import (
    back,
    first_steps,
    last_step,
    moved_ms,
    plain_reason,
    sats,
    unpaid_head,
)
from ringbolt.web.views.view import Body, Head, Step, Tag

_NOTE = "It can be spent as soon as it is paid."


def fund_body(order: Order, command: TopUp, history: list[OrderEvent]) -> Body:
    return Body(
        what="Money for an account",
        head=_head(order),
        steps=(*first_steps(order), _last(order, history)),
        facts=(("Account", command.key_id), ("Amount", sats(order))),
        again="/account",
        taken_if=_NOTE,
    )


def _head(order: Order) -> Head:
    if order.state in UNPAID:
        return unpaid_head(order, _NOTE)
    if order.state in NOT_DELIVERED:
        return Head(Tag("Returned"), f"Not received. {back(order)}", plain_reason(order))
    if order.state is OrderState.SETTLED:
        return Head(Tag("Received", "ok"), f"{sats(order)} are on your balance")
    return Head(Tag("On its way", "now"), f"{sats(order)} are on their way", _NOTE)


def _last(order: Order, history: list[OrderEvent]) -> Step:
    if order.state is OrderState.SETTLED:
        return Step("ok", "On your balance", moved_ms(history, OrderState.SETTLED))
    if order.state in DELIVERED:
        return Step("now", "On your balance")
    if order.state in UNPAID or order.state in NOT_DELIVERED:
        return last_step(order, history)
    return Step("todo", "On your balance")
