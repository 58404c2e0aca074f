"""The worker itself: what waits is not failing, and what fails for ever is closed in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.store import jobs
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.jobs import Job, Look
from ringbolt.worker.loop import MAX_FAILURES, Handler, Worker
from support.waiting import eventually


class Rig:
    """A worker on a store of its own, with one kind of job and no other part of a shop."""

    def __init__(
        self,
        db: Database,
        run: Callable[[Shop, Job], Awaitable[None]],
        look: Look | None = None,
    ) -> None:
        self.db = db
        self.given_up: list[Job] = []
        self.dead: list[str] = []
        settings = type("S", (), {"worker": _Slots()})()
        shop = type("Shop", (), {"db": db, "settings": settings, "clock": SystemClock()})()
        self.worker = Worker(cast(Any, shop), {"work": Handler(run, self._give_up, look)})

    async def _give_up(self, shop: Shop, job: Job, why: str) -> None:
        self.given_up.append(job)
        await shop.db.tx(jobs.bury, job, why)

    async def until(self, done: Callable[[], object]) -> None:
        await self.db.tx(jobs.enqueue, "work", "money", "the job", "an order")
        running = asyncio.create_task(self.worker.run())

        async def is_done() -> bool:
            self.dead = await self.db.tx(_all_due)
            self.worker.poke()
            return bool(done())

        try:
            await eventually(is_done)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


class _Slots:
    dispatch_slots = money_slots = payout_slots = webhook_slots = 2
    lease_s = 30


def _all_due(tx: Tx) -> list[str]:
    """Every job that waits may run now; the kinds of those that were set aside."""
    tx.conn.exec_driver_sql("UPDATE job SET run_at_ms = 0 WHERE token IS NULL AND dead = 0")
    return [row[0] for row in tx.conn.exec_driver_sql("SELECT kind FROM job WHERE dead = 1")]


@pytest.fixture
async def db(tmp_path: Path) -> Any:
    database = await open_database(f"sqlite:///{tmp_path / 'shop.db'}", SystemClock())
    yield database
    await database.close()


async def test_a_job_runs_with_what_its_handler_looks_at_when_it_is_claimed(db: Database) -> None:
    seen: list[object] = []

    async def run(shop: Shop, job: Job) -> None:
        seen.append(job.seen)
        await shop.db.tx(jobs.finish, job)

    rig = Rig(db, run, look=lambda tx, order_id, name: (order_id, name, tx.now_ms > 0))
    await rig.until(lambda: bool(seen))
    assert seen == [("an order", "the job", True)]


async def test_waiting_is_not_failing(db: Database) -> None:
    """Many planned waits, then one fault: the job is tried again."""
    runs: list[str] = []

    async def run(shop: Shop, job: Job) -> None:
        runs.append("run")
        if len(runs) == 2 * MAX_FAILURES:
            raise OSError("the disk was full for a moment")
        await shop.db.tx(jobs.retry, job, 60_000, "not yet")

    rig = Rig(db, run)
    await rig.until(lambda: len(runs) >= 2 * MAX_FAILURES + 2)

    assert rig.given_up == []


async def test_what_fails_every_time_is_given_up(db: Database) -> None:
    runs: list[int] = []

    async def run(shop: Shop, job: Job) -> None:
        runs.append(job.failures)
        raise OSError("broken")

    rig = Rig(db, run)
    await rig.until(lambda: bool(rig.given_up))

    assert runs == list(range(MAX_FAILURES))


async def test_a_job_of_an_unknown_kind_is_set_aside(db: Database) -> None:
    async def run(shop: Shop, job: Job) -> None:
        raise AssertionError("not ours")

    rig = Rig(db, run)
    await db.tx(jobs.enqueue, "strange", "money", "strange")

    await rig.until(lambda: rig.dead)
    assert rig.dead == ["strange"]
