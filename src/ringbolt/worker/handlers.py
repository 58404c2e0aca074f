"""Which use case runs which kind of job, and what becomes of one that keeps failing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from ringbolt.app.check_call import check_call
from ringbolt.app.dispatch import CHECK_CALL, dispatch_call
from ringbolt.app.place_order import DISPATCH_CALL
from ringbolt.app.record_outcome import fail
from ringbolt.app.refund import PAY_REFUND, pay_refund
from ringbolt.app.shop import Shop
from ringbolt.app.sweep import SWEEP, sweep
from ringbolt.store import jobs
from ringbolt.store.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.worker.loop import Handler


async def _return_money(shop: Shop, job: Job, why: str) -> None:
    """A call that we cannot bring about, for a fault of our own: the buyer gets the money back."""
    await shop.db.tx(_fail_order, job, secrets.token_hex(32), why)


def _fail_order(tx: Tx, job: Job, k1: str, why: str) -> None:
    if job.order_id is not None:
        fail(tx, job.order_id, "an internal fault", may_retry=False, k1=k1)
    jobs.bury(tx, job, why)


async def _bury(shop: Shop, job: Job, why: str) -> None:
    await shop.db.tx(jobs.bury, job, why)


def handlers() -> Mapping[str, Handler]:
    return {
        DISPATCH_CALL: Handler(dispatch_call, _return_money),
        CHECK_CALL: Handler(check_call, _return_money),
        PAY_REFUND: Handler(pay_refund, _bury),
        SWEEP: Handler(sweep, _bury),
    }
