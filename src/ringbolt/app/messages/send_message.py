"""Send the text or e-mail of a paid order: store the intent, ask, store the answer.

A worker may die between any two lines. It leaves an attempt with an intent, which the next worker
resolves (``recover_message``).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ringbolt.app.jobs import MESSAGE_DEADLINE
from ringbolt.app.messages.ask_to_send import ask, give_up, is_late, last_moment_ms, route_of
from ringbolt.app.messages.recover_message import Work, recover
from ringbolt.app.part_costs import begin_cost
from ringbolt.app.part_limits import Route, Wait, choose_part, wait_for_part
from ringbolt.app.shop import Shop
from ringbolt.core.order import ASKED, OrderState
from ringbolt.store import attempts, jobs, messages, orders, suppressions
from ringbolt.store.attempts import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.store.suppressions import channel_of

RouteTo = Callable[[Order], Route]
"""The carriers or mail servers that may send an order, in the order of asking."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """The job's first step is done; ``work`` is what is left, None if nothing is."""

    work: Work | None


def begin_message(shop: Shop, tx: Tx, job: Job) -> object:
    """The job's first step, in the transaction that secures the money and adds the job."""
    return _Begun(_begin(tx, partial(route_of, shop), job, secrets.token_hex(16)))


async def dispatch_message(shop: Shop, job: Job) -> None:
    """The job behind every paid text or e-mail; safe to run again at any point. Raises
    ``LeaseLost``."""
    if isinstance(job.seen, _Begun):
        work = job.seen.work
    else:
        work = await shop.db.tx(_begin, partial(route_of, shop), job, secrets.token_hex(16))
    if work is None:
        return
    if work.is_fresh:
        await ask(shop, job, work.order, work.attempt)
    else:
        await recover(shop, job, work)


def _begin(tx: Tx, route_to: RouteTo, job: Job, ref: str) -> Work | None:
    """The work to do now; None if there is none, and the job is finished or rescheduled."""
    assert job.order_id is not None
    seen = job.seen
    order = seen if isinstance(seen, Order) else orders.by_id(tx, job.order_id)
    if order is not None and order.state is OrderState.PAID:
        attempt = _intend(tx, route_to, job, order, ref)
        return None if attempt is None else Work(order, attempt, tx.now_ms, is_fresh=True)
    if order is not None and order.state in ASKED:
        attempt = messages.present_attempt(tx, order.id)
        if attempt is not None and attempt.carrier_id is None:
            return Work(order, attempt, tx.now_ms)
    jobs.finish(tx, job)
    return None


def _intend(tx: Tx, route_to: RouteTo, job: Job, order: Order, ref: str) -> Attempt | None:
    """PAID -> DISPATCHING with an attempt written down; None if it is not to be sent."""
    message = messages.message_of(tx, order.id)
    assert message is not None, "a message is written down with its order"
    channel = channel_of(order.kind)
    refusal = ""
    if is_late(order, tx.now_ms):
        refusal = "it could not be sent in time"
    elif suppressions.holds(tx, channel, message.to_hash):
        refusal = "the recipient asked to get no messages from us"
    if refusal:
        give_up(tx, order.id, refusal, may_retry=True)
        jobs.finish(tx, job)
        return None
    asked = attempts.asked_in_this_try(tx, order.id)
    route = route_to(order)
    carrier = choose_part(tx, job, route, asked, last_moment_ms(order))
    if isinstance(carrier, Wait):
        wait_for_part(tx, job, carrier, last_moment_ms(order))
        return None
    if carrier is None:
        why = "no carrier of this shop reaches this destination any more"
        give_up(tx, order.id, why, may_retry=True)
        jobs.finish(tx, job)
        return None
    orders.move(tx, order.id, OrderState.DISPATCHING, f"asking {carrier}", part=carrier)
    jobs.check(tx, job)
    MESSAGE_DEADLINE.enqueue(tx, order_id=order.id, run_at_ms=order.deadline_ms)
    attempt = messages.add_attempt(tx, order.id, ref=ref, carrier=carrier)
    begin_cost(tx, route, attempt)
    return attempt
