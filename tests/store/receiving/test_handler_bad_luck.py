"""A shop and a provider behind ``handler_api.php`` that does what it should not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState
from ringbolt.numbers.memory.provider import USA
from ringbolt.store.engine.db import Database
from support.rigs.handler_stubs import HandlerWorld, active
from support.rigs.receiving import PaidReceivingOrder, ReceivingProcess
from support.servers.stubs import Stub, scripted

S = OrderState
MINUTE_MS = 60_000
NUMBER, OTHER = "12025550111", "12025550122"


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with scripted() as stub:
        stub.say("getStatus", "STATUS_WAIT_CODE")
        stub.say("setStatus", "ACCESS_CANCEL")
        stub.say("getActiveActivations", '{"status":"error","error":"NO_ACTIVATIONS"}')
        yield stub


@pytest.fixture
async def world(database: Database, clock: SystemClock, stub: Stub) -> AsyncIterator[HandlerWorld]:
    world = HandlerWorld(database, clock, stub)
    yield world
    await world.close()


async def bought(world: HandlerWorld, process: ReceivingProcess) -> PaidReceivingOrder:
    order = await world.buy()
    await process.settle_down()
    return order


async def test_a_number_that_was_lent_twice_goes_back(world: HandlerWorld, stub: Stub) -> None:
    process = world.process()
    stub.say("getNumberV2", f"ACCESS_NUMBER:17:{NUMBER}")
    first = await bought(world, process)
    twice, other = f"ACCESS_NUMBER:18:{NUMBER}", f"ACCESS_NUMBER:19:{OTHER}"
    stub.say("getNumberV2", twice, other)

    second = await bought(world, process)
    await process.pass_ms(1000)

    assert (await first.number(), await second.number()) == (f"+{NUMBER}", f"+{OTHER}")
    assert [each["id"] for each in stub.asked_for("setStatus")] == ["18"]


async def test_the_same_lease_for_two_purchases_stays_with_the_first(
    world: HandlerWorld, stub: Stub
) -> None:
    process = world.process()
    stub.say("getNumberV2", f"ACCESS_NUMBER:17:{NUMBER}")
    first = await bought(world, process)
    again, other = f"ACCESS_NUMBER:17:{NUMBER}", f"ACCESS_NUMBER:19:{OTHER}"
    stub.say("getNumberV2", again, other)

    second = await bought(world, process)

    assert (await first.number(), await second.number()) == (f"+{NUMBER}", f"+{OTHER}")
    assert stub.asked_for("setStatus") == [], "it is still the first one's"


@pytest.mark.parametrize("unfit", ["another country", "a code from before"])
async def test_an_unfit_number_goes_back_and_another_is_asked_for(
    world: HandlerWorld, stub: Stub, unfit: str
) -> None:
    first = "4915112345678" if unfit == "another country" else NUMBER
    stub.say("getNumberV2", f"ACCESS_NUMBER:17:{first}", f"ACCESS_NUMBER:18:{OTHER}")
    if unfit == "a code from before":
        stub.say("getStatus", "STATUS_OK:48010", "STATUS_WAIT_CODE")
    process = world.process()

    order = await bought(world, process)
    await process.pass_ms(3 * MINUTE_MS)

    assert await order.number() == f"+{OTHER}"
    assert "17" in {each["id"] for each in stub.asked_for("setStatus")}
    assert await order.texts() == []


@pytest.mark.parametrize(
    "answer",
    [(0, ""), (500, "<html>"), (200, "<html>"), (200, "SOMETHING_NEW"), (200, "ERROR_SQL")],
)
async def test_a_lost_answer_is_looked_for_and_never_bought_twice(
    world: HandlerWorld, stub: Stub, answer: tuple[int, str]
) -> None:
    stub.say("getNumberV2", answer)
    stub.say("getActiveActivations", active(17, NUMBER, countryCode=str(USA)))
    process = world.process()

    order = await bought(world, process)
    await process.pass_ms(30_000)

    assert await order.number() == f"+{NUMBER}"
    assert len(stub.asked_for("getNumberV2")) == 1


@pytest.mark.parametrize("minutes", [-4, 4, 7, 30])
@pytest.mark.parametrize("zone_h", [0, 3])
async def test_a_lost_number_is_found_though_the_providers_clock_differs(
    world: HandlerWorld, stub: Stub, minutes: int, zone_h: int
) -> None:
    stub.say("getNumberV2", (0, ""))
    at = datetime.now(UTC) + timedelta(hours=zone_h, minutes=minutes)
    lost = active(17, NUMBER, countryCode=str(USA), activationTime=f"{at:%Y-%m-%d %H:%M:%S}")
    stub.say("getActiveActivations", lost)
    process = world.process()

    order = await bought(world, process)
    await process.pass_ms(30_000)

    assert await order.number() == f"+{NUMBER}"
    assert len(stub.asked_for("getNumberV2")) == 1


async def test_a_lost_number_that_has_a_code_already_goes_back(
    world: HandlerWorld, stub: Stub
) -> None:
    stub.say("getNumberV2", (0, ""), f"ACCESS_NUMBER:18:{OTHER}")
    lost = active(17, NUMBER, countryCode=str(USA), smsCode=["48010"])
    stub.say("getActiveActivations", lost)
    process = world.process()

    order = await bought(world, process)
    await process.pass_ms(30_000)

    assert await order.number() == f"+{OTHER}"
    assert "17" in {each["id"] for each in stub.asked_for("setStatus")}
    assert (await order.receiving()).code == ""


async def test_a_purchase_that_never_arrived_is_made_again_after_two_looks(
    world: HandlerWorld, stub: Stub
) -> None:
    stub.say("getNumberV2", (0, ""), f"ACCESS_NUMBER:18:{OTHER}")
    process = world.process()

    order = await bought(world, process)
    await process.pass_ms(30_000)

    assert await order.number() == f"+{OTHER}"
    actions = [each["action"] for each in stub.asked]
    first, last = (n for n, action in enumerate(actions) if action == "getNumberV2")
    assert actions[first:last].count("getActiveActivations") >= 2


async def test_a_list_that_cannot_be_read_leads_to_no_second_purchase(
    world: HandlerWorld, stub: Stub
) -> None:
    stub.say("getNumberV2", (500, ""))
    stub.say("getActiveActivations", (200, "<html>"))
    process = world.process()

    order = await bought(world, process)
    await process.pass_ms(2 * MINUTE_MS)

    assert len(stub.asked_for("getNumberV2")) == 1
    assert not await order.has_been_paid()


async def test_a_balance_that_is_gone_in_between_leads_to_the_next_provider(
    database: Database, clock: SystemClock, stub: Stub
) -> None:
    async with scripted() as other:
        other.say("getStatus", "STATUS_WAIT_CODE")
        other.say("getNumberV2", f"ACCESS_NUMBER:5:{OTHER}")
        stub.say("getNumberV2", "NO_BALANCE")
        world = HandlerWorld(database, clock, stub, other)
        process = world.process()

        order = await bought(world, process)

        assert await order.number() == f"+{OTHER}"
        assert len(stub.asked_for("getNumberV2")) == 1
        await world.close()


async def test_a_code_that_came_at_the_deadline_counts(world: HandlerWorld, stub: Stub) -> None:
    stub.say("getNumberV2", f"ACCESS_NUMBER:17:{NUMBER}")
    process = world.process()
    order = await bought(world, process)
    stub.say("getStatus", "STATUS_OK:48010")

    await process.pass_ms(22 * MINUTE_MS)

    assert await order.has_been_paid()
    assert (await order.receiving()).code == "48010"
    assert "8" not in {each["status"] for each in stub.asked_for("setStatus")}


async def test_without_a_code_the_number_goes_back_and_so_does_the_money(
    world: HandlerWorld, stub: Stub
) -> None:
    stub.say("getNumberV2", f"ACCESS_NUMBER:17:{NUMBER}")
    process = world.process()
    order = await bought(world, process)

    await process.pass_ms(22 * MINUTE_MS)

    assert not await order.has_been_paid()
    assert [each["status"] for each in stub.asked_for("setStatus")] == ["8"]
