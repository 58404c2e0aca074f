"""Several carriers, mail servers, providers and nodes: who is asked next, and who afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
import structlog

from ringbolt.app.operator.gone_parts import GonePart, gone_parts, known_parts
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.registry.routing import FAILURES_TO_OPEN, OPEN_MS
from ringbolt.store import part_states
from ringbolt.store.engine.db import Database
from ringbolt.voice.carrier import CallSnapshot, PlaceCall, PlaceResult
from ringbolt.voice.memory.carrier import BUSY, RINGS
from support.named_parts import NamedCarrier
from support.parts import simulated
from support.rigs.calls import Buyer, CallProcess, CallWorld

NO_ROUTE = Rejected("no route")
NOT_NOW = Rejected("all lines are busy", permanent=False)
MINUTE_MS = 60_000


class Calls:
    """A shop with two carriers of calls, and one buyer who has paid."""

    def __init__(self, database: Database, clock: SystemClock) -> None:
        self.first = NamedCarrier("first", clock)
        self.second = NamedCarrier("second", clock)
        self.world = CallWorld(database, clock, self.first)
        self.buyer = Buyer(self.world)

    def process(self, *carriers: NamedCarrier) -> CallProcess:
        """One whose settings name these carriers, or both."""
        process = self.world.process()
        known = simulated(self.world.clock, *(carriers or (self.first, self.second)))
        process.shop = replace(process.shop, carriers=known)
        return process

    async def bought(self, *carriers: NamedCarrier) -> CallProcess:
        process = self.process(*carriers)
        await self.buyer.redeem(process)
        return process

    async def attempts(self) -> list[tuple[str, str]]:
        return [(each.carrier, str(each.state)) for each in await self.buyer.attempts()]

    async def state(self) -> OrderState:
        return (await self.buyer.order()).state


@pytest.fixture
def calls(database: Database, clock: SystemClock) -> Calls:
    return Calls(database, clock)


async def test_after_a_refusal_the_next_carrier_of_the_route_is_asked(calls: Calls) -> None:
    calls.first.answers.append(NO_ROUTE)

    await (await calls.bought()).work()

    assert await calls.attempts() == [("first", "rejected"), ("second", "done")]
    assert await calls.state() is OrderState.SETTLED
    assert (len(calls.first.rings), len(calls.second.rings)) == (0, 1)
    assert await calls.world.complaints() == []


async def test_who_cannot_now_is_asked_again_only_after_all_others(calls: Calls) -> None:
    calls.first.answers.append(NOT_NOW)
    calls.second.answers.append(NOT_NOW)

    process = await calls.bought()
    await process.settle_down()  # both are asked at once: no time is passed here
    assert await calls.attempts() == [("first", "rejected"), ("second", "rejected")]
    await process.work()

    assert [carrier for carrier, _ in await calls.attempts()] == ["first", "second", "first"]
    assert await calls.state() is OrderState.SETTLED


async def test_who_refused_for_good_is_not_asked_again(calls: Calls) -> None:
    calls.first.answers.append(NO_ROUTE)
    calls.second.answers.extend([NOT_NOW, NOT_NOW])

    await (await calls.bought()).work()

    asked = [carrier for carrier, _ in await calls.attempts()]
    assert asked == ["first", "second", "second", "second"]
    assert await calls.state() is OrderState.SETTLED


async def test_when_all_refuse_for_good_the_money_returns(calls: Calls) -> None:
    calls.first.answers.append(NO_ROUTE)
    calls.second.answers.append(Rejected("not in our plan"))

    process = await calls.bought()
    await process.work()

    order = await calls.buyer.order()
    assert (order.state, order.may_retry) == (OrderState.FAILED, True)
    assert "not in our plan" in order.reason
    assert await calls.attempts() == [("first", "rejected"), ("second", "rejected")]
    # The same credential begins again, and both are asked again.
    await calls.buyer.redeem(process)
    await process.work()
    assert await calls.state() is OrderState.SETTLED
    assert (await calls.attempts())[2:] == [("first", "done")]


def never_heard(_: PlaceCall) -> PlaceResult:
    return Unknown("the request was lost")


async def test_after_an_unclear_answer_nobody_else_is_asked(calls: Calls) -> None:
    calls.first.answers.append(calls.first.lost)

    await (await calls.bought()).work()

    assert await calls.attempts() == [("first", "done")]
    assert calls.second.rings == []
    assert await calls.state() is OrderState.SETTLED


async def test_one_that_cannot_be_asked_about_it_is_waited_for_in_vain(
    database: Database, clock: SystemClock
) -> None:
    calls = Calls(database, clock)
    calls.first = NamedCarrier("first", clock, Recovery.NONE)
    calls.first.answers.append(never_heard)

    await (await calls.bought()).work()

    assert [carrier for carrier, _ in await calls.attempts()] == ["first"]
    assert calls.second.rings == []
    assert await calls.state() is OrderState.FAILED
    assert (await calls.buyer.order()).may_retry is False


async def test_a_persons_answer_is_final(calls: Calls) -> None:
    calls.first.life = BUSY

    await (await calls.bought()).work()

    assert await calls.attempts() == [("first", "done")]
    assert calls.second.rings == []
    assert await calls.state() is OrderState.FAILED


@pytest.mark.parametrize("permanent", [True, False])
async def test_a_refusal_by_the_destination_is_final(calls: Calls, permanent: bool) -> None:
    busy = Rejected("486 Busy Here", permanent, by_destination=True)
    calls.first.answers.append(busy)

    await (await calls.bought()).work()

    assert await calls.attempts() == [("first", "rejected")]
    order = await calls.buyer.order()
    assert (order.state, order.may_retry) == (OrderState.FAILED, True)
    assert "486 Busy Here" in order.reason
    assert await calls.world.complaints() == []


async def test_a_call_is_hung_up_where_it_is(calls: Calls) -> None:
    calls.first.answers.append(NO_ROUTE)
    calls.second.life = RINGS
    calls.second.obeys = True

    await (await calls.bought()).work()  # it rings for ever, and is hung up at last

    assert calls.first.hung_up == []
    assert set(calls.second.hung_up) == set(calls.second.rings) != set()


async def test_a_carrier_that_fails_again_and_again_is_asked_last(calls: Calls) -> None:
    process = calls.process()
    for _ in range(5):
        calls.first.answers.append(NOT_NOW)
        buyer = Buyer(calls.world)
        await buyer.redeem(process)
        await process.settle_down()

    await calls.buyer.redeem(process)
    await process.settle_down()

    assert [carrier for carrier, _ in await calls.attempts()] == ["second"]


class Crash(BaseException):
    """The process dies."""


def dies_asking(carrier: NamedCarrier, *life: CallStatus) -> None:
    """The carrier has the call, and the process that asked dies before the answer."""

    def place(call: PlaceCall) -> PlaceResult:
        carrier.life = life
        carrier.ring(call.ref)
        raise Crash

    carrier.answers.append(place)


async def test_a_shop_with_another_carrier_asks_nobody_about_the_formers_call(
    calls: Calls,
) -> None:
    dies_asking(calls.first)
    with pytest.raises(Crash):
        await (await calls.bought()).settle_down()
    await calls.world.restart()
    process = calls.process(calls.second)

    # While there is time it is waited for, and the operator told.
    with structlog.testing.capture_logs() as logs:
        await process.pass_ms(4 * MINUTE_MS)
    assert await calls.state() is OrderState.DISPATCHING
    assert {each["part"] for each in logs if "gone from the settings" in each["event"]} == {"first"}
    shop = process.shop
    assert await shop.db.read(gone_parts, known_parts(shop)) == [GonePart("calls", "first", 1)]

    # Then the money returns, and nothing is asked of anybody.
    await process.work()
    assert await calls.state() is OrderState.FAILED
    await calls.buyer.claim(process)
    await process.work()
    assert await calls.state() is OrderState.RETURNED
    assert [carrier for carrier, _ in await calls.attempts()] == ["first"]
    assert calls.second.rings == calls.second.hung_up == []
    assert await shop.db.read(gone_parts, known_parts(shop)) == []
    assert await calls.world.complaints() == []


async def test_a_carrier_that_is_put_back_in_time_goes_on_where_it_was(calls: Calls) -> None:
    dies_asking(calls.first, *RINGS)
    with pytest.raises(Crash):
        await (await calls.bought()).settle_down()
    await calls.world.restart()
    await calls.process(calls.second).pass_ms(MINUTE_MS)

    for status in (CallStatus.IN_PROGRESS, CallStatus.COMPLETED):
        calls.first.tell(calls.first.rings[0], status)
    await calls.process().work()

    assert await calls.state() is OrderState.SETTLED
    assert (len(calls.first.rings), calls.second.rings) == (1, [])


@pytest.mark.parametrize(
    ("life", "end"),
    [(RINGS, OrderState.FAILED), ((*RINGS, CallStatus.IN_PROGRESS), OrderState.SETTLED)],
)
async def test_a_call_that_a_gone_carrier_has_is_closed_as_far_as_it_is_known(
    calls: Calls, life: tuple[CallStatus, ...], end: OrderState
) -> None:
    calls.first.life = life
    await (await calls.bought(calls.first)).settle_down()

    process = calls.process(calls.second)
    await process.work()

    assert await calls.state() is end
    assert calls.second.rings == []
    assert (await calls.buyer.attempts())[0].finished_ms is not None
    assert await calls.world.complaints() == []


async def test_no_carrier_at_all_returns_the_money_at_once(calls: Calls) -> None:
    process = await calls.bought()
    process.shop = replace(process.shop, carriers=simulated(calls.world.clock))

    await process.settle_down()

    assert await calls.state() is OrderState.FAILED
    assert await calls.attempts() == []


# Credentials that were changed, a balance that has run out


REFUSED_CREDENTIALS = Rejected("HTTP 401: wrong credentials", permanent=False)


async def test_calls_go_to_the_next_carrier_while_the_first_refuses_the_credentials(
    calls: Calls,
) -> None:
    """They say nothing of the call: the carrier is left alone, and asked again afterwards."""
    calls.first.by_number["+12025550123"] = REFUSED_CREDENTIALS
    process = calls.process()
    for _ in range(FAILURES_TO_OPEN + 2):
        buyer = Buyer(calls.world)
        await buyer.redeem(process)
        await process.settle_down()
        assert (await buyer.order()).state is OrderState.SETTLED
    assert len(calls.second.rings) == FAILURES_TO_OPEN + 2
    state = (await calls.world.db.read(part_states.listing))["calls", "first"]
    assert (state.failures, state.reason) == (FAILURES_TO_OPEN, REFUSED_CREDENTIALS.reason)

    calls.first.by_number.clear()  # the operator has corrected them
    calls.world.pass_ms(OPEN_MS)
    await calls.buyer.redeem(process)
    await process.settle_down()

    assert len(calls.first.rings) == 1
    assert await calls.world.db.read(part_states.left_alone) == [("calls", "first", False)]
    assert await calls.world.complaints() == []


async def test_an_open_call_is_asked_about_again_once_the_credentials_are_right(
    calls: Calls,
) -> None:
    """Its answer was lost, and then the credentials were changed at the carrier: nothing is
    repeated, or given up before its deadline."""
    calls.first.answers.append(calls.first.lost)
    calls.first.log.stays_connected = False
    process = await calls.bought()
    await process.run_due()
    find = calls.first.find

    async def refused(ref: str) -> CallSnapshot | None:
        raise Unavailable("HTTP 401: wrong credentials")

    calls.first.find = refused  # type: ignore[method-assign]
    calls.world.pass_ms(20_000)
    await process.run_all_due()
    assert await calls.state() is OrderState.DISPATCHING

    calls.first.find = find  # type: ignore[method-assign]
    await process.work()

    assert await calls.attempts() == [("first", "done")]
    assert len(calls.first.rings) == 1
    assert calls.second.rings == []
    assert await calls.state() is OrderState.SETTLED
