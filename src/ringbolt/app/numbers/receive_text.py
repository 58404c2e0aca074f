"""A text that came to a number of ours, turned into a code, a state and money in one transaction.

Each text belongs to at most one order: the one that leases the number at that moment. Every other
text stays in quarantine, where no buyer sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from ringbolt.app.jobs import MATCH_TEXTS
from ringbolt.app.numbers.close_lease import set_timer
from ringbolt.app.payments.decide_outcome import fulfil
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.order import DELIVERED, OrderState
from ringbolt.core.sanitise import MOST_OF_NAME, clamp_ms, sanitise, storable_name
from ringbolt.core.texts.named_service import names_another
from ringbolt.core.texts.opt_out import OptOut, opt_out_of
from ringbolt.core.texts.redact import masked
from ringbolt.core.texts.reported_code import code_of
from ringbolt.numbers.provider import InboundText
from ringbolt.store import jobs, orders, received_texts, receiving_orders, suppressions
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.received_texts import NewText, ReceivedText
from ringbolt.store.receiving_orders import NumberLease, ReceivingOrder

log = structlog.get_logger("ringbolt.numbers")

TWICE_WITHIN_MS: Final = 5000
"""Some sources report one text twice, under two names (textbee, issue 159)."""
CLOCKS_DIFFER_MS: Final = 5 * 60_000
"""How much a provider's clock may be behind ours; less than a number's cool-down."""
MOST_CHARS: Final = 5000
"""How much of a text is stored: more than thirty segments, and more than any telephone sends."""
_MOST_OF_CODE: Final = 64
_MATCH_AFTER_MS: Final = 2000
_MATCH_SINCE_MS: Final = 120_000


@dataclass(frozen=True, slots=True)
class _Recipient:
    """The order that a text belongs to. Its receiving row is locked."""

    receiving: ReceivingOrder
    state: OrderState


def receive_texts(
    tx: Tx, policy: ReceivingPolicy, source: str, texts: Iterable[InboundText]
) -> None:
    """Store the texts that the provider ``source`` reports; repeats are harmless."""
    for text in texts:
        _take(tx, policy, _storable(source, text))


def _storable(source: str, text: InboundText) -> NewText:
    """The text with no more of each part than any telephone sends, as every database can store
    it."""
    return NewText(
        source=source,
        event_id=storable_name(text.event_id),
        lease_id=storable_name(text.lease_id) or None,
        number=sanitise(text.number)[:MOST_OF_NAME],
        sender=sanitise(text.sender)[:MOST_OF_NAME],
        text=sanitise(text.text)[:MOST_CHARS],
        code=sanitise(text.code)[:_MOST_OF_CODE],
        at_ms=clamp_ms(text.at_ms),
    )


def _take(tx: Tx, policy: ReceivingPolicy, new: NewText) -> None:
    lease = _lease_of(tx, new)
    recipient = None if lease is None else _recipient(tx, lease)
    before = received_texts.by_event(tx, new.source, new.event_id)
    if before is not None and not _may_still_be(before, lease):
        return
    if recipient is not None and _deliver(tx, recipient, new, before):
        return
    if before is not None or not received_texts.keep(tx, new, None) or lease is not None:
        return
    if not _opts_out(tx, policy, new):
        # Another worker may be about to store the lease.
        MATCH_TEXTS.enqueue(tx, run_at_ms=tx.now_ms + _MATCH_AFTER_MS)


def _lease_of(tx: Tx, text: NewText | ReceivedText) -> NumberLease | None:
    """The lease that it came to; an ended one only if the provider names it."""
    if text.lease_id is not None:
        return receiving_orders.lease_of_provider(tx, text.source, text.lease_id)
    lease = receiving_orders.open_lease_of_number(tx, text.number)
    # A text reported late may have come to the former holder of the number.
    return None if lease is None or text.at_ms < lease.from_ms - CLOCKS_DIFFER_MS else lease


def _recipient(tx: Tx, lease: NumberLease) -> _Recipient | None:
    """The order that gets texts to the lease now; None if the lease is over or the order failed."""
    receiving = receiving_orders.receiving_of(tx, lease.order_id, lock=True)
    if receiving is None or receiving.lease_id != lease.id or receiving.closed_ms is not None:
        return None
    order = orders.by_id(tx, lease.order_id)
    if order is None or order.state not in DELIVERED | {OrderState.IN_PROGRESS}:
        return None
    return _Recipient(receiving, order.state)


def _may_still_be(before: ReceivedText, lease: NumberLease | None) -> bool:
    """Whether a text that was seen before is in quarantine only because it came before its lease
    was written down."""
    if before.order_id is not None or lease is None:
        return False
    return before.lease_id is not None or before.received_ms >= lease.from_ms


def _deliver(
    tx: Tx, recipient: _Recipient, text: NewText | ReceivedText, before: ReceivedText | None
) -> bool:
    """Give a text to its order; False if the order has just failed.

    ``before`` is the text as it waits in quarantine, None if it does not.
    """
    receiving = recipient.receiving
    order_id = receiving.order_id
    if received_texts.came_before(tx, order_id, text, TWICE_WITHIN_MS):
        return True
    code = _code_of(text, receiving)
    is_first = recipient.state is OrderState.IN_PROGRESS and bool(code or receiving.is_rental)
    if receiving.texts >= received_texts.MOST_OF_ORDER and not is_first:
        _only_count(tx, receiving)
        return True
    why = "a text came" if receiving.is_rental else "a code came"
    if is_first and not fulfil(tx, order_id, why):
        return False
    # Masked here, once: the buyer of an activation may look at it as often as they like.
    is_unpaid = recipient.state is OrderState.IN_PROGRESS and not is_first
    shown = masked(text.text) if is_unpaid else None
    if before is not None:
        received_texts.claim(tx, before.id, order_id, code, shown)
    elif isinstance(text, NewText):
        received_texts.keep(tx, replace(text, code=code, masked=shown), order_id)
    changes: dict[str, Any] = {"texts": receiving.texts + 1}
    if code:
        changes["code"] = code
    receiving_orders.update_receiving(tx, order_id, **changes)
    if is_first:  # from now on the timer ends the number's time
        set_timer(tx, order_id, receiving.until_ms or tx.now_ms)
    notify.changed(tx, order_id)
    return True


def _only_count(tx: Tx, receiving: ReceivingOrder) -> None:
    """Count a text above the limit; logged once, so that a flood fills neither log nor webhooks."""
    receiving_orders.update_receiving(tx, receiving.order_id, texts=receiving.texts + 1)
    if receiving.texts == received_texts.MOST_OF_ORDER:
        log.warning("further texts of an order are counted, not kept", order=receiving.order_id)
        notify.changed(tx, receiving.order_id)


def _code_of(text: NewText | ReceivedText, receiving: ReceivingOrder) -> str:
    """The code that an order waits for; '' if there is none, or it is another service's: the number
    may have been used for that before."""
    if not receiving.is_rental and names_another(text.text, text.sender, receiving.service):
        return ""
    return code_of(text.text, text.code, receiving.service)


def receive_early_texts(tx: Tx, lease: NumberLease) -> None:
    """Give a lease that was just stored the texts that came since it was asked for."""
    for text in received_texts.unclaimed(tx, lease.from_ms, lease.number):
        _claim(tx, text)


async def match_texts(shop: Shop, job: Job) -> None:
    """The job after texts without an order: their leases may be stored meanwhile."""
    await shop.db.tx(_match, job)


def _match(tx: Tx, job: Job) -> None:
    jobs.finish(tx, job)
    for text in received_texts.unclaimed(tx, tx.now_ms - _MATCH_SINCE_MS):
        _claim(tx, text)


def _claim(tx: Tx, text: ReceivedText) -> None:
    """Take a text out of quarantine if its lease is stored now."""
    lease = _lease_of(tx, text)
    if lease is None or not _may_still_be(text, lease):
        return
    recipient = _recipient(tx, lease)
    if recipient is not None:
        _deliver(tx, recipient, text, text)


def _opts_out(tx: Tx, policy: ReceivingPolicy, text: NewText) -> bool:
    """Whether it came to a number that we send from; if so, apply STOP and START."""
    if text.number not in policy.senders:
        return False
    match opt_out_of(text.text):
        case OptOut.STOP:
            current = policy.hashes_of(text.sender)[0]
            suppressions.add(tx, "sms", current, "asked by text to get nothing")
        case OptOut.START:
            for each in policy.hashes_of(text.sender):
                suppressions.remove(tx, "sms", each)
        case None:
            pass
    return True
