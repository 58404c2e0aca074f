"""Hanging up while nobody knows whether the carrier has the call: each order of events for itself.
(``tests/crash/test_accepted_hang_up.py`` tries all of them.)"""

from __future__ import annotations

import pytest

from ringbolt.app.jobs import HANG_UP_CALL
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import HUNG_UP, CallStatus
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.store import jobs
from ringbolt.store.engine.db import Database, Tx
from ringbolt.voice.carrier import Accepted, PlaceCall, PlaceResult
from ringbolt.worker.handlers import handlers
from support.memory import memory_carrier
from support.rigs.balance_calls import funded_key
from support.rigs.calls import CallWorld
from support.rigs.hang_ups import NEVER, OUTAGE_MS, HungUpCall, RingingCarrier
from support.rigs.shop import LEASE_MS

AFTER_PLACING = 4
"""The outside effect that follows the request to the carrier: its answer is stored."""
NOT_NOW = Rejected("all lines are busy", permanent=False)


@pytest.fixture
def world(database: Database, clock: SystemClock) -> CallWorld:
    return CallWorld(database, clock, memory_carrier(Recovery.LOOKUP, clock))


async def _call(world: CallWorld, *recoveries: Recovery) -> HungUpCall:
    carriers = [
        RingingCarrier(f"carrier-{n}", world.clock, recovery)
        for n, recovery in enumerate(recoveries)
    ]
    return HungUpCall(world, await funded_key(world.db), *carriers)


@pytest.mark.parametrize("recovery", list(Recovery))
async def test_a_carrier_that_is_out_of_reach_has_the_hang_up_when_it_is_back(
    world: CallWorld, recovery: Recovery
) -> None:
    call = await _call(world, recovery)
    carrier = call.carriers[0]
    carrier.answers.append(carrier.lost)
    call.outage_ms = OUTAGE_MS

    await call.run(AFTER_PLACING)

    assert len(carrier.rings) == 1
    await call.assert_hung_up()


async def test_the_next_carrier_is_not_asked_for_a_call_that_was_hung_up(world: CallWorld) -> None:
    call = await _call(world, Recovery.LOOKUP, Recovery.LOOKUP)
    call.carriers[0].answers.append(NOT_NOW)

    await call.run(AFTER_PLACING)

    assert [carrier.rings for carrier in call.carriers] == [[], []]
    assert [each.carrier for each in await call.caller.attempts()] == ["carrier-0"]
    assert (await call.caller.call()).cause == HUNG_UP
    await call.assert_hung_up()


async def test_a_call_that_appears_after_it_was_given_up_is_hung_up(world: CallWorld) -> None:
    call = await _call(world, Recovery.LOOKUP)
    carrier = call.carriers[0]
    carrier.answers.append(Unknown("the request was lost"))
    await call.run(AFTER_PLACING)
    assert carrier.rings == []
    assert (await call.caller.order()).state is OrderState.RETURNED

    carrier.ring((await call.caller.attempts())[0].ref)  # it was only slow
    call.hung_up_ms = world.clock.now_ms()
    await call.process().work()

    assert len(carrier.rings) == 1
    await call.assert_hung_up()


async def test_a_call_that_rings_although_it_was_refused_is_hung_up(world: CallWorld) -> None:
    call = await _call(world, Recovery.LOOKUP)
    carrier = call.carriers[0]
    carrier.answers.append(carrier.lie)
    await call.caller.place(call.process())
    worker = call.process()
    await worker.run_due()  # and hears nothing of the phone that rings
    await call.hang_up()
    assert (await call.caller.call()).status is CallStatus.CANCELED

    await worker.work()

    assert len(carrier.rings) == 1
    await call.assert_hung_up()


async def test_an_earlier_carriers_call_is_hung_up_when_the_next_one_has_it(
    world: CallWorld,
) -> None:
    call = await _call(world, Recovery.LOOKUP, Recovery.LOOKUP)
    first, second = call.carriers
    first.answers.append(first.lie)
    await call.caller.place(call.process())
    worker = call.process()
    await worker.run_due()
    await worker.run_due()

    await worker.settle_down()

    assert (len(first.rings), len(second.rings)) == (1, 1)
    assert first.ringing == []
    assert second.ringing == second.rings


async def test_a_call_that_fails_by_our_own_fault_is_hung_up_in_the_end(world: CallWorld) -> None:
    call = await _call(world, Recovery.LOOKUP)
    carrier = call.carriers[0]
    await call.caller.place(call.process())
    worker = call.process()
    job = (await world.db.tx(jobs.claim, "dispatch", 1, LEASE_MS))[0]
    await handlers()[job.kind].run(worker.shop, job)
    carrier.down_until_ms = world.clock.now_ms() + OUTAGE_MS
    ref = (await call.caller.attempts())[0].ref

    async def abandon() -> None:
        """What a worker does with a check that keeps failing."""
        name = f"check:{ref}"
        await world.db.tx(jobs.reschedule, name, world.clock.now_ms())
        check = (await world.db.tx(jobs.claim, "dispatch", 1, LEASE_MS))[0]
        assert check.uniq == name
        await handlers()[check.kind].give_up(worker.shop, check, "a fault")

    await abandon()
    assert carrier.ringing == [ref]
    await worker.work()

    assert carrier.ringing == []
    assert (await call.caller.order()).state is OrderState.RETURNED


async def test_a_hang_up_is_repeated_at_once_if_the_call_was_accepted_meanwhile(
    world: CallWorld,
) -> None:
    call = await _call(world, Recovery.LOOKUP)
    order_id = ""

    async def hang_up_before_the_carrier_has_it() -> PlaceResult:
        await call.hang_up()
        await call.process().run_due()
        return Accepted("")

    class Late(RingingCarrier):
        async def place(self, wanted: PlaceCall) -> PlaceResult:
            await hang_up_before_the_carrier_has_it()
            return await super().place(wanted)

    call.carriers = (Late("carrier-0", world.clock, Recovery.LOOKUP),)
    await call.caller.place(call.process())
    order_id = await call.caller.order_id()

    def due_in_ms(tx: Tx) -> int:
        return (jobs.next_run_at(tx, "dispatch") or 0) - tx.now_ms

    await call.process().run_due()

    assert call.carriers[0].ringing == call.carriers[0].rings
    assert await world.db.read(HANG_UP_CALL.exists, order_id)
    assert await world.db.read(due_in_ms) <= HANG_UP_CALL.backoff.first_ms
    await call.process().work()
    await call.assert_hung_up()


async def test_a_carrier_that_is_gone_from_the_settings_keeps_its_hang_up(
    world: CallWorld,
) -> None:
    call = await _call(world, Recovery.NONE)
    carrier = call.carriers[0]
    carrier.answers.append(carrier.lost)
    call.outage_ms = NEVER * OUTAGE_MS  # so that it does not have it before it is gone
    await call.caller.place(call.process())
    await call.process().run_due()
    await call.hang_up()
    other = RingingCarrier("other", world.clock, Recovery.NONE)
    without = HungUpCall(world, call.caller.key, other)

    await without.process().pass_ms(60_000)

    assert carrier.ringing
    order_id = await call.caller.order_id()
    assert await world.db.read(HANG_UP_CALL.exists, order_id)
    carrier.down_until_ms = 0
    call.hung_up_ms = world.clock.now_ms()
    await call.process().work()
    await call.assert_hung_up()
