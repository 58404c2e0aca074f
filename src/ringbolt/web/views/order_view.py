"""Reads an order and everything that its page shows, in one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

import msgspec

from ringbolt.api.orders import FAMILY
from ringbolt.app.checkout.order_again import can_repeat
from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.core.chart_of_accounts import hold_idem
from ringbolt.core.commands import CallOrder, ReceiveTexts, SendMail, SendText, SpeakText, TopUp
from ringbolt.core.order import DELIVERED, FINAL, OrderState, PaymentMethod
from ringbolt.core.pricing.money import sats_up
from ringbolt.store import calls, ledger, messages, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.views.call_view import call_body
from ringbolt.web.views.fund_view import fund_body
from ringbolt.web.views.message_view import message_body
from ringbolt.web.views.number_view import number_body
from ringbolt.web.views.view import Body, OrderView

_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def order_view(tx: Tx, token: str, cancel_after_ms: int) -> OrderView | None:
    """The page of the order with that token; None if there is none, or it belongs to another API.

    ``cancel_after_ms``: how long after it was assigned a number can first be given back.
    """
    order = orders.by_status_token(tx, token)
    if order is None or order.family != FAMILY:
        return None
    history = orders.history(tx, order.id)
    body = _body(tx, order, history, cancel_after_ms)
    is_payable = order.state is OrderState.AWAITING_PAYMENT
    until_ms = order.deadline_ms if is_payable and order.deadline_ms else order.created_ms
    is_over = order.state in FINAL and order.finished_ms is not None
    view = OrderView(
        order_id=order.id,
        token=token,
        state=order.state,
        name=short_name(order.id),
        price_sats=sats_up(order.price_msat),
        payreq=order.payreq,
        payment_hash=order.payment_hash or "",
        valid_until_ms=until_ms,
        left_s=max(0, (until_ms - tx.now_ms) // 1000),
        paid_ms=order.paid_ms,
        is_payable=is_payable,
        is_live=not is_over,
        can_repeat=is_over and can_repeat(order.command),
        is_taken=order.state in DELIVERED,
        taken_sats=_taken_sats(tx, order),
        body=body,
    )
    return replace(view, version=_version(view))


def _taken_sats(tx: Tx, order: Order) -> int | None:
    """What was paid in the end; None while it is open. A call on a balance costs the minutes that
    were begun."""
    if order.state not in DELIVERED:
        return None
    if order.method is not PaymentMethod.BALANCE:
        return sats_up(order.price_msat)
    captured_msat = ledger.captured_msat(tx, hold_idem(order.id))
    return None if captured_msat is None else sats_up(captured_msat)


def short_name(order_id: str) -> str:
    """``7F3K-29QD``: how people name the order to each other. It opens nothing."""
    number = int.from_bytes(hashlib.blake2b(order_id.encode(), digest_size=8).digest())
    signs = ""
    for _ in range(8):
        number, rest = divmod(number, len(_LETTERS))
        signs += _LETTERS[rest]
    return f"{signs[:4]}-{signs[4:]}"


def _body(tx: Tx, order: Order, history: list[OrderEvent], cancel_after_ms: int) -> Body:
    match order.command:
        case CallOrder() as command:
            call = calls.call_of(tx, order.id)
            assert call is not None, "a call is written down with its order"
            return call_body(order, command, call, history, tx.now_ms)
        case SendText() | SendMail() as command:
            message = messages.message_of(tx, order.id)
            assert message is not None, "a message is written down with its order"
            return message_body(order, command, message, history)
        case ReceiveTexts() as command:
            notice = order_notice(tx, order)
            receiving = notice.receiving
            if receiving is not None and receiving.assigned_ms is not None:
                own_ms = receiving.assigned_ms + cancel_after_ms
                patient_ms = max(own_ms, receiving.cancel_after_ms)
                receiving = msgspec.structs.replace(receiving, cancel_after_ms=patient_ms)
                notice = msgspec.structs.replace(notice, receiving=receiving)
            return number_body(order, command, notice, history, tx.now_ms)
        case TopUp() as command:
            return fund_body(order, command, history)
        case SpeakText():
            raise AssertionError("only the paid URL sells spoken texts, whose orders have no page")


def _version(view: OrderView) -> str:
    """Changes whenever something else is shown; the time that passes does not count."""
    body = view.body
    head = body.head
    shown = (view.state, view.taken_sats, head.tag, head.title, body.steps, body.actions)
    whole = repr((*shown, body.numbered))
    return hashlib.blake2b(whole.encode(), digest_size=8).hexdigest()
