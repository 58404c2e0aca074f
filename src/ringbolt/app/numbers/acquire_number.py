"""Lease a number for a paid order: store the intent, ask a provider, store its answer.

A worker may die between any two lines. It leaves an attempt with an intent, which the next worker
resolves (``recover_lease``). One attempt leases at most one number, and a number whose order no
longer needs it is given back.
"""

from __future__ import annotations

import secrets

from ringbolt.app.checkout.best_provider import learn_success
from ringbolt.app.checkout.choose_provider import choose_provider, find_provider
from ringbolt.app.jobs import END_RECEIVING
from ringbolt.app.numbers.ask_for_number import (
    OPEN,
    Work,
    ask,
    asked_since_last_number,
    give_up,
    route_of,
)
from ringbolt.app.numbers.recover_lease import recover
from ringbolt.app.part_costs import begin_cost
from ringbolt.app.part_limits import (
    NUMBERS,
    Route,
    Wait,
    choose_part,
    estimate_of,
    wait_for_part,
)
from ringbolt.app.shop import Shop
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import NOT_TAKEN, OrderState
from ringbolt.numbers.provider import NumberProvider
from ringbolt.store import attempts, jobs, orders, receiving_orders
from ringbolt.store.attempts import Asked, Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order


async def dispatch_receiving(shop: Shop, job: Job) -> None:
    """The job that finds an order's number; safe to run again at any point. Raises
    ``LeaseLost``."""
    assert job.order_id is not None
    work = await shop.db.read(_load, job.order_id)
    if work is not None and work.attempt is not None and work.attempt.state in OPEN:
        await recover(shop, job, work.order, work.attempt, work.now_ms)
    elif work is not None and work.order.state in NOT_TAKEN:
        route = await _route(shop, work.request)
        attempt = await shop.db.tx(_intend, job, route, secrets.token_hex(16))
        provider = None if attempt is None else find_provider(shop, attempt.carrier)
        if attempt is not None and provider is not None:
            await ask(shop, job, provider, work.order, attempt)
    else:
        await shop.db.tx(_finish, job)


def _load(tx: Tx, order_id: str) -> Work | None:
    order = orders.by_id(tx, order_id)
    if order is None:
        return None
    found = attempts.of_order(tx, order_id)
    return Work(order, found[-1] if found else None, tx.now_ms, asked_since_last_number(found))


def _last_attempt(tx: Tx, order_id: str) -> Attempt | None:
    found = attempts.of_order(tx, order_id)
    return found[-1] if found else None


async def _route(shop: Shop, request: ReceiveTexts) -> Route:
    """The providers to ask; for a number of a real telephone the one that has it."""
    if request.provider or not request.real:
        await learn_success(shop)
        return _of(shop, request, route_of(shop, request))
    provider: NumberProvider | None
    try:
        provider = await choose_provider(shop, request.country)
    except Unavailable:
        provider = shop.own_numbers  # asked before: its answer about the lease is still to come
    return _of(shop, request, () if provider is None else (provider.name,))


def _of(shop: Shop, request: ReceiveTexts, names: tuple[str, ...]) -> Route:
    estimate = estimate_of(shop.policies.exchange, request)
    return Route.of(NUMBERS, shop.number_providers, names, estimate)


def _asked(tx: Tx, order: Order) -> Asked:
    """Who was asked for the order's next number. One real telephone is asked again and again."""
    request = order.command_as(ReceiveTexts)
    if request.real and not request.provider:
        return Asked({}, frozenset())
    return asked_since_last_number(attempts.of_order(tx, order.id))


def _intend(tx: Tx, job: Job, route: Route, ref: str) -> Attempt | None:
    """An attempt written down, with the order DISPATCHING; None if there is nothing to ask now."""
    assert job.order_id is not None
    receiving_orders.receiving_of(tx, job.order_id, lock=True)
    order = orders.by_id(tx, job.order_id)
    last = _last_attempt(tx, job.order_id)
    jobs.check(tx, job)
    if order is None or order.state not in NOT_TAKEN or (last is not None and last.state in OPEN):
        jobs.retry(tx, job, 0, "another worker was faster")
        return None
    assert order.deadline_ms is not None
    if tx.now_ms >= order.deadline_ms:
        give_up(tx, order.id, "no number could be had in time")
        jobs.finish(tx, job)
        return None
    provider = choose_part(tx, job, route, _asked(tx, order), order.deadline_ms)
    if isinstance(provider, Wait):
        wait_for_part(tx, job, provider, order.deadline_ms)
        return None
    if provider is None:  # or the operator removed the numbers from the pool meanwhile
        give_up(tx, order.id, "no number is free (the operator has none there any more)")
        jobs.finish(tx, job)
        return None
    why = f"asking {provider} for a number"
    orders.move(tx, order.id, OrderState.DISPATCHING, why, part=provider)
    END_RECEIVING.enqueue(tx, order_id=order.id, run_at_ms=order.deadline_ms)
    attempt = attempts.add(tx, order.id, attempt_id=ref, carrier=provider, ref=ref)
    begin_cost(tx, route, attempt)
    return attempt


def _finish(tx: Tx, job: Job) -> None:
    """End the job, unless the order has started to look for a number again."""
    assert job.order_id is not None
    receiving_orders.receiving_of(tx, job.order_id, lock=True)
    order = orders.by_id(tx, job.order_id)
    if order is not None and order.state in NOT_TAKEN:
        jobs.retry(tx, job, 0, "a number is looked for again")
    else:
        jobs.finish(tx, job)
