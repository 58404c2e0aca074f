"""What changes at a provider behind ``handler_api.php``, or in the settings, while orders are open;
which of several is asked; and its callbacks at the wrong time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from ringbolt.app.operator.own_numbers import list_doubtful
from ringbolt.clock import SystemClock
from ringbolt.core.callback import CallbackRequest
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import OrderState
from ringbolt.numbers.memory.provider import USA
from ringbolt.registry.routing import FAILURES_TO_OPEN, OPEN_MS
from ringbolt.store.engine.db import Database
from ringbolt.worker.text_watcher import text_watcher
from support.rigs.handler_stubs import HandlerWorld, active
from support.rigs.receiving import PaidReceivingOrder, ReceivingProcess
from support.servers.stubs import Stub, scripted
from support.waiting import eventually, until

MINUTE_MS = 60_000
NUMBER, OTHER = "12025550117", "12025550122"
BOUGHT = f"ACCESS_NUMBER:17:{NUMBER}"
CHEAP = json.dumps({str(USA): {"tg": {"cost": 0.1, "count": 9}}})
ASKED = ("getStatus", "setStatus", "getActiveActivations", "getNumberV2", "getBalance")


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with scripted() as stub:
        yield ready(stub)


@pytest.fixture
async def other() -> AsyncIterator[Stub]:
    async with scripted() as stub:
        yield ready(stub, "120255502")


def ready(stub: Stub, prefix: str = "120255501") -> Stub:
    """It has numbers, each another one."""
    stub.say("getStatus", "STATUS_WAIT_CODE")
    stub.say("setStatus", "ACCESS_CANCEL")
    stub.say("getActiveActivations", '{"status":"error","error":"NO_ACTIVATIONS"}')
    stub.say("getBalance", "ACCESS_BALANCE:100")
    stub.say("getPrices", CHEAP)
    stub.say("getNumberV2", *(f"ACCESS_NUMBER:{n}:{prefix}{n}" for n in range(17, 60)))
    return stub


@pytest.fixture
async def world(
    database: Database, clock: SystemClock, stub: Stub, other: Stub
) -> AsyncIterator[HandlerWorld]:
    """A shop with two providers."""
    world = HandlerWorld(database, clock, stub, other)
    yield world
    await world.close()


async def bought(world: HandlerWorld, process: ReceivingProcess) -> PaidReceivingOrder:
    order = await world.buy()
    await process.settle_down()
    return order


def given_back(stub: Stub) -> set[str]:
    return {each["id"] for each in stub.asked_for("setStatus") if each["status"] == "8"}


# The key, the account, the settings


async def test_a_key_that_is_refused_meanwhile_returns_the_money_and_later_the_number(
    world: HandlerWorld, stub: Stub
) -> None:
    process = world.process()
    order = await bought(world, process)
    for action in ASKED:
        stub.say(action, "BAD_KEY")

    await process.pass_ms(23 * MINUTE_MS)

    assert not await order.has_been_paid()
    assert await world.complaints() == []
    ready(stub)
    await process.pass_ms(5 * MINUTE_MS)
    assert given_back(stub) == {"17"}
    assert len(stub.asked_for("getNumberV2")) == 1
    assert await order.jobs_left() == []


async def test_the_key_of_another_account_returns_the_money_of_open_orders(
    world: HandlerWorld, stub: Stub
) -> None:
    process = world.process()
    order = await bought(world, process)
    for action in ("getStatus", "setStatus"):
        stub.say(action, "NO_ACTIVATION")

    await process.pass_ms(23 * MINUTE_MS)

    assert not await order.has_been_paid()
    assert await order.jobs_left() == []
    assert await world.complaints() == []


async def test_a_provider_that_is_gone_from_the_settings_gets_its_number_back_once_it_is_there(
    world: HandlerWorld, stub: Stub, other: Stub
) -> None:
    order = await bought(world, world.process())
    gone = world.providers.pop(0)
    process = world.process()

    await process.pass_ms(23 * MINUTE_MS)

    assert not await order.has_been_paid()
    assert (given_back(stub), other.asked_for("getNumberV2")) == (set(), [])
    world.providers.insert(0, gone)
    await world.process().pass_ms(5 * MINUTE_MS)
    assert given_back(stub) == {"17"}
    assert await order.jobs_left() == []


async def test_what_a_gone_provider_may_have_leased_is_bought_nowhere_else(
    world: HandlerWorld, stub: Stub, other: Stub
) -> None:
    stub.say("getNumberV2", (500, ""))
    stub.say("getActiveActivations", (500, ""))
    order = await bought(world, world.process())
    world.providers.pop(0)
    process = world.process()

    await process.pass_ms(2 * MINUTE_MS)

    assert not await order.has_been_paid()
    assert other.asked_for("getNumberV2") == []
    await process.pass_ms(40 * MINUTE_MS)
    assert len(await world.db.read(list_doubtful)) == 1
    assert await world.complaints() == []


# Answers


async def test_a_provider_that_asks_to_wait_is_asked_again_when_it_said(
    database: Database, clock: SystemClock, stub: Stub
) -> None:
    world = HandlerWorld(database, clock, stub)
    stub.say("getNumberV2", (429, "<html>"), BOUGHT)
    process = world.process()
    order = await bought(world, process)

    await process.pass_ms(6000)  # it said seven seconds
    assert len(stub.asked_for("getNumberV2")) == 1
    await process.pass_ms(2000)

    assert len(stub.asked_for("getNumberV2")) == 2
    assert await order.number() == f"+{NUMBER}"
    await world.close()


@pytest.mark.parametrize(
    "lease",
    [
        active(16, NUMBER, countryCode=str(USA), serviceCode="wa"),
        active(16, "4915112345678", countryCode="43"),
    ],
    ids=["of another service", "of another country"],
)
async def test_a_lease_for_another_request_is_not_taken_for_the_lost_one(
    world: HandlerWorld, stub: Stub, lease: str
) -> None:
    stub.say("getNumberV2", (0, ""), f"ACCESS_NUMBER:18:{OTHER}")
    stub.say("getActiveActivations", lease)
    process = world.process()

    order = await bought(world, process)
    await process.pass_ms(30_000)

    assert await order.number() == f"+{OTHER}"
    assert given_back(stub) == set(), "it may be somebody's"


# Which provider is asked


async def test_a_provider_that_keeps_failing_is_left_alone_and_tried_again(
    world: HandlerWorld, stub: Stub, other: Stub
) -> None:
    stub.say("getNumberV2", "BAD_KEY")
    process = world.process()
    orders = [await bought(world, process) for _ in range(FAILURES_TO_OPEN + 2)]

    assert all([await order.state() is OrderState.IN_PROGRESS for order in orders])
    assert len(stub.asked_for("getNumberV2")) == FAILURES_TO_OPEN
    world.pass_ms(OPEN_MS)
    await bought(world, process)
    assert len(stub.asked_for("getNumberV2")) == FAILURES_TO_OPEN + 1


async def test_of_two_equally_cheap_providers_the_one_whose_codes_come_is_asked_first(
    world: HandlerWorld, stub: Stub, other: Stub
) -> None:
    process = world.process()
    for provider in world.providers:
        await provider.offers(USA)  # the prices are known
    first = await bought(world, process)
    await process.pass_ms(23 * MINUTE_MS)
    second = await bought(world, process)
    other.say("getStatus", "STATUS_OK:48010")
    await process.pass_ms(23 * MINUTE_MS)
    other.say("getStatus", "STATUS_WAIT_CODE")
    third = await bought(world, process)

    assert [await order.has_been_paid() for order in (first, second)] == [False, True]
    assert [(await order.attempts())[0].carrier for order in (first, second, third)] == [
        "provider-0",
        "provider-1",
        "provider-1",
    ]


async def test_a_provider_without_free_numbers_is_asked_last(
    world: HandlerWorld, stub: Stub, other: Stub
) -> None:
    stub.say("getPrices", json.dumps({str(USA): {"tg": {"cost": 0.01, "count": 0}}}))
    for provider in world.providers:
        await provider.offers(USA)

    await bought(world, world.process())

    assert stub.asked_for("getNumberV2") == []
    assert len(other.asked_for("getNumberV2")) == 1


# Callbacks


@pytest.fixture
async def process(world: HandlerWorld) -> AsyncIterator[ReceivingProcess]:
    """A process that follows the first provider."""
    process = world.process()

    async def follow() -> None:
        with suppress(Unavailable):
            await text_watcher(process.shop, world.providers[0]).follow()

    following = asyncio.create_task(follow())
    yield process
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def called_back(world: HandlerWorld, lease_id: int) -> None:
    """The provider says that a text came, as often as it takes."""
    (route,) = world.providers[0].callback_routes("https://shop.example")
    body = json.dumps({"activationId": lease_id, "text": "x", "code": "66666"}).encode()

    async def is_heard() -> bool:
        try:
            request = CallbackRequest("POST", "https://shop.example/x", {}, (), {}, body)
            return (await route.handle(request)).status == 200
        except Unavailable:  # nobody follows yet
            return False

    await eventually(is_heard)


async def test_a_callback_before_the_answer_to_the_purchase_sells_no_strangers_code(
    world: HandlerWorld, process: ReceivingProcess, stub: Stub
) -> None:
    stub.held["getNumberV2"] = asyncio.Event()
    order = await world.buy()
    buying = asyncio.create_task(process.settle_down())
    await until(lambda: stub.asked_for("getNumberV2"))
    stub.say("getStatus", "STATUS_OK:48010")
    await called_back(world, 17)
    stub.say("getStatus", "STATUS_OK:48010", "STATUS_WAIT_CODE")

    stub.held["getNumberV2"].set()
    await buying

    assert await order.number() not in ("", f"+{NUMBER}")
    assert await order.texts() == []
    assert (await order.receiving()).code == ""


async def test_a_callback_that_comes_twice_or_after_the_end_changes_nothing(
    world: HandlerWorld, process: ReceivingProcess, stub: Stub
) -> None:
    order = await bought(world, process)
    stub.say("getStatus", "STATUS_OK:48010")
    for _ in range(2):
        await called_back(world, 17)
    assert len(await order.texts()) == 1
    late = await bought(world, process)
    lease_id = int((await late.leases())[0].provider_id)
    stub.say("getStatus", "STATUS_WAIT_CODE")
    await process.pass_ms(23 * MINUTE_MS)
    stub.say("getStatus", "STATUS_OK:11111")

    await called_back(world, lease_id)
    await called_back(world, 17)

    assert await order.has_been_paid()
    assert not await late.has_been_paid()
    assert await late.texts() == []
    assert [text.code for text in await order.texts()] == ["48010"]
