"""Housekeeping, once an hour: remove old texts, histories and unpaid orders."""

from __future__ import annotations

from ringbolt.app.calls.recordings import purge_recordings
from ringbolt.app.jobs import SWEEP
from ringbolt.app.part_costs import schedule as schedule_costs
from ringbolt.app.shop import Shop
from ringbolt.store import (
    housekeeping,
    idempotency,
    jobs,
    pool,
    rate_limits,
    spends,
    unpaid,
    webhooks,
)
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job

EVERY_MS = 3_600_000
_DAY_MS = 86_400_000
_KEEP_AUDIO_S = 7200.0  # longer than any call that may still be playing it


def schedule(tx: Tx) -> None:
    """Make sure that the sweep is scheduled; harmless if it is."""
    SWEEP.enqueue(tx, run_at_ms=tx.now_ms + EVERY_MS)


async def sweep(shop: Shop, job: Job) -> None:
    """Wipe and forget what has been kept for long enough. The job runs again later."""
    keep = shop.policies.retention
    wiped = housekeeping.BATCH
    while wiped == housekeeping.BATCH:  # small transactions, so that other writers do not wait long
        wiped = await shop.db.tx(housekeeping.wipe_texts, keep.texts_ms)
    while await shop.db.tx(unpaid.forget, keep.unpaid_ms) == unpaid.FORGET_BATCH:
        continue
    await shop.db.tx(housekeeping.forget_inbox, 30 * _DAY_MS)
    await shop.db.tx(housekeeping.forget_strays, keep.texts_ms)
    await shop.db.tx(idempotency.forget, keep.history_ms)
    while await shop.db.tx(webhooks.forget, keep.history_ms) == webhooks.FORGET_BATCH:
        continue
    while await shop.db.tx(pool.forget) == pool.FORGET_BATCH:
        continue
    await shop.db.tx(schedule_costs)
    await shop.db.tx(spends.forget, 7)
    await shop.db.tx(rate_limits.forget_idle)
    await purge_recordings(shop)
    await shop.speaker.purge()
    await shop.audio.purge(_KEEP_AUDIO_S)
    await shop.db.tx(jobs.retry, job, EVERY_MS, "")
