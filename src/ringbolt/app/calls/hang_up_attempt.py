"""Hang up a call that nobody pays for any more, and that may be up all the same.

Its outcome was not known when its order was decided, or the carrier reported it after it had
refused it. The request is a job, because it must reach the carrier whatever happens to this worker
or to the connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringbolt.app.attempts import part_is_gone
from ringbolt.app.calls.ask_carrier import patience_ms
from ringbolt.app.jobs import HANG_UP_ATTEMPT
from ringbolt.app.shop import Shop
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import Unavailable
from ringbolt.store import calls, jobs, orders
from ringbolt.store.calls import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order

_ENOUGH: Final = 5
"""How many requests the carrier must have answered (about ten seconds): the first ones may reach it
before the request that places the call does."""
_GONE_AGAIN_MS: Final = 30_000
"""A carrier comes back to the settings only with a restart."""
_ANSWERED: Final = "answered"


async def hang_up_attempt(shop: Shop, job: Job) -> None:
    """The job: ask the carrier to hang up, until it has answered often enough, or no call of the
    order can be up any more. Raises ``LeaseLost``."""
    attempt, order = await shop.db.read(_load, HANG_UP_ATTEMPT.subject_of(job))
    asked = await ask_to_hang_up(shop, attempt)
    longest_ms = patience_ms(shop.policies.calls, order.command_as(CallOrder))
    until_ms = (attempt.finished_ms or attempt.created_ms) + longest_ms
    await shop.db.tx(_asked, job, asked, until_ms)


def _load(tx: Tx, ref: str) -> tuple[Attempt, Order]:
    attempt = calls.attempt_by_ref(tx, ref)
    assert attempt is not None, "an attempt is never removed"
    order = orders.by_id(tx, attempt.order_id)
    assert order is not None, "an attempt has its order"
    return attempt, order


@dataclass(frozen=True, slots=True)
class Asked:
    """A carrier was asked to hang up. ``failed``: why it could not be asked, '' if it answered.
    ``at_least_ms``: how long to wait until it is asked again."""

    failed: str = ""
    at_least_ms: int = 0


async def ask_to_hang_up(shop: Shop, attempt: Attempt) -> Asked:
    """Ask the attempt's carrier to hang up."""
    carrier = shop.carriers.named(attempt.carrier)
    if carrier is None:
        return Asked(part_is_gone(attempt), _GONE_AGAIN_MS)
    try:
        await carrier.hang_up(attempt.ref)
    except Unavailable as error:
        return Asked(error.message)
    return Asked()


def _asked(tx: Tx, job: Job, asked: Asked, until_ms: int) -> None:
    answered = int(job.payload.get(_ANSWERED, 0)) + (not asked.failed)
    if answered >= _ENOUGH or tx.now_ms > until_ms:
        jobs.finish(tx, job)
        return
    delay_ms = max(asked.at_least_ms, HANG_UP_ATTEMPT.backoff.delay_ms(job.attempts - 1))
    why = asked.failed or "the carrier may not have known the call"
    jobs.retry(tx, job, delay_ms, why, {_ANSWERED: answered})
