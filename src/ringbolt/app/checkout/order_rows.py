"""The row that belongs to an order beside its own: its call, or its message. A text that is spoken
into a file has none."""

from __future__ import annotations

from typing import assert_never

from ringbolt.app.checkout.sell_call import new_sid, record_call
from ringbolt.app.checkout.sell_mail import record_mail
from ringbolt.app.checkout.sell_text import record_text
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.webhooks import call_notify
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.commands import CallOrder, SendMail, SendText, SpeakText
from ringbolt.core.email_address import mailbox_of
from ringbolt.core.order import Fulfilment, OrderKind
from ringbolt.core.texts.segments import count
from ringbolt.store import calls, messages
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.messages import Message, MessageStatus
from ringbolt.store.orders import Order

PaidOnce = CallOrder | SendText | SendMail | SpeakText
"""What is bought by one request and one payment."""
OrderRow = Call | Message | None


def kind_of(command: PaidOnce) -> OrderKind:
    match command:
        case CallOrder():
            return OrderKind.CALL
        case SendText():
            return OrderKind.SMS
        case SendMail():
            return OrderKind.EMAIL
        case SpeakText():
            return OrderKind.SPEECH
        case _:
            assert_never(command)


def record_row(tx: Tx, order: Order, command: PaidOnce, limits: LimitPolicy) -> OrderRow:
    """Store the row of an order that this transaction adds, and notify a call's receivers."""
    match command:
        case CallOrder():
            return record_call(tx, order, command)
        case SendText(to=to, message=text):
            record_text(tx, order, limits.hash_of(to), count(text).segments)
        case SendMail(to=to):
            record_mail(tx, order, limits.hash_of(mailbox_of(to)))
        case SpeakText():
            return None
        case _:
            assert_never(command)
    return row_of(tx, order)


def record_undelivered(
    tx: Tx, order: Order, command: PaidOnce, limits: LimitPolicy, why: str
) -> None:
    """Store the row of an order that is not carried out."""
    if isinstance(command, CallOrder):
        calls.insert_call(tx, order.id, new_sid(), command.to, command.minutes)
        calls.update_call(tx, order.id, status=CallStatus.CANCELED, ended_ms=tx.now_ms, cause=why)
    else:
        row = record_row(tx, order, command, limits)
        if row is not None:
            fail_message(tx, order.id, why)


def fail_message(tx: Tx, order_id: str, why: str) -> None:
    """The message of an order is not sent."""
    messages.update_message(
        tx, order_id, status=MessageStatus.FAILED, cause=why, failed_ms=tx.now_ms
    )


def renew_row(tx: Tx, order: Order) -> None:
    """Reset the row for another try of its order."""
    if order.kind.fulfilment is Fulfilment.CALL:
        calls.requeue_call(tx, order.id)
        call_notify.changed(tx, order.id)
    elif order.kind.fulfilment is Fulfilment.SEND:
        messages.renew(tx, order.id)


def row_of(tx: Tx, order: Order) -> OrderRow:
    """The row of a stored order."""
    if order.kind.fulfilment is Fulfilment.SPEAK:
        return None
    is_call = order.kind.fulfilment is Fulfilment.CALL
    row: Call | Message | None = (
        calls.call_of(tx, order.id) if is_call else messages.message_of(tx, order.id)
    )
    assert row is not None, "it is written down with its order"
    return row
