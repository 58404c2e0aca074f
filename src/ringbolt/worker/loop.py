"""Claims jobs, runs them, and extends their leases.

Each lane (money, payout, dispatch, webhook, unpaid) has its own slots, so that slow jobs of one
lane do not delay another. A job whose worker dies becomes due again when its lease ends.

A job that a transaction of this process adds, and that is due at once, goes straight to a free
slot (``_Slots``): it need not be found and claimed. While older jobs wait for a slot, none goes
that way.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from ringbolt.app.jobs import FAULT_BACKOFF
from ringbolt.app.shop import Shop
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.store import jobs
from ringbolt.store.engine.db import Subscription, Tx
from ringbolt.store.jobs import LANES, POLL_MS, Job, Lane, LeaseLost, Look

log = structlog.get_logger("ringbolt.worker")

DRAIN_S = 5.0
"""How long running jobs may take to finish when the worker is stopped."""
POLL_S = POLL_MS / 1000
"""The longest sleep of a lane: the fallback if a wake-up is lost."""
MAX_FAILURES = 12
"""Unexpected failures of one job before it is given up (about twenty minutes)."""

_UNPAID_PART = 8
"""The lane ``unpaid`` has this fraction (1/8) of the number of webhook slots, in addition."""


Run = Callable[[Shop, Job], Awaitable[None]]
Abandon = Callable[[Shop, Job, str], Awaitable[None]]
Begin = Callable[[Shop, Tx, Job], object]


@dataclass(frozen=True, slots=True)
class Handler:
    """How a kind of job is run; ``give_up`` is called for a job that keeps failing.

    ``look``: reads what ``run`` needs first, in the transaction of the claim (``Job.seen``).
    ``begin``: does what ``run`` would do first in a transaction of its own, in the transaction that
    adds the job, if that hands it to this worker (``Job.seen``).
    """

    run: Run
    give_up: Abandon
    look: Look | None = None
    begin: Begin | None = None


async def _unknown(shop: Shop, job: Job) -> None:
    log.error("job of an unknown kind", kind=job.kind, job=job.id)
    await shop.db.tx(jobs.bury, job, f"no handler for {job.kind}")


async def _bury(shop: Shop, job: Job, why: str) -> None:
    await shop.db.tx(jobs.bury, job, why)


_UNKNOWN_KIND = Handler(_unknown, _bury)


class _Slots:
    """The free slots of a lane. A transaction reserves one in the store's thread, so that each is
    an entry of a ``deque``, whose ``pop`` and ``append`` are safe in any thread."""

    def __init__(self, count: int) -> None:
        self._free: deque[None] = deque([None] * count)
        self.is_behind = False
        """Whether jobs may be waiting for a slot; then the longest overdue is next."""

    def __len__(self) -> int:
        return len(self._free)

    def take(self) -> bool:
        try:
            self._free.pop()
        except IndexError:
            return False
        return True

    def release(self) -> None:
        self._free.append(None)


class Worker:
    """Runs jobs until it is cancelled."""

    def __init__(self, shop: Shop, handlers: Mapping[str, Handler]) -> None:
        self._shop = shop
        self._handlers = handlers
        self._looks = {kind: each.look for kind, each in handlers.items() if each.look is not None}
        slots = shop.settings.worker
        self._slots: dict[str, _Slots] = {
            "dispatch": _Slots(slots.dispatch_slots),
            "money": _Slots(slots.money_slots),
            "payout": _Slots(slots.payout_slots),
            "webhook": _Slots(slots.webhook_slots),
            "unpaid": _Slots(max(1, slots.webhook_slots // _UNPAID_PART)),
        }
        self.lease_ms = slots.lease_s * 1000
        self._running: dict[asyncio.Task[None], Job] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._lanes: dict[str, asyncio.Event] = {}
        self._has_stopped = False

    @property
    def running(self) -> int:
        return len(self._running)

    async def run(self) -> None:
        """Work until cancelled. Running jobs then get ``DRAIN_S`` to finish, and the others are
        released for the next worker."""
        for lane in LANES:
            self._subscriptions[lane] = self._shop.db.listen(lane)
            self._lanes[lane] = asyncio.Event()
        self._has_stopped = False
        self._shop.db.hand_jobs_to(self)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_leases())
                for lane in LANES:
                    group.create_task(self._listen(lane))
                    group.create_task(self._serve(lane))
        finally:
            self._shop.db.hand_jobs_to(None)
            for subscription in self._subscriptions.values():
                subscription.close()
            await self._drain()

    def reserve(self, lane: str) -> bool:
        """A transaction adds a job: reserve a slot, unless older jobs wait. In any thread."""
        slots = self._slots[lane]
        return not slots.is_behind and slots.take()

    def begin(self, tx: Tx, job: Job) -> object:
        """Do the first step of a job that is handed over. In any thread."""
        handler = self._handlers.get(job.kind, _UNKNOWN_KIND)
        return None if handler.begin is None else handler.begin(self._shop, tx, job)

    def release(self, lane: str) -> None:
        """The transaction did not commit. In any thread."""
        self._slots[lane].release()

    def start(self, job: Job) -> None:
        """Run a claimed job in the slot that was reserved for it."""
        if self._has_stopped:  # nobody would store what it does: the database is being closed
            log.info("job left to its lease", job=job.id, why="the worker has stopped")
            self._slots[job.lane].release()
            return
        task = asyncio.create_task(self._work(job))
        self._running[task] = job
        task.add_done_callback(self._done)

    async def _drain(self) -> None:
        """Let running jobs finish, so that the answer to a call request is still recorded (a
        cancelled one must be looked up by the next worker); then release the rest."""
        if self._running:
            await asyncio.wait(list(self._running), timeout=DRAIN_S)
        self._has_stopped = True
        stopped = dict(self._running)
        for task in stopped:
            task.cancel()
        await asyncio.gather(*stopped, return_exceptions=True)
        for job in stopped.values():
            try:
                await self._shop.db.tx(jobs.retry, job, 0, "the worker was stopped")
            except (LeaseLost, Unavailable) as error:
                log.info("job left to its lease", job=job.id, why=error.message)

    def poke(self) -> None:
        """Check all lanes now, because the clock may have jumped."""
        for event in self._lanes.values():
            event.set()

    async def _listen(self, lane: Lane) -> None:
        while True:
            if await self._subscriptions[lane].wait(POLL_S):
                self._lanes[lane].set()

    async def _serve(self, lane: Lane) -> None:
        """Serve one lane: claim due jobs, then wait for new ones, a free slot, or the next due
        time."""
        event = self._lanes[lane]
        while True:
            event.clear()
            try:
                delay_s = await self._claim(lane)
            except Unavailable as error:
                log.warning("store unavailable", lane=lane, error=error.message)
                delay_s = 1.0
            # Not wait_for: Python 3.11's forgets a cancellation that comes with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await event.wait()

    async def _claim(self, lane: Lane) -> float:
        """Start due jobs; returns how long to sleep without a wake-up, in seconds."""
        at_it = [job.id for job in self._running.values() if job.lane == lane]
        slots = self._slots[lane]
        # Half of the free slots: the others are for jobs that are added meanwhile.
        limit = sum(slots.take() for _ in range(-(-len(slots) // 2)))
        if not limit:
            slots.is_behind = True
            return POLL_S
        claimed: list[Job] = []
        try:
            claimed, next_ms = await self._shop.db.tx(
                jobs.claim_and_look_ahead, lane, limit, self.lease_ms, at_it, self._looks
            )
        finally:
            for _ in range(limit - len(claimed)):
                slots.release()
        for job in claimed:
            self.start(job)
        slots.is_behind = len(claimed) == limit
        if slots.is_behind:  # a finished job wakes the lane
            return 0 if len(slots) else POLL_S
        if next_ms is None:
            return POLL_S
        return min(POLL_S, max(0.005, (next_ms - self._shop.clock.now_ms()) / 1000))

    def _done(self, task: asyncio.Task[None]) -> None:
        job = self._running.pop(task)
        slots = self._slots[job.lane]
        slots.release()
        if slots.is_behind:
            self._lanes[job.lane].set()

    async def _work(self, job: Job) -> None:
        handler = self._handlers.get(job.kind, _UNKNOWN_KIND)
        try:
            await handler.run(self._shop, job)
        except LeaseLost:
            log.warning("lease lost", kind=job.kind, job=job.id)
        except RingboltError as error:
            await self._failed(handler, job, f"{error.code}: {error.message}", error.retryable)
        except Exception as error:
            log.exception("job failed", kind=job.kind, job=job.id, order=job.order_id)
            await self._failed(handler, job, repr(error), expected=False)

    async def _failed(self, handler: Handler, job: Job, why: str, expected: bool) -> None:
        """Run the job again later; give it up after ``MAX_FAILURES``, except during an outage
        (``expected``)."""
        try:
            if not expected and job.failures + 1 >= MAX_FAILURES:
                await handler.give_up(self._shop, job, why)
                return
            delay_ms = FAULT_BACKOFF.delay_ms(job.failures)
            jitter_ms = random.randrange(delay_ms // 4 + 1)  # noqa: S311 - not a secret
            await self._shop.db.tx(jobs.retry, job, delay_ms + jitter_ms, why, None, failed=True)
        except LeaseLost:
            log.warning("lease lost", kind=job.kind, job=job.id)
        except Unavailable as error:
            # Nothing was written; the job becomes due again when its lease ends.
            log.warning("store unavailable", job=job.id, error=error.message)
        except Exception:  # due again when its lease ends; the log is for the operator
            log.exception("job cannot be given up", kind=job.kind, job=job.id)

    async def _keep_leases(self) -> None:
        """Extend the leases of running jobs; cancel a job whose lease was lost."""
        while True:
            await asyncio.sleep(self.lease_ms / 3000)
            for task, job in list(self._running.items()):
                try:
                    longer = await self._shop.db.tx(jobs.extend, job, self.lease_ms)
                    job.lease.sure_until_s = longer.lease.sure_until_s
                except LeaseLost:
                    task.cancel()
                except Unavailable as error:
                    log.warning("cannot extend a lease", job=job.id, error=error.message)
