"""A full disk under a running shop, and carriers that are silent, slow, or tell lies."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ringbolt.app.attempts import ABSENT_AFTER_MS
from ringbolt.app.calls.check_call import GIVE_UP_AFTER
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallEvent, CallStatus
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.store import calls, jobs, orders
from ringbolt.store.calls import AttemptState
from ringbolt.store.engine.opening import open_database
from ringbolt.voice.carrier import PlaceCall, PlaceResult
from ringbolt.voice.memory.carrier import ANSWERED, BUSY, RINGS
from ringbolt.worker.handlers import handlers
from support.clients.patient_buyer import PatientBuyer
from support.clients.phones import Phones
from support.memory import memory_carrier
from support.processes.shop import ServerProcess, world_process
from support.rigs.calls import Buyer, CallWorld, assert_promise_kept


@pytest.fixture
async def world(sqlite_url: str, clock: SystemClock) -> AsyncIterator[CallWorld]:
    db = await open_database(sqlite_url, clock)
    yield CallWorld(db, clock, memory_carrier(Recovery.LOOKUP, clock))
    await db.close()


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    path = tmp_path / "small"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(path)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system can only be mounted by root")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


async def test_a_full_disk_is_said_in_plain_words_and_loses_nothing(
    small_disk: Path, tmp_path: Path
) -> None:
    with world_process(tmp_path, speed=10) as world:
        await world.ready()
        shop = ServerProcess(
            ["serve"],
            tmp_path / "shop",
            RINGBOLT_SIMULATOR_URL=world.url,
            RINGBOLT_DATABASE_URL=f"sqlite:///{small_disk / 'shop.db'}",
        )
        shop.start()
        buyer = PatientBuyer(shop.url, world.url, "+1234567830")
        try:
            await shop.ready()
            await buyer.pay()
            filler = small_disk / "filler"
            _fill(filler)
            answer = await buyer.redeem_once()
            assert answer.status_code == 503, answer.text
            assert "disk" in answer.json()["error"]
            assert "retry-after" in answer.headers
            filler.unlink()
            await buyer.redeem()
            await buyer.follow("settled")
            assert len(await Phones(world).calls(buyer.number)) == 1
            audit = shop.run("audit")
            assert audit.returncode == EXIT_OK, audit.stdout + audit.stderr
        finally:
            await buyer.close()
            shop.kill()


def _fill(path: Path) -> None:
    """Write until nothing more can be written."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 9, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue


# Carriers


async def test_a_refusal_of_a_call_that_rings_is_not_believed(world: CallWorld) -> None:
    world.carrier.answers.append(world.carrier.lie)
    world.carrier.before_answer.append(lambda: world.process().listen())
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.work()
    assert (await assert_promise_kept(world, buyer)).state is OrderState.SETTLED


async def test_an_answer_that_was_lost_after_the_call_was_over_changes_nothing(
    world: CallWorld,
) -> None:
    world.carrier.answers.append(world.carrier.lost)
    world.carrier.before_answer.append(lambda: world.process().listen())
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.work()
    await assert_promise_kept(world, buyer)
    assert [attempt.state for attempt in await buyer.attempts()] == [AttemptState.DONE]


async def test_an_event_of_a_refused_attempt_does_not_decide_the_next_one(world: CallWorld) -> None:
    world.carrier.answers.append(Rejected("not now", permanent=False))
    world.carrier.life = RINGS
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    while len(await buyer.attempts()) < 2:
        await process.run_due()
        world.clock.set_offset(world.clock.offset_ms + 500)
    first, second = await buyer.attempts()
    world.carrier.tell(first.ref, CallStatus.BUSY)
    await process.run_due()
    await process.listen()
    assert (await buyer.order()).state is OrderState.IN_PROGRESS
    for status in (CallStatus.IN_PROGRESS, CallStatus.COMPLETED):
        world.carrier.tell(second.ref, status)
    await process.work()
    assert (await assert_promise_kept(world, buyer)).state is OrderState.SETTLED


async def test_a_retry_while_the_first_answer_is_still_awaited_is_not_lost(
    world: CallWorld,
) -> None:
    """The buyer hears of the busy line before the carrier's answer to the request is there."""
    world.carrier.lives.extend([BUSY, ANSWERED])
    buyer, process = Buyer(world), world.process()

    async def retry() -> None:
        other = world.process()
        await other.listen()
        assert (await buyer.order()).state is OrderState.FAILED
        await buyer.redeem(other)

    world.carrier.before_answer.append(retry)
    await buyer.redeem(process)
    await process.work()
    assert (await assert_promise_kept(world, buyer, rings=2)).state is OrderState.SETTLED


async def test_a_call_that_only_rings_for_ever_is_hung_up_and_paid_back(world: CallWorld) -> None:
    world.carrier.life = RINGS
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.work()
    assert (await assert_promise_kept(world, buyer)).state is OrderState.FAILED
    assert set(world.carrier.hung_up) == set(await buyer.rings())
    assert len(world.carrier.hung_up) < GIVE_UP_AFTER
    call = await world.db.read(calls.call_of, (await buyer.order()).id)
    assert call is not None
    assert call.status is CallStatus.FAILED


async def test_events_out_of_order_repeated_or_of_nobody_are_sorted_out(world: CallWorld) -> None:
    world.carrier.life = RINGS
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.run_due()
    (ref,) = await buyer.rings()
    world.carrier.tell(ref, CallStatus.IN_PROGRESS)
    world.carrier.tell(ref, CallStatus.IN_PROGRESS, digits="7")
    world.carrier.tell(ref, CallStatus.COMPLETED)
    ordered = list(world.carrier.log)
    strange = CallEvent("nobody's", 1, world.clock.now_ms(), CallStatus.COMPLETED)
    world.carrier.log[:] = [strange, *reversed(ordered), *ordered]
    world.carrier.events_of = lambda ref: tuple(ordered)  # type: ignore[method-assign]
    await process.work()
    order = await buyer.order()
    assert order.state is OrderState.SETTLED
    call = await world.db.read(calls.call_of, order.id)
    assert call is not None
    assert call.digits == "7"
    assert await world.complaints() == []


async def test_without_look_up_events_with_gaps_still_decide(
    sqlite_url: str, clock: SystemClock
) -> None:
    db = await open_database(sqlite_url, clock)
    world = CallWorld(db, clock, memory_carrier(Recovery.NONE, clock))
    world.carrier.life = ()
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.run_due()
    (ref,) = await buyer.rings()
    world.carrier.tell(ref, CallStatus.COMPLETED, skip=2)
    await process.work()
    assert (await assert_promise_kept(world, buyer)).state is OrderState.SETTLED
    await db.close()


async def test_a_silent_carrier_costs_the_buyer_nothing(
    world: CallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the call and is gone for good, for look-ups and for orders to hang up."""

    async def silent(ref: str) -> None:
        raise Unavailable("The carrier does not answer.")

    world.carrier.life = RINGS
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.run_due()
    monkeypatch.setattr(world.carrier, "find", silent)
    monkeypatch.setattr(world.carrier, "hang_up", silent)
    await process.work()
    assert (await assert_promise_kept(world, buyer)).state is OrderState.FAILED


async def test_a_carrier_that_never_knows_is_asked_anew_only_after_the_pause(
    world: CallWorld,
) -> None:
    """Its list may lag behind its phones: each time, only time can tell that there is no call."""
    asked_ms: list[int] = []

    def no_answer(call: PlaceCall) -> PlaceResult:
        asked_ms.append(world.clock.now_ms())
        return Unknown("no answer")

    world.carrier.answers.extend([no_answer] * 200)
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.work()

    gaps_ms = [later - earlier for earlier, later in itertools.pairwise(asked_ms)]
    assert len(gaps_ms) > 3
    assert min(gaps_ms) >= ABSENT_AFTER_MS


async def test_a_fault_of_ours_closes_order_attempt_and_call(world: CallWorld) -> None:
    world.carrier.life = RINGS
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.run_due()
    await process.listen()
    world.clock.set_offset(3_600_000)
    [job] = await world.db.tx(jobs.claim, "dispatch", 1, 60_000)

    await handlers()[job.kind].give_up(process.shop, job, "broken")

    order = await world.db.read(orders.by_payment_hash, buyer.grant.payment_hash.hex())
    assert order is not None
    assert order.state is OrderState.FAILED
    assert await world.complaints() == []
    assert await world.db.read(calls.open_attempts) == 0
    assert [attempt.state for attempt in await buyer.attempts()] == [AttemptState.DONE]
    await process.run_due()  # the hang-up is a job, so that it is not lost either
    assert world.carrier.hung_up == world.carrier.rings


# Voices that are busy


@pytest.mark.parametrize(
    ("busy", "state", "rings"), [(3, OrderState.SETTLED, 1), (10_000, OrderState.FAILED, 0)]
)
async def test_a_call_whose_text_finds_no_turn_comes_later_or_is_given_back(
    world: CallWorld, busy: int, state: OrderState, rings: int
) -> None:
    world.speaker.busy = busy
    buyer, process = Buyer(world), world.process()
    await buyer.redeem(process)
    await process.work()
    assert (await assert_promise_kept(world, buyer, rings=rings)).state is state
