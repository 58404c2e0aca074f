"""The page of a top-up."""

from __future__ import annotations

from ringbolt.core.commands import TopUp
from ringbolt.core.order import DELIVERED, NOT_DELIVERED, UNPAID, OrderState
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.i18n import _, marked
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

_NOTE = marked("It can be spent as soon as it is paid.")


def fund_body(order: Order, command: TopUp, history: list[OrderEvent]) -> Body:
    """The page's body for money that is added to an account."""
    return Body(
        what=_("Money for an account"),
        head=_head(order),
        steps=(*first_steps(order), _last(order, history)),
        facts=((_("Account"), command.key_id), (_("Amount"), sats(order))),
        again="/account",
        taken_if=_(_NOTE),
    )


def _head(order: Order) -> Head:
    if order.state in UNPAID:
        return unpaid_head(order, _(_NOTE))
    if order.state in NOT_DELIVERED:
        return Head(Tag(_("Returned")), back(order, _("Not received.")), plain_reason(order))
    if order.state is OrderState.SETTLED:
        return Head(Tag(_("Received"), "ok"), _("%(sum)s are on your balance", sum=sats(order)))
    return Head(
        Tag(_("On its way"), "now"), _("%(sum)s are on their way", sum=sats(order)), _(_NOTE)
    )


def _last(order: Order, history: list[OrderEvent]) -> Step:
    if order.state is OrderState.SETTLED:
        return Step("ok", _("On your balance"), moved_ms(history, OrderState.SETTLED))
    if order.state in DELIVERED:
        return Step("now", _("On your balance"))
    if order.state in UNPAID or order.state in NOT_DELIVERED:
        return last_step(order, history)
    return Step("todo", _("On your balance"))
