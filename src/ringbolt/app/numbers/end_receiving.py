"""An order's one timer: the deadline of its code, the end of a rental's trial, the number's end.

At the deadline we ask the provider a last time. A code counts until the compare-and-swap that
fails the order has committed; later texts belong to no order.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.jobs import END_RECEIVING
from ringbolt.app.numbers.ask_for_number import give_up
from ringbolt.app.numbers.close_lease import (
    close_receiving,
    provider_named,
    see_to_giving_back,
    set_timer,
)
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.payments.decide_outcome import fail, fulfil
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import DELIVERED, UNDER_WAY, OrderState
from ringbolt.numbers.provider import Cancelled, CancelResult, HasText, InboundText, TooEarly
from ringbolt.store import jobs, orders, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.store.receiving_orders import NumberLease, ReceivingOrder

GRACE_MS = 10_000
"""How long after the deadline we keep asking a provider that does not answer."""


@dataclass(frozen=True, slots=True)
class Look:
    """An order, its receiving row and its present lease, at ``now_ms``."""

    order: Order
    receiving: ReceivingOrder
    lease: NumberLease | None
    now_ms: int

    @property
    def is_open(self) -> bool:
        """Whether the buyer has a number."""
        return self.lease is not None and self.lease.ended_ms is None


def look(tx: Tx, order_id: str, *, lock: bool = False) -> Look | None:
    """None for an order that receives nothing."""
    receiving = receiving_orders.receiving_of(tx, order_id, lock=lock)
    order = orders.by_id(tx, order_id)
    if receiving is None or order is None:
        return None
    lease = (
        None if receiving.lease_id is None else receiving_orders.lease_by_id(tx, receiving.lease_id)
    )
    return Look(order, receiving, lease, tx.now_ms)


async def end_receiving(shop: Shop, job: Job) -> None:
    """The job behind the timer; safe to run again at any point. Raises ``LeaseLost``."""
    assert job.order_id is not None
    found = await shop.db.read(look, job.order_id)
    if found is None or found.lease is None or not found.is_open:
        await shop.db.tx(_without_number, job)
    elif found.order.state is OrderState.IN_PROGRESS and not found.receiving.is_rental:
        await _last_look(shop, job, found, found.lease)
    elif found.order.state is OrderState.IN_PROGRESS:
        await shop.db.tx(_end_trial, shop.policies.receiving.rental_trial_ms, job)
    elif found.order.state in DELIVERED:
        await _end_of_number(shop, job, found, found.lease)
    else:
        await shop.db.tx(_close_failed, job)


def _without_number(tx: Tx, job: Job) -> None:
    """No number is assigned: fail the order at its deadline."""
    assert job.order_id is not None
    found = look(tx, job.order_id, lock=True)
    jobs.check(tx, job)
    if found is None or found.order.state not in UNDER_WAY:
        jobs.finish(tx, job)
    elif found.is_open:
        jobs.retry(tx, job, 0, "a number was assigned just now")
    elif (deadline_ms := found.order.deadline_ms or 0) > tx.now_ms:
        jobs.retry(tx, job, deadline_ms - tx.now_ms, "a number is looked for")
    else:
        give_up(tx, job.order_id, "no number could be had in time")


async def _last_look(shop: Shop, job: Job, found: Look, lease: NumberLease) -> None:
    """An activation's deadline: a code that came counts; without one, the number goes back."""
    deadline_ms = found.order.deadline_ms or 0
    if found.now_ms < deadline_ms:
        await shop.db.tx(jobs.retry, job, deadline_ms - found.now_ms, "the deadline is later")
        return
    answer: CancelResult | None = None
    try:
        provider = provider_named(shop, lease.provider)
        texts = await provider.texts(lease.provider_id)
        if texts and await _is_delivered(shop, lease, texts):
            return  # the timer is the number's now
        answer = await provider.cancel(lease.provider_id)
    except Unavailable as error:
        if found.now_ms < deadline_ms + GRACE_MS:
            await shop.db.tx(jobs.retry, job, END_RECEIVING.backoff.first_ms, error.message)
            return
    if isinstance(answer, HasText) and await _is_delivered(shop, lease, answer.texts):
        return
    await shop.db.tx(_no_code, job, lease.id, answer)


async def _is_delivered(shop: Shop, lease: NumberLease, texts: tuple[InboundText, ...]) -> bool:
    """Whether the order is fulfilled, after ``texts`` were taken."""
    return await shop.db.tx(_take, shop.policies.receiving, lease, texts) in DELIVERED


def _take(
    tx: Tx, policy: ReceivingPolicy, lease: NumberLease, texts: tuple[InboundText, ...]
) -> OrderState | None:
    receive_texts(tx, policy, lease.provider, texts)
    order = orders.by_id(tx, lease.order_id)
    return None if order is None else order.state


def _no_code(tx: Tx, job: Job, lease_id: str, answer: CancelResult | None) -> None:
    assert job.order_id is not None
    jobs.check(tx, job)
    if not fail_with_number(tx, job.order_id, lease_id, "no code came in time", answer):
        jobs.retry(tx, job, 0, "the order was just decided")


def fail_with_number(
    tx: Tx, order_id: str, lease_id: str, why: str, answer: CancelResult | None
) -> bool:
    """Fail an order and end its lease; False if the order was decided, or has another number.

    ``answer`` is the provider's answer to a cancel, None if it was not asked or did not answer:
    unless the provider has ended the lease, a job tells it until it succeeds.
    """
    found = look(tx, order_id, lock=True)
    if found is None or found.lease is None or found.lease.id != lease_id or not found.is_open:
        return False
    if not fail(tx, order_id, why, only_from=OrderState.IN_PROGRESS):
        return False
    close_receiving(tx, order_id, found.lease, why)
    tell_provider(tx, found.lease, answer)
    notify.changed(tx, order_id)
    return True


def tell_provider(tx: Tx, lease: NumberLease, answer: CancelResult | None) -> None:
    """Make sure that the provider gets the number back, depending on its answer to a cancel."""
    if isinstance(answer, Cancelled):
        return
    not_before_ms = answer.until_ms if isinstance(answer, TooEarly) else 0
    see_to_giving_back(
        tx, lease.order_id, lease.provider, lease.provider_id, lease.until_ms, not_before_ms
    )


def _end_trial(tx: Tx, trial_ms: int, job: Job) -> None:
    """The trial of a rental is over: the buyer pays, and the inbox stays open."""
    assert job.order_id is not None
    found = look(tx, job.order_id, lock=True)
    assert found is not None
    jobs.check(tx, job)
    until_ms = (found.receiving.assigned_ms or 0) + trial_ms
    if found.order.state is not OrderState.IN_PROGRESS or not found.is_open:
        jobs.retry(tx, job, 0, "the order was just decided")
    elif tx.now_ms < until_ms:
        jobs.retry(tx, job, until_ms - tx.now_ms, "the trial goes on")
    else:
        fulfil(tx, job.order_id, "the rental was not cancelled in time")
        set_timer(tx, job.order_id, found.receiving.until_ms or tx.now_ms)
        notify.changed(tx, job.order_id)


async def _end_of_number(shop: Shop, job: Job, found: Look, lease: NumberLease) -> None:
    """The time that was paid for is over."""
    until_ms = found.receiving.until_ms or 0
    if found.now_ms < until_ms:
        await shop.db.tx(jobs.retry, job, until_ms - found.now_ms, "the number's time is later")
        return
    texts: tuple[InboundText, ...] = ()
    is_heard = False
    try:
        provider = provider_named(shop, lease.provider)
        if found.receiving.is_rental:
            texts = await provider.texts(lease.provider_id)
        await provider.finish(lease.provider_id)
        is_heard = True
    except Unavailable as error:
        if found.now_ms < until_ms + GRACE_MS:
            await shop.db.tx(jobs.retry, job, END_RECEIVING.backoff.first_ms, error.message)
            return
    policy = shop.policies.receiving
    await shop.db.tx(_close_delivered, policy, job, lease, texts, is_heard)


def _close_delivered(
    tx: Tx,
    policy: ReceivingPolicy,
    job: Job,
    lease: NumberLease,
    texts: tuple[InboundText, ...],
    is_heard: bool,
) -> None:
    found = look(tx, lease.order_id, lock=True)
    jobs.check(tx, job)
    assert found is not None
    if (until_ms := found.receiving.until_ms or 0) > tx.now_ms:
        jobs.retry(tx, job, until_ms - tx.now_ms, "the number's time was extended")
        return
    receive_texts(tx, policy, lease.provider, texts)
    close_receiving(tx, lease.order_id, found.lease, "its time was over")
    if not is_heard:
        tell_provider(tx, lease, None)
    notify.changed(tx, lease.order_id)


def _close_failed(tx: Tx, job: Job) -> None:
    """The order failed for a reason outside receiving, e.g. its payment was lost."""
    assert job.order_id is not None
    found = look(tx, job.order_id, lock=True)
    jobs.check(tx, job)
    if found is None or found.lease is None or found.order.state in UNDER_WAY | DELIVERED:
        jobs.retry(tx, job, 0, "the order was just decided")
        return
    close_receiving(tx, job.order_id, found.lease, found.order.reason)
    tell_provider(tx, found.lease, None)


async def abandon_receiving(shop: Shop, job: Job, why: str) -> None:
    """A receiving job keeps failing through a fault of ours: the buyer gets the money back, and the
    provider its number."""
    await shop.db.tx(_abandon, job, why)


def _abandon(tx: Tx, job: Job, why: str) -> None:
    found = None if job.order_id is None else look(tx, job.order_id, lock=True)
    jobs.bury(tx, job, why)
    if found is None:
        return
    order_id = found.order.id
    fail(tx, order_id, "an internal fault", only_from=UNDER_WAY)
    if found.lease is not None and found.is_open:
        tell_provider(tx, found.lease, None)
    if found.receiving.closed_ms is None:  # the buried job stays for a person to look at
        keep = job.kind == END_RECEIVING.name
        close_receiving(tx, order_id, found.lease, "an internal fault", keep_timer=keep)
    notify.changed(tx, order_id)
