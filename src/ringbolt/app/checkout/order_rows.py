"""The row that belongs to an order beside its own: its call, its message, or what it receives for.
A text that is spoken into a file has none."""

from __future__ import annotations

from typing import assert_never

from ringbolt.app.checkout.sell_call import new_sid, record_call
from ringbolt.app.checkout.sell_mail import record_mail
from ringbolt.app.checkout.sell_text import record_text
from ringbolt.app.policies import LimitPolicy
from ringbolt.app.webhooks import call_notify
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.commands import CallOrder, ReceiveTexts, SendMail, SendText, SpeakText
from ringbolt.core.email_address import mailbox_of
from ringbolt.core.order import Fulfilment, OrderKind
from ringbolt.core.texts.segments import count
from ringbolt.store import calls, messages, receiving_orders
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.messages import Message, MessageStatus
from ringbolt.store.orders import Order
from ringbolt.store.receiving_orders import ReceivingOrder

PaidOnce = CallOrder | SendText | SendMail | SpeakText | ReceiveTexts
"""What is bought by one request and one payment."""
OrderRow = Call | Message | ReceivingOrder | None


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
        case ReceiveTexts(hours=hours):
            return OrderKind.RENTAL if hours else OrderKind.ACTIVATION
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
        case ReceiveTexts(service=service, country=country, hours=hours):
            receiving_orders.insert(tx, order.id, service, country, hours)
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
        record_row(tx, order, command, limits)
        close_row(tx, order, why)


def close_row(tx: Tx, order: Order, why: str) -> None:
    """The message of an order is not sent, or its number not acquired; a call has its own end."""
    match order.kind.fulfilment:
        case Fulfilment.SEND:
            messages.update_message(
                tx, order.id, status=MessageStatus.FAILED, cause=why, failed_ms=tx.now_ms
            )
        case Fulfilment.RECEIVE:
            receiving_orders.update_receiving(tx, order.id, closed_ms=tx.now_ms)
        case _:
            pass


def renew_row(tx: Tx, order: Order) -> None:
    """Reset the row for another try of its order."""
    if order.kind.fulfilment is Fulfilment.CALL:
        calls.requeue_call(tx, order.id)
        call_notify.changed(tx, order.id)
    elif order.kind.fulfilment is Fulfilment.SEND:
        messages.renew(tx, order.id)


def row_of(tx: Tx, order: Order) -> OrderRow:
    """The row of a stored order."""
    row: OrderRow
    match order.kind.fulfilment:
        case Fulfilment.SPEAK:
            return None
        case Fulfilment.CALL:
            row = calls.call_of(tx, order.id)
        case Fulfilment.RECEIVE:
            row = receiving_orders.receiving_of(tx, order.id)
        case _:
            row = messages.message_of(tx, order.id)
    assert row is not None, "it is written down with its order"
    return row
