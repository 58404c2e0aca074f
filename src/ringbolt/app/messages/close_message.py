"""End the wait for a message: what is undecided at the deadline fails."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.jobs import MESSAGE_DEADLINE
from ringbolt.app.messages.ask_to_send import give_up
from ringbolt.app.messages.record_receipt import close
from ringbolt.app.messages.recover_message import Found, find, is_surely_ours, part_of, record_found
from ringbolt.app.policies import SettleOn
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable
from ringbolt.store import jobs, messages, orders
from ringbolt.store.attempts import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order

_LOOKS = 5
"""How often we ask a carrier that does not answer before we return the money anyway."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a message's last attempt is about; the order may have ended otherwise."""

    order: Order
    attempt: Attempt


async def message_deadline(shop: Shop, job: Job) -> None:
    """The job at the deadline of every message that was asked for; safe to run again."""
    assert job.order_id is not None
    work = await shop.db.read(_load, job.order_id)
    if work is None:
        await shop.db.tx(jobs.finish, job)
        return
    found = None
    if work.order.finished_ms is None:
        try:
            found = await find(shop, work.order, work.attempt)
        except Unavailable as error:
            if job.attempts < _LOOKS:
                delay_ms = MESSAGE_DEADLINE.backoff.first_ms
                await shop.db.tx(jobs.retry, job, delay_ms, error.message)
                return
    settle_on = shop.policies.messages.settles_on(work.attempt.carrier)
    part = part_of(shop, work.order, work.attempt)
    await shop.db.tx(_end, job, work.attempt, found, settle_on, part)


async def abandon_message(shop: Shop, job: Job, why: str) -> None:
    """A message's job keeps failing through a fault of ours: the buyer gets the money back."""
    await shop.db.tx(_abandon, job, why)


def _load(tx: Tx, order_id: str) -> _Asked | None:
    order = orders.by_id(tx, order_id)
    attempt = messages.present_attempt(tx, order_id)
    return None if order is None or attempt is None else _Asked(order, attempt)


def _end(
    tx: Tx, job: Job, attempt: Attempt, found: Found | None, settle_on: SettleOn, part: object
) -> None:
    jobs.finish(tx, job)
    if found is not None and is_surely_ours(tx, part, attempt, found):
        record_found(tx, attempt, found, settle_on)
    if not give_up(tx, attempt.order_id, "its outcome was not reported in time"):
        close(tx, attempt.order_id, attempt.id)


def _abandon(tx: Tx, job: Job, why: str) -> None:
    jobs.bury(tx, job, why)
    if job.order_id is None:
        return
    give_up(tx, job.order_id, "an internal fault")
    attempt = messages.present_attempt(tx, job.order_id)
    if attempt is not None and attempt.finished_ms is None:
        close(tx, job.order_id, attempt.id)
