"""Resolve an attempt to lease a number whose answer was not stored.

The provider's ``Recovery`` says how: ask again with the same reference, look it up first, or wait.
An order that was decided meanwhile needs no number; if there is a lease all the same, we end it.
If the outcome cannot be found out, the money goes back, we do not ask again, and the operator sees
what the provider may charge for (``ringbolt numbers doubtful``).
"""

from __future__ import annotations

import structlog

from ringbolt.app.attempts import ABSENT_AFTER_MS, is_surely_absent
from ringbolt.app.jobs import DISPATCH_RECEIVING
from ringbolt.app.numbers.ask_for_number import answered, ask, give_up, is_late, terms_of
from ringbolt.app.numbers.close_lease import provider_named
from ringbolt.app.numbers.lost_acquisition import record_lost
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import NOT_TAKEN, OrderKind
from ringbolt.core.outcome import Recovery, Rejected
from ringbolt.numbers.provider import NumberProvider, SupportsActiveLeases, SupportsLeaseLookup
from ringbolt.store import attempts, jobs
from ringbolt.store.attempts import Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order

log = structlog.get_logger("ringbolt.numbers")

FORGET_AFTER_MS = 30 * 60_000
"""By then the provider has taken back a number that we could not ask it about."""
_KEPT = ("avoid", "asked", "since_ms")
_NOT_KNOWN = "the provider's answer is not known"


async def recover(shop: Shop, job: Job, order: Order, attempt: Attempt, now_ms: int) -> None:
    """An earlier run asked, or was about to ask, and did not store the answer."""
    try:
        provider = provider_named(shop, attempt.carrier)
        if provider.recovery is Recovery.LOOKUP and await _is_resolved(
            shop, job, provider, order, attempt, now_ms
        ):
            return
    except Unavailable as error:
        await _wait(shop, job, order, attempt, now_ms, error.message, may_be_told=True)
        return
    is_wanted = order.state in NOT_TAKEN and not is_late(
        shop.policies.receiving, order, attempt, now_ms
    )
    if is_wanted and provider.recovery is Recovery.IDEMPOTENT:
        await ask(shop, job, provider, order, attempt)
    else:
        await _wait(shop, job, order, attempt, now_ms, _NOT_KNOWN, may_be_told=False)


async def _is_resolved(
    shop: Shop, job: Job, provider: NumberProvider, order: Order, attempt: Attempt, now_ms: int
) -> bool:
    """False if the provider cannot look anything up. Raises ``Unavailable``."""
    terms = terms_of(shop, order, attempt)
    if isinstance(provider, SupportsLeaseLookup):
        found = await provider.find(attempt.ref)
        if found is not None:
            await shop.db.tx(answered, terms, job, attempt, found)
            return True
    elif isinstance(provider, SupportsActiveLeases):
        rentals = order.kind is OrderKind.RENTAL
        leases = await provider.active(rentals=rentals)
        if leases is None:
            return False
        if await shop.db.tx(record_lost, terms, job, attempt, leases):
            return True
    else:
        return False
    await _absent(shop, job, provider, order, attempt, now_ms)
    return True


async def _absent(
    shop: Shop, job: Job, provider: NumberProvider, order: Order, attempt: Attempt, now_ms: int
) -> None:
    """The provider does not know a lease of this attempt."""
    if not is_surely_absent(job, attempt, now_ms):
        seen = {**job.payload, "absent": attempt.ref, "absent_ms": now_ms}
        why = "the provider does not know of it (yet)"
        await shop.db.tx(jobs.retry, job, ABSENT_AFTER_MS, why, seen)
    elif order.state not in NOT_TAKEN or is_late(shop.policies.receiving, order, attempt, now_ms):
        none = Rejected("no number was leased in time")
        await shop.db.tx(answered, terms_of(shop, order, attempt), job, attempt, none)
    else:
        kept = {name: value for name, value in job.payload.items() if name in _KEPT}
        job = await shop.db.tx(jobs.note, job, kept)
        await ask(shop, job, provider, order, attempt)


async def _wait(
    shop: Shop,
    job: Job,
    order: Order,
    attempt: Attempt,
    now_ms: int,
    why: str,
    *,
    may_be_told: bool,
) -> None:
    """The outcome is not known yet. ``may_be_told``: the provider may still report it."""
    late = is_late(shop.policies.receiving, order, attempt, now_ms)
    asks_on = may_be_told and now_ms < attempt.created_ms + FORGET_AFTER_MS
    if await shop.db.tx(_wait_or_give_up, job, attempt, why, late, asks_on):
        log.warning(
            "the provider may have leased a number that we do not know; check its account",
            provider=attempt.carrier,
            ref=attempt.ref,
            order=attempt.order_id,
        )


def _wait_or_give_up(
    tx: Tx, job: Job, attempt: Attempt, why: str, late: bool, asks_on: bool
) -> bool:
    """The deadline is over: the money goes back. A leased number goes back as soon as we know of
    it; True if we never will."""
    if late:
        give_up(tx, attempt.order_id, f"it is not known whether a number was leased: {why}")
    if not late or asks_on:
        jobs.retry(tx, job, DISPATCH_RECEIVING.backoff.delay_ms(job.attempts), why)
        return False
    attempts.update(tx, attempt.id, state=AttemptState.DONE, reason=why, finished_ms=tx.now_ms)
    jobs.finish(tx, job)
    return True
