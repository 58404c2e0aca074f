"""Numbers of the shop, lost answers, deaths and faults: nothing is borrowed twice, or kept."""

from __future__ import annotations

from typing import Any

import pytest

from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.numbers.end_receiving import abandon_receiving
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.operator.own_numbers import list_doubtful
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.numbers.memory.provider import MINUTE_MS, USA
from ringbolt.numbers.provider import AcquireNumber
from ringbolt.store import jobs, receiving_orders
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database
from support.memory import listing_provider
from support.rigs.fate import Died, Fate
from support.rigs.receiving import CODE, ReceivingProcess, ReceivingWorld, assigned
from support.rigs.shop import LEASE_MS

S = OrderState


# Real numbers


async def test_a_real_number_comes_from_the_operators_own_pool_first(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process, real=True)
    number = await order.number()
    assert number in world.own.stock[USA]
    world.own.text(number, CODE)
    await process.settle_down()
    assert await order.has_been_paid()


async def test_where_there_are_own_numbers_nobody_else_is_asked_for_a_real_one(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    world.own.answers.append("none")
    order = await world.buy(real=True)
    await process.work()
    assert not await order.has_been_paid()
    assert {attempt.carrier for attempt in await order.attempts()} == {world.own.name}


async def test_own_numbers_that_cannot_be_asked_for_a_while_are_waited_for(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    world.own.down = True
    order = await world.buy(real=True)
    await process.pass_ms(5000)
    world.own.down = False
    await process.pass_ms(10_000)
    assert await order.number() in world.own.stock[USA]


async def test_where_there_are_no_own_numbers_the_simulated_providers_are_real(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    world.own.stock = {}
    order = await assigned(world, process, real=True)
    assert await order.number() in world.backend.stock[USA]


async def test_own_numbers_that_are_gone_by_now_are_not_replaced_by_a_real_providers(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    world.is_simulated = False
    process = world.process()
    world.own.stock = {}
    order = await world.buy(real=True)
    await process.work()
    assert not await order.has_been_paid()
    assert await order.attempts() == []


# Death and doubt


@pytest.mark.parametrize("recovery", list(Recovery))
async def test_a_lost_answer_never_borrows_twice(
    database: Database, clock: SystemClock, recovery: Recovery
) -> None:
    world = ReceivingWorld(database, clock, recovery)
    world.backend.answers.append("lost")
    process = world.process()
    order = await world.buy()
    await process.pass_ms(30_000)
    if recovery is Recovery.NONE:
        await process.pass_ms(40_000)
        assert not await order.has_been_paid()
    else:
        assert await order.state() is S.IN_PROGRESS
    assert len(world.backend.leases) == 1


async def test_a_request_that_never_arrived_is_sent_again(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    world.backend.answers.append("never_heard")
    order = await world.buy()
    await process.pass_ms(30_000)
    assert await order.state() is S.IN_PROGRESS
    assert len(world.backend.leases) == 1


async def test_what_was_leased_while_nobody_could_be_asked_goes_back_later(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await world.buy()

    async def go_down() -> None:
        world.backend.down = True

    world.backend.answers.append("lost")
    world.backend.before_answer.append(go_down)
    await process.pass_ms(70_000)
    assert not await order.has_been_paid()
    world.backend.down = False
    await process.pass_ms(3 * MINUTE_MS)
    assert world.backend.leases[0].released
    assert await order.jobs_left() == []


def _listing(world: ReceivingWorld) -> ReceivingProcess:
    """A process of a shop whose provider keeps no references, but lists its leases."""
    world.backend = listing_provider("provider", world.clock)
    return world.process()


async def test_a_provider_without_references_is_asked_for_its_leases(world: ReceivingWorld) -> None:
    process = _listing(world)
    known = await assigned(world, process)
    world.backend.answers.append("lost")
    order = await world.buy()
    await process.pass_ms(5000)
    assert await order.number() == "", "another worker may be about to write it down"
    await process.pass_ms(20_000)
    assert await order.number() == world.backend.leases[1].number != await known.number()
    assert len(world.backend.leases) == 2


async def test_two_lost_loans_are_found_by_two_orders(world: ReceivingWorld) -> None:
    process = _listing(world)
    world.backend.answers.extend(["lost", "lost"])
    orders = [await world.buy(), await world.buy()]
    await process.pass_ms(40_000)
    numbers = {await order.number() for order in orders}
    assert numbers == {lease.number for lease in world.backend.leases}
    assert len(world.backend.leases) == 2


@pytest.mark.parametrize("wanted", [{"service": "wa"}, {"hours": 4}, {"country": 43}])
async def test_a_loan_of_another_kind_is_not_taken_for_a_lost_one(
    world: ReceivingWorld, wanted: dict[str, Any]
) -> None:
    process = _listing(world)
    world.backend.stock[43] = ["+4915123456701"]
    await world.backend.acquire(AcquireNumber("somebody else's", "tg", USA))
    world.backend.answers.append("never_heard")
    order = await world.buy(**wanted)
    await process.pass_ms(30_000)
    assert len(await order.provider_leases()) == 1, "it asked again, and got a number of its own"


async def test_a_loan_that_was_found_too_late_goes_back(world: ReceivingWorld) -> None:
    process = _listing(world)
    world.backend.answers.append("lost")
    order = await world.buy()
    await process.pass_ms(5000)
    await cancel_order(process.shop, order.id)
    await process.pass_ms(5 * MINUTE_MS)
    assert not await order.has_been_paid()
    assert world.backend.leases[0].released
    assert await order.jobs_left() == []


async def test_what_can_never_be_known_is_reported_to_the_operator(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock, Recovery.NONE)
    world.backend.answers.append("lost")
    process = world.process()
    order = await world.buy()
    assert await world.db.read(list_doubtful) == []
    await process.pass_ms(70_000)
    assert not await order.has_been_paid()
    (reported,) = await world.db.read(list_doubtful)
    assert (reported["provider"], reported["ref"]) == ("provider", world.backend.leases[0].ref)
    assert (reported["service"], reported["country"]) == ("tg", "USA")
    assert order.id.startswith(reported["order_id"]) and reported["order_id"] != order.id


async def test_what_ended_as_it_should_is_not_reported_to_the_operator(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    delivered = await assigned(world, process)
    world.backend.text(await delivered.number(), CODE)
    world.backend.answers.append("none")
    await world.buy(service="wa")
    unwanted = await world.buy()

    async def cancel() -> None:
        await cancel_order(process.shop, unwanted.id)

    world.backend.before_answer.append(cancel)
    await process.work()
    assert await world.db.read(list_doubtful) == []


async def test_an_order_whose_payment_was_lost_gives_its_number_back(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await world.db.tx(fail, order.id, "the payment fell back")
    world.backend.text(await order.number(), CODE)
    await process.work()
    assert await order.texts() == []
    assert world.backend.leases[0].released
    assert await world.db.read(receiving_orders.open_leases) == 0


@pytest.mark.parametrize("kind", ["before", "after"])
async def test_death_at_any_effect_neither_borrows_twice_nor_keeps_money(
    sqlite_url: str, clock: SystemClock, kind: str
) -> None:

    database = await open_database(sqlite_url, clock)
    world = ReceivingWorld(database, clock)
    for at in range(1, 12):
        order = await world.buy(PaymentMethod.HOLD, service=f"s{at}")
        process = world.process(Fate(at, kind))
        try:
            await process.settle_down()
            for lease in await order.provider_leases():
                world.backend.text(lease.number, CODE)
            await process.pass_ms(1000)
        except Died:
            await world.db.tx(jobs.release_all)
        process = world.process()
        await process.pass_ms(LEASE_MS)
        for lease in await order.provider_leases():
            world.backend.text(lease.number, CODE)
        await process.work()
        assert len(await order.provider_leases()) == 1
        assert await order.has_been_paid()
        assert (await order.receiving()).code == "48010"
        assert await order.jobs_left() == []
    assert await world.complaints() == []
    await database.close()


@pytest.mark.parametrize("kind", ["dispatch_reception", "end_reception"])
async def test_a_fault_of_ours_returns_money_and_number(
    world: ReceivingWorld, process: ReceivingProcess, kind: str
) -> None:
    order = await assigned(world, process)
    if kind == "dispatch_reception":
        await process.pass_ms(3 * MINUTE_MS)
        await replace_number(process.shop, order.id)
    else:
        await process.pass_ms(20 * MINUTE_MS)
        world.pass_ms(2 * MINUTE_MS)
    (job,) = await world.db.tx(jobs.claim, "dispatch", 1, LEASE_MS)
    assert job.kind == kind
    await abandon_receiving(process.shop, job, "a fault")
    await process.work()
    assert not await order.has_been_paid()
    assert all(lease.released for lease in world.backend.leases)
    assert await order.jobs_left() == [job.uniq], "it is kept for a person to look at"
    assert await world.db.read(receiving_orders.open_leases) == 0
