"""The state of an order, as a person who knows its id may see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ringbolt.app.requests.digits import answered_digits
from ringbolt.app.webhooks.call_status import talked_ms
from ringbolt.core.commands import CallOrder
from ringbolt.core.notices import CalledNotice, NumberNotice, OrderNotice, SentNotice, TextNotice
from ringbolt.core.order import DELIVERED, LOST, UNPAID, Fulfilment, OrderState
from ringbolt.core.texts.redact import masked
from ringbolt.store import calls, messages, orders, received_texts, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.messages import Message, MessageStatus
from ringbolt.store.orders import Order
from ringbolt.store.received_texts import ReceivedText
from ringbolt.store.receiving_orders import ReceivingOrder

TEXTS_A_PAGE = 20
"""How many texts a notice shows, the latest ones; a notice with all of them would store every text
again with each further one."""
LAST_PAGE = -(-received_texts.MOST_OF_ORDER // TEXTS_A_PAGE) + 1


def order_notice(
    tx: Tx,
    order: Order,
    page: int = 1,
    *,
    message: Message | None = None,
    moved_ms: int | None = None,
) -> OrderNotice:
    """The order as its rows have it in this transaction; ``page`` 2 has the texts that came before
    the latest 20, and so on. ``message`` and ``moved_ms`` (when its state changed last) are read
    if they are not at hand."""
    if order.state in UNPAID:
        is_cancelled = order.reason.startswith("cancel")
        return _notice(order, expires_ms=order.deadline_ms, is_cancelled=is_cancelled)
    match order.kind.fulfilment:
        case Fulfilment.RECEIVE:
            moved_ms = moved_ms or orders.last_moved_ms(tx, order.id)
            return _receiving(tx, order, moved_ms, page)
        case Fulfilment.SEND:
            if moved_ms is not None:
                message = message or messages.message_of(tx, order.id)
                assert message is not None, "a message is written down with its order"
                return _message(order, message, moved_ms)
            found = messages.message_and_move(tx, order.id)
            assert found is not None, "a message is written down with its order"
            return _message(order, *found)
        case Fulfilment.CALL:
            return _called(tx, order, moved_ms or orders.last_moved_ms(tx, order.id))
        case Fulfilment.CREDIT | Fulfilment.SPEAK:
            return _notice(order, changed_ms=moved_ms or orders.last_moved_ms(tx, order.id))


def _notice(order: Order, **facts: Any) -> OrderNotice:
    return OrderNotice(
        order_id=order.id,
        kind=order.kind,
        state=order.state,
        method=order.method,
        price_msat=order.price_msat,
        fault=_fault(order),
        **facts,
    )


def _fault(order: Order) -> str | None:
    returned = order.state is OrderState.RETURNED and order.reason != LOST
    return order.reason if order.state is OrderState.FAILED or returned else None


def _called(tx: Tx, order: Order, moved_ms: int) -> OrderNotice:
    call = calls.call_of(tx, order.id)
    assert call is not None, "a call is written down with its order"
    times = (moved_ms, call.ringing_ms, call.answered_ms, call.ended_ms)
    command = order.command_as(CallOrder)
    return _notice(
        order,
        changed_ms=_latest(*times),
        called=CalledNotice(
            sid=call.sid,
            to=call.to_number,
            status=call.status.value,
            digits=answered_digits(command, call.digits) if command.gathers else "",
            cause=call.cause,
            talked_ms=0 if call.ended_ms is None else talked_ms(call, call.ended_ms),
            heard_ms=call.heard_ms or 0,
            notes=call.notes,
        ),
    )


def _message(order: Order, message: Message, moved_ms: int) -> OrderNotice:
    status = message.status if _fault(order) is None else MessageStatus.FAILED
    times = (moved_ms, message.sent_ms, message.delivered_ms, message.failed_ms)
    return _notice(
        order, changed_ms=_latest(*times), sent=SentNotice(message.public_id, status.value)
    )


def _receiving(tx: Tx, order: Order, moved_ms: int, page: int) -> OrderNotice:
    receiving = receiving_orders.receiving_of(tx, order.id)
    assert receiving is not None, "what is received on is written down with its order"
    is_delivered = _is_delivered(order)
    is_masked = not (is_delivered or receiving.is_rental)
    latest = _texts(tx, receiving, 1, is_masked=is_masked)
    texts = latest if page == 1 else _texts(tx, receiving, page, is_masked=is_masked)
    last_ms = latest[-1].received_ms if latest else None
    kept = _kept(tx, receiving)
    return _notice(
        order,
        changed_ms=_latest(moved_ms, receiving.assigned_ms, last_ms, receiving.closed_ms),
        expires_ms=_expires_ms(order, receiving, is_delivered=is_delivered),
        has_no_number=_had_no_number(order, receiving),
        receiving=NumberNotice(
            number=receiving.number,
            country=receiving.number_country if receiving.number else receiving.country,
            service=receiving.service,
            code=receiving.code,
            latest=latest[-1].text if latest else "",
            texts=tuple(TextNotice(t.at_ms, t.text, t.sender, t.code) for t in texts),
            texts_kept=kept,
            texts_lost=receiving.texts - kept,
            is_masked=is_masked and bool(latest),
            assigned_ms=receiving.assigned_ms,
            cancel_after_ms=_provider_waits_ms(tx, order, receiving),
        ),
    )


def _is_delivered(order: Order) -> bool:
    """Whether the buyer may see what was ordered."""
    fell_back = order.state is OrderState.RETURNED and order.reason == LOST
    return order.state in DELIVERED or fell_back


def _had_no_number(order: Order, receiving: ReceivingOrder) -> bool:
    """Whether the order failed for want of a number, the first or another one."""
    if _fault(order) is None:
        return False
    never = not receiving.number and not order.reason.startswith("cancelled")
    return never or order.reason.startswith("no number")


def _kept(tx: Tx, receiving: ReceivingOrder) -> int:
    """How many texts came. It differs from the stored ones only after a flood."""
    if receiving.texts <= received_texts.MOST_OF_ORDER:
        return receiving.texts
    return received_texts.kept_of_order(tx, receiving.order_id)


def _texts(tx: Tx, receiving: ReceivingOrder, page: int, *, is_masked: bool) -> list[ReceivedText]:
    """The texts as the buyer may see them: the text of an unpaid activation is masked, or the buyer
    could use it and cancel."""
    if not receiving.texts:
        return []
    skip = (page - 1) * TEXTS_A_PAGE
    texts = received_texts.of_order(tx, receiving.order_id, TEXTS_A_PAGE, skip)
    return [replace(each, text=_masked(each)) for each in texts] if is_masked else texts


def _masked(text: ReceivedText) -> str:
    """Texts of versions before this one, and of orders whose payment fell back, are masked here."""
    return masked(text.text) if text.masked is None else text.masked


def _expires_ms(order: Order, receiving: ReceivingOrder, *, is_delivered: bool) -> int | None:
    """Until when the order receives texts: an activation without a code ends at its deadline, even
    if it got another number late."""
    if receiving.until_ms is None:
        return None
    if is_delivered or receiving.is_rental or order.deadline_ms is None:
        return receiving.until_ms
    return min(receiving.until_ms, order.deadline_ms)


def _provider_waits_ms(tx: Tx, order: Order, receiving: ReceivingOrder) -> int:
    """From when on the number's provider takes it back, if one may ask for that; else 0."""
    if order.state is not OrderState.IN_PROGRESS or receiving.lease_id is None:
        return 0
    lease = receiving_orders.lease_by_id(tx, receiving.lease_id)
    return 0 if lease is None else lease.cancel_after_ms


def _latest(*times: int | None) -> int:
    return max(time for time in times if time is not None)
