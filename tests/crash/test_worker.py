"""The worker itself: what waits is not failing, and what fails for ever is closed in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
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
from support.waiting import eventually, until


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

        async def is_done() -> bool:
            self.dead = await self.db.tx(_all_due)
            self.worker.poke()
            return bool(done())

        async with self.running():
            await eventually(is_done)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.worker.run())
        await asyncio.sleep(0)
        try:
            yield
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


async def test_a_job_that_is_added_now_goes_straight_to_a_free_slot(db: Database) -> None:
    seen: list[Job] = []

    async def run(shop: Shop, job: Job) -> None:
        seen.append(job)
        await shop.db.tx(jobs.finish, job)

    def add(tx: Tx) -> None:
        jobs.enqueue(tx, "work", "money", "handed", "an order", payload={"a": 1}, seen="at hand")
        stored = tx.conn.exec_driver_sql(
            "SELECT token IS NOT NULL, run_at_ms > ? FROM job WHERE uniq = 'handed'", (tx.now_ms,)
        ).one()
        assert tuple(stored) == (1, 1), "nobody else may claim it"

    rig = Rig(db, run)
    await rig.until(lambda: bool(seen))  # the worker runs, and is idle
    async with rig.running():
        await db.tx(add)
        await until(lambda: len(seen) == 2)
    handed = seen[1]
    assert (handed.seen, handed.payload, handed.attempts) == ("at hand", {"a": 1}, 1)
    assert not await db.read(jobs.exists, "handed")


async def test_a_transaction_that_fails_gives_the_slots_back_that_it_reserved(db: Database) -> None:
    async def run(shop: Shop, job: Job) -> None:
        await shop.db.tx(jobs.finish, job)

    def fail(tx: Tx) -> None:
        jobs.enqueue(tx, "work", "money", "never", "an order")
        raise OSError("the disk was full for a moment")

    rig = Rig(db, run)
    async with rig.running():
        for _ in range(2 * _Slots.money_slots):
            with pytest.raises(OSError, match="full"):
                await db.tx(fail)
        await until(lambda: _all_free(rig.worker))


async def test_a_job_that_is_handed_to_a_worker_that_has_stopped_is_left_to_the_next(
    db: Database,
) -> None:
    """Its transaction commits after the stop: nobody would store what the job does."""
    ran: list[str] = []

    async def run(shop: Shop, job: Job) -> None:
        ran.append(job.uniq)
        await shop.db.tx(jobs.finish, job)

    def add(tx: Tx) -> None:
        tx.handover = rig.worker  # it was the worker's transaction when it began
        jobs.enqueue(tx, "work", "money", "late", "an order")

    rig = Rig(db, run)
    async with rig.running():
        await until(lambda: _all_free(rig.worker))
    await db.tx(add)
    assert rig.worker.running == 0
    assert _all_free(rig.worker)
    assert await db.tx(jobs.release_all) == 1  # as the next start does
    async with rig.running():
        await until(lambda: ran == ["late"])


async def test_while_older_jobs_wait_none_goes_before_them(db: Database) -> None:
    go_on = asyncio.Event()
    ran: list[str] = []

    async def run(shop: Shop, job: Job) -> None:
        ran.append(job.uniq)
        await go_on.wait()
        await shop.db.tx(jobs.finish, job)

    rig = Rig(db, run)
    names = [f"job {n}" for n in range(8)]
    async with rig.running():
        for name in names:  # two fill the slots, the others wait in the table
            await db.tx(jobs.enqueue, "work", "money", name, "an order")
        await until(lambda: len(ran) == 2)
        rig.worker.poke()
        await until(lambda: not rig.worker.reserve("money"))
        go_on.set()
        await until(lambda: len(ran) == 8)
    assert ran == names


def _all_free(worker: Worker) -> bool:
    """Whether exactly all slots can be reserved; they are given back."""
    reserved = [worker.reserve("money") for _ in range(_Slots.money_slots + 1)]
    for _ in range(sum(reserved)):
        worker.release("money")
    return sum(reserved) == _Slots.money_slots
