"""The page of a text or an e-mail."""

from __future__ import annotations

from typing import Final

from ringbolt.core.commands import SendMail, SendText
from ringbolt.core.order import NOT_DELIVERED, UNPAID, OrderKind, OrderState
from ringbolt.store.messages import Message
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.i18n import _, marked
from ringbolt.web.views.money import (
    back,
    first_steps,
    last_step,
    plain_reason,
    quoted,
    sats,
    set_aside,
    unpaid_head,
)
from ringbolt.web.views.view import Body, Head, Step, Tag

_IF_SENT: Final = marked("Taken only if it is sent.")


def message_body(
    order: Order, command: SendText | SendMail, message: Message, history: list[OrderEvent]
) -> Body:
    """The page's body for a text or an e-mail."""
    is_mail = order.kind is OrderKind.EMAIL
    return Body(
        what=_("E-mail to %(to)s", to=command.to)
        if is_mail
        else _("Text to %(where)s", where=command.to),
        head=_head(order, message, is_mail=is_mail),
        steps=(
            *first_steps(order),
            *_steps(order, message, is_mail=is_mail),
            last_step(order, history),
        ),
        facts=(
            (_("E-mail") if is_mail else _("Text"), command.to),
            (_("It says"), quoted(command.message) if command.message else _("deleted since")),
            (_("Total"), sats(order)),
        ),
        again="/email" if is_mail else "/text",
        taken_if=_(_IF_SENT),
    )


def _head(order: Order, message: Message, *, is_mail: bool) -> Head:
    if order.state in UNPAID:
        return unpaid_head(order, _(_IF_SENT))
    if order.state in NOT_DELIVERED:
        lost = _("The e-mail was not delivered.") if is_mail else _("The text was not delivered.")
        return Head(
            Tag(_("Not delivered"), "bad"),
            back(order, lost),
            plain_reason(order),
        )
    if message.sent_ms is None and message.delivered_ms is None:
        return Head(
            Tag(_("Sending"), "now"),
            _("Paid. Sending the e-mail.") if is_mail else _("Paid. Sending the text."),
            set_aside(order),
        )
    return _sent_mail() if is_mail else _sent_text(message)


def _sent_mail() -> Head:
    return Head(
        Tag(_("Sent"), "ok"),
        _("E-mail handed over"),
        _("The mail server took it. We cannot see whether it was read."),
    )


def _sent_text(message: Message) -> Head:
    if message.delivered_ms is not None:
        return Head(Tag(_("Delivered"), "ok"), _("Text delivered"))
    if message.failed_ms is not None:
        return Head(
            Tag(_("Not delivered"), "bad"),
            _("The text was sent, but did not arrive"),
            _("The network took it, and reported later that it could not be delivered."),
        )
    return Head(
        Tag(_("Sent"), "ok"),
        _("Text sent"),
        _("The network has taken it. We wait for its receipt."),
    )


def _steps(order: Order, message: Message, *, is_mail: bool) -> tuple[Step, ...]:
    if order.state is OrderState.EXPIRED:
        return ()
    if order.state in NOT_DELIVERED:
        return (Step("bad", _("Not delivered"), message.failed_ms),)
    is_now = order.paid_ms is not None and message.sent_ms is None
    sent = Step("done", _("Sent"), message.sent_ms)
    if message.sent_ms is None:
        sent = Step("now" if is_now else "todo", _("Sent"))
    if is_mail:
        return (sent,)
    if message.failed_ms is not None:
        return (sent, Step("bad", _("Not delivered"), message.failed_ms))
    if message.delivered_ms is not None:
        return (sent, Step("done", _("Delivered"), message.delivered_ms))
    return (sent, Step("now" if message.sent_ms is not None else "todo", _("Delivered")))
