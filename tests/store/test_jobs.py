"""Jobs: claimed by one, for a time, in the order in which they are due."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ringbolt.app.jobs import move_payouts
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict
from ringbolt.store import cursors, jobs
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.jobs import Job, LeaseLost
from support.waiting import PATIENCE_S

LEASE_MS = 60_000


async def enqueue(database: Database, uniq: str, **more: Any) -> bool:
    def body(tx: Tx) -> bool:
        return jobs.enqueue(tx, "dispatch_call", "dispatch", uniq, **more)

    return await database.tx(body)


async def claim(database: Database, limit: int = 10) -> list[Job]:
    return await database.tx(jobs.claim, "dispatch", limit, LEASE_MS)


async def claim_one(database: Database, uniq: str = "d:1") -> Job:
    await enqueue(database, uniq)
    (job,) = await claim(database)
    return job


async def test_a_claimed_job_is_what_was_enqueued(database: Database) -> None:
    await enqueue(database, "d:1", order_id="o1", payload={"n": [1, "ä"]})
    (job,) = await claim(database)
    assert (job.kind, job.lane, job.uniq) == ("dispatch_call", "dispatch", "d:1")
    assert (job.order_id, job.payload, job.attempts) == ("o1", {"n": [1, "ä"]}, 1)


async def test_a_second_job_of_the_same_name_is_not_added(database: Database) -> None:
    added = await asyncio.gather(*(enqueue(database, "d:1") for _ in range(5)))
    assert sorted(added) == [False] * 4 + [True]
    assert len(await claim(database)) == 1


async def test_a_claimed_job_is_nobody_elses(database: Database) -> None:
    await claim_one(database)
    assert await claim(database) == []


async def test_a_job_of_another_lane_is_left_alone(database: Database) -> None:
    await enqueue(database, "d:1")
    assert await database.tx(jobs.claim, "money", 10, LEASE_MS) == []


async def test_the_longest_due_comes_first_and_the_future_not_at_all(database: Database) -> None:
    now_ms = await database.read(lambda tx: tx.now_ms)
    for uniq, ago_ms in (("b", 20), ("c", 10), ("later", -60_000), ("a", 30)):
        await enqueue(database, uniq, run_at_ms=now_ms - ago_ms)
    assert [job.uniq for job in await claim(database, 2)] == ["a", "b"]
    assert [job.uniq for job in await claim(database)] == ["c"]


async def test_a_timer_becomes_due(database: Database, clock: SystemClock) -> None:
    now_ms = await database.read(lambda tx: tx.now_ms)
    await enqueue(database, "d:1", run_at_ms=now_ms + 1_200_000)
    assert await database.read(jobs.next_run_at, "dispatch") == now_ms + 1_200_000
    clock.set_offset(1_201_000)
    assert len(await claim(database)) == 1


async def test_an_empty_lane_has_no_next_time(database: Database) -> None:
    await enqueue(database, "d:1")
    assert await database.read(jobs.next_run_at, "money") is None


async def test_a_finished_job_is_gone_and_its_name_free(database: Database) -> None:
    job = await claim_one(database)
    await database.tx(jobs.finish, job)
    assert await database.read(jobs.next_run_at, "dispatch") is None
    assert await enqueue(database, "d:1")


async def test_a_dead_workers_job_becomes_due_again(database: Database, clock: SystemClock) -> None:
    first = await claim_one(database)
    clock.set_offset(LEASE_MS + 1000)
    (second,) = await claim(database)
    assert (second.id, second.attempts) == (first.id, 2)
    assert second.token != first.token


async def test_a_lost_lease_takes_the_whole_transaction_with_it(
    database: Database, clock: SystemClock
) -> None:
    slow = await claim_one(database)
    clock.set_offset(LEASE_MS + 1000)
    (quick,) = await claim(database)

    def work(tx: Tx, job: Job, value: str) -> None:
        cursors.set(tx, "effect", value)
        jobs.finish(tx, job)

    with pytest.raises(LeaseLost):
        await database.tx(work, slow, "slow")
    assert await database.read(cursors.get, "effect") is None
    await database.tx(work, quick, "quick")
    assert await database.read(cursors.get, "effect") == "quick"


@pytest.mark.parametrize(
    "end",
    [
        jobs.finish,
        jobs.check,
        lambda tx, job: jobs.retry(tx, job, 0, ""),
        lambda tx, job: jobs.bury(tx, job, ""),
        lambda tx, job: jobs.extend(tx, job, 1),
    ],
    ids=["finish", "check", "retry", "bury", "extend"],
)
async def test_nothing_can_be_done_to_a_job_that_is_lost(database: Database, end: Any) -> None:
    job = await claim_one(database)
    await database.tx(jobs.cancel, "d:1")
    assert not await database.read(jobs.holds, job)
    with pytest.raises(LeaseLost):
        await database.tx(end, job)


async def test_a_held_job_passes_the_check(database: Database) -> None:
    job = await claim_one(database)
    await database.tx(jobs.check, job)
    assert await database.read(jobs.holds, job)


async def test_a_retried_job_comes_back_after_its_delay(
    database: Database, clock: SystemClock
) -> None:
    job = await claim_one(database)
    await database.tx(jobs.retry, job, 600_000, "the carrier is busy")
    assert await claim(database) == []
    clock.set_offset(600_001)
    (again,) = await claim(database)
    assert (again.id, again.attempts) == (job.id, 2)


async def test_a_buried_job_is_not_claimed_and_keeps_its_name(
    database: Database, clock: SystemClock
) -> None:
    job = await claim_one(database)
    await database.tx(jobs.bury, job, "gave up" * 1000)
    clock.set_offset(LEASE_MS * 10)
    assert await claim(database) == []
    assert await database.read(jobs.next_run_at, "dispatch") is None
    assert not await enqueue(database, "d:1")


async def test_an_extended_lease_lasts(database: Database, clock: SystemClock) -> None:
    job = await claim_one(database)
    longer = await database.tx(jobs.extend, job, 5 * LEASE_MS)
    assert longer.lease_until_ms - job.lease_until_ms >= 4 * LEASE_MS
    clock.set_offset(2 * LEASE_MS)
    assert await claim(database) == []
    await database.tx(jobs.finish, longer)


async def test_a_rescheduled_job_is_due_then_and_leaves_its_holder(database: Database) -> None:
    job = await claim_one(database)
    assert await database.tx(jobs.reschedule, "d:1", job.lease_until_ms - 2 * LEASE_MS)
    assert not await database.tx(jobs.reschedule, "none", 1)
    with pytest.raises(LeaseLost):
        await database.tx(jobs.finish, job)
    assert len(await claim(database)) == 1


async def test_a_cancelled_job_is_gone(database: Database) -> None:
    await enqueue(database, "d:1")
    assert [await database.tx(jobs.cancel, "d:1") for _ in range(2)] == [True, False]
    assert await claim(database) == []


async def test_a_new_job_wakes_its_lane_and_only_if_it_stays(
    no_polls: None, database: Database
) -> None:
    lane = database.listen("dispatch")

    def enqueue_and_fail(tx: Tx) -> None:
        jobs.enqueue(tx, "dispatch_call", "dispatch", "d:1")
        raise Conflict("no")

    with pytest.raises(Conflict):
        await database.tx(enqueue_and_fail)
    assert not await lane.wait(0)
    await enqueue(database, "d:1")
    assert await lane.wait(PATIENCE_S)


async def test_two_machines_never_claim_the_same_job(postgres_url: str) -> None:
    machines = [await open_database(postgres_url, SystemClock()) for _ in range(2)]
    for n in range(60):
        await enqueue(machines[0], f"d:{n}")

    async def work(machine: Database) -> list[str]:
        mine: list[str] = []
        while claimed := await claim(machine, 3):
            assert len(claimed) <= 3
            mine += [job.uniq for job in claimed]
        return mine

    shares = await asyncio.gather(*(work(machine) for machine in machines for _ in range(3)))
    for machine in machines:
        await machine.close()
    everything = [uniq for share in shares for uniq in share]
    assert sorted(everything) == sorted(f"d:{n}" for n in range(60))


async def test_what_a_kind_looks_at_is_seen_with_the_claim(database: Database) -> None:
    await enqueue(database, "d:1", order_id="o1")
    await enqueue(database, "d:2")
    looked: list[tuple[str, str]] = []

    def look(tx: Tx, order_id: str, uniq: str) -> str:
        looked.append((order_id, uniq))
        return f"{order_id} at {tx.now_ms}"

    claimed = await database.tx(
        jobs.claim, "dispatch", 10, LEASE_MS, (), {"dispatch_call": look, "another": look}
    )
    assert looked == [("o1", "d:1")]
    assert {job.uniq: str(job.seen).partition(" ")[0] for job in claimed} == {
        "d:1": "o1",
        "d:2": "None",
    }


async def test_payments_of_an_earlier_version_move_to_their_lane(database: Database) -> None:
    """Given payments to strangers that were stored in the lane of the shop's money, running and
    waiting, then they are in their own, and a worker that runs one keeps it."""
    await database.tx(jobs.enqueue, "pay_refund", "money", "refund:1")
    await database.tx(jobs.enqueue, "close_hold", "money", "close_hold:2")
    [running, _] = await database.tx(jobs.claim, "money", 2, LEASE_MS)
    await database.tx(jobs.enqueue, "pay_referral", "money", "payout:3")

    await database.tx(move_payouts)

    assert [job.uniq for job in await database.tx(jobs.claim, "payout", 9, LEASE_MS)] == [
        "payout:3"
    ]
    assert await database.tx(jobs.claim, "money", 9, LEASE_MS) == []
    await database.tx(jobs.retry, running, 0, "")
    assert [job.uniq for job in await database.tx(jobs.claim, "payout", 9, LEASE_MS)] == [
        "refund:1"
    ]


async def test_a_note_is_kept_by_a_run_that_fails_after_it(database: Database) -> None:
    await enqueue(database, "d:1", payload={"a": 1})
    [job] = await claim(database)
    await database.tx(jobs.note, job, {"a": 2})
    await database.tx(jobs.retry, job, 0, "a fault")
    [again] = await claim(database)
    assert again.payload == {"a": 2}
