"""Give back a number that no order needs: tell its provider until that succeeds.

Our own lease is closed before. This job only makes sure that the provider does not keep the number
reserved, and perhaps charge for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from ringbolt.app.jobs import RELEASE_NUMBER
from ringbolt.app.numbers.close_lease import provider_named
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable
from ringbolt.numbers.provider import Cancelled, HasText, InboundText, TooEarly
from ringbolt.store import jobs
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job

log = structlog.get_logger("ringbolt.numbers")

_MARGIN_MS = 600_000
"""We keep asking this much longer than the lease lasts: the two clocks may differ."""


@dataclass(frozen=True, slots=True)
class _Lease:
    provider: str
    id: str
    until_ms: int


async def release_number(shop: Shop, job: Job) -> None:
    """The job that ends an unneeded lease; safe to run again."""
    lease = _Lease(job.payload["provider"], job.payload["loan"], job.payload["until_ms"])
    try:
        provider = provider_named(shop, lease.provider)
        answer = await provider.cancel(lease.id)
        if isinstance(answer, HasText):  # the number was used, though no buyer paid for it
            await provider.finish(lease.id)
    except Unavailable as error:
        await shop.db.tx(_again, job, lease, error.message)
        return
    match answer:
        case Cancelled():
            await shop.db.tx(jobs.finish, job)
        case HasText(texts):
            await shop.db.tx(_keep_and_finish, shop.policies.receiving, job, lease.provider, texts)
        case TooEarly(until_ms):
            await shop.db.tx(_later, job, until_ms)


def _keep_and_finish(
    tx: Tx, policy: ReceivingPolicy, job: Job, provider: str, texts: tuple[InboundText, ...]
) -> None:
    receive_texts(tx, policy, provider, texts)
    jobs.finish(tx, job)


def _later(tx: Tx, job: Job, until_ms: int) -> None:
    delay_ms = max(RELEASE_NUMBER.backoff.first_ms, until_ms - tx.now_ms)
    jobs.retry(tx, job, delay_ms, "the provider refuses until then")


def _again(tx: Tx, job: Job, lease: _Lease, why: str) -> None:
    if tx.now_ms >= lease.until_ms + _MARGIN_MS:
        log.warning("a number was not given back; its time is over", provider=lease.provider)
        jobs.finish(tx, job)
        return
    delay_ms = RELEASE_NUMBER.backoff.delay_ms(job.failures)
    jobs.retry(tx, job, delay_ms, why, None, failed=True)
