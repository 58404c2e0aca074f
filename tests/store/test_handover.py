"""Jobs that a transaction hands to the worker of its process, so that nobody has to claim them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ringbolt.store import jobs
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.jobs import Job

LEASE_MS = 30_000


class Slots:
    """Takes jobs of every lane, while ``free`` is above zero; ``begin`` is done for each."""

    lease_ms = LEASE_MS

    def __init__(self, free: int = 1, begin: Callable[[Tx, Job], object] | None = None) -> None:
        self.free = free
        self.started: list[Job] = []
        self._begin = begin

    def reserve(self, lane: str) -> bool:
        self.free -= 1
        if self.free < 0:
            self.free += 1
            return False
        return True

    def begin(self, tx: Tx, job: Job) -> object:
        return None if self._begin is None else self._begin(tx, job)

    def release(self, lane: str) -> None:
        self.free += 1

    def start(self, job: Job) -> None:
        self.started.append(job)


def add(tx: Tx, name: str = "one", run_at_ms: int | None = None) -> bool:
    return jobs.enqueue(tx, "work", "money", name, "an order", run_at_ms, {"a": 1}, seen="at hand")


def add_and_fail(tx: Tx) -> None:
    add(tx)
    raise ArithmeticError


def claim(tx: Tx) -> list[str]:
    return [job.uniq for job in jobs.claim(tx, "money", 10, LEASE_MS)]


async def test_a_handed_job_is_claimed_and_starts_after_the_commit(database: Database) -> None:
    slots = Slots()
    database.hand_jobs_to(slots)
    assert await database.tx(add)
    [job] = slots.started
    assert (job.uniq, job.payload, job.attempts, job.seen) == ("one", {"a": 1}, 1, "at hand")
    assert await database.tx(claim) == []
    await database.tx(jobs.finish, job)
    assert not await database.read(jobs.exists, "one")


async def test_without_a_free_slot_and_for_later_it_is_claimed_as_usual(database: Database) -> None:
    slots = Slots(free=0)
    database.hand_jobs_to(slots)
    await database.tx(add, "now")
    slots.free = 1
    later_ms = await database.tx(lambda tx: tx.now_ms + 60_000)
    await database.tx(add, "later", later_ms)
    assert (slots.started, slots.free) == ([], 1)
    assert await database.tx(claim) == ["now"]


async def test_what_is_not_committed_gives_its_slot_back(database: Database) -> None:
    slots = Slots()
    database.hand_jobs_to(slots)
    with pytest.raises(ArithmeticError):
        await database.tx(add_and_fail)
    assert (slots.started, slots.free) == ([], 1)
    assert await database.tx(add)
    assert not await database.tx(add), "there is one of that name"
    assert (len(slots.started), slots.free) == (1, 0)


async def test_the_first_step_is_done_where_the_job_is_added(database: Database) -> None:
    def begin(tx: Tx, job: Job) -> object:
        jobs.enqueue(tx, "work", "money", "its timer", job.order_id, tx.now_ms + 60_000)
        return "begun"

    slots = Slots(begin=begin)
    database.hand_jobs_to(slots)
    await database.tx(add)
    assert [job.seen for job in slots.started] == ["begun"]
    assert await database.read(jobs.exists, "its timer")


async def test_a_first_step_that_fails_fails_only_its_job(database: Database) -> None:
    def begin(tx: Tx, job: Job) -> object:
        raise ArithmeticError

    slots = Slots(begin=begin)
    database.hand_jobs_to(slots)
    assert await database.tx(add)
    assert (slots.started, slots.free) == ([], 1)
    assert await database.tx(claim) == ["one"]
