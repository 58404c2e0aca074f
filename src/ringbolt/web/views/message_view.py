"""The page of a text or an e-mail."""

from __future__ import annotations

from typing import Final

from ringbolt.core.commands import SendMail, SendText
from ringbolt.core.order import NOT_DELIVERED, UNPAID, OrderKind, OrderState
from ringbolt.store.messages import Message
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.views.money import back, first_steps, last_step, plain_reason, sats, unpaid_head
from ringbolt.web.views.view import Body, Head, Step, Tag

_IF_SENT: Final = "Taken only if it is sent."


def message_body(
    order: Order, command: SendText | SendMail, message: Message, history: list[OrderEvent]
) -> Body:
    is_mail = order.kind is OrderKind.EMAIL
    return Body(
        what=f"{'E-mail' if is_mail else 'Text'} to {command.to}",
        head=_head(order, message, is_mail=is_mail),
        steps=(
            *first_steps(order),
            *_steps(order, message, is_mail=is_mail),
            last_step(order, history),
        ),
        facts=(
            ("E-mail" if is_mail else "Text", command.to),
            ("It says", f"“{command.message}”" if command.message else "deleted since"),
            ("Total", sats(order)),
        ),
        again="/email" if is_mail else "/text",
        taken_if=_IF_SENT,
    )


def _head(order: Order, message: Message, *, is_mail: bool) -> Head:
    noun = "e-mail" if is_mail else "text"
    if order.state in UNPAID:
        return unpaid_head(order, _IF_SENT)
    if order.state in NOT_DELIVERED:
        return Head(
            Tag("Not delivered", "bad"),
            f"The {noun} was not delivered. {back(order)}",
            plain_reason(order),
        )
    if message.sent_ms is None and message.delivered_ms is None:
        return Head(
            Tag("Sending", "now"),
            f"Paid. Sending the {noun}.",
            f"{sats(order)} are set aside in your wallet. It shows the payment as pending; that is "
            "right.",
        )
    return _sent_mail() if is_mail else _sent_text(message)


def _sent_mail() -> Head:
    return Head(
        Tag("Sent", "ok"),
        "E-mail handed over",
        "The mail server took it. We cannot see whether it was read.",
    )


def _sent_text(message: Message) -> Head:
    if message.delivered_ms is not None:
        return Head(Tag("Delivered", "ok"), "Text delivered")
    if message.failed_ms is not None:
        return Head(
            Tag("Not delivered", "bad"),
            "The text was sent, but did not arrive",
            "The network took it, and reported later that it could not be delivered.",
        )
    return Head(
        Tag("Sent", "ok"), "Text sent", "The network has taken it. We wait for its receipt."
    )


def _steps(order: Order, message: Message, *, is_mail: bool) -> tuple[Step, ...]:
    if order.state is OrderState.EXPIRED:
        return ()
    if order.state in NOT_DELIVERED:
        return (Step("bad", "Not delivered", message.failed_ms),)
    is_now = order.paid_ms is not None and message.sent_ms is None
    sent = Step("done", "Sent", message.sent_ms)
    if message.sent_ms is None:
        sent = Step("now" if is_now else "todo", "Sent")
    if is_mail:
        return (sent,)
    if message.failed_ms is not None:
        return (sent, Step("bad", "Not delivered", message.failed_ms))
    if message.delivered_ms is not None:
        return (sent, Step("done", "Delivered", message.delivered_ms))
    return (sent, Step("now" if message.sent_ms is not None else "todo", "Delivered"))
