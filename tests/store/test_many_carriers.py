"""Several carriers, mail servers, providers and nodes: who is asked next, and who afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import structlog

from ringbolt.app.operator.gone_parts import GonePart, gone_parts, known_parts
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.lightning.node import InvoiceState
from ringbolt.numbers.memory.provider import MemoryProvider
from ringbolt.registry.parts import Part, Parts
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.upsert import update_row
from ringbolt.store.schema.tables import orders
from ringbolt.voice.carrier import PlaceCall, PlaceResult
from ringbolt.voice.memory.carrier import BUSY, RINGS
from support.memory import memory_provider
from support.named_parts import NamedCarrier, NamedMailer, NamedSms
from support.parts import one_node, simulated
from support.rigs.calls import Buyer, CallProcess, CallWorld
from support.rigs.messages import MessageProcess, MessageWorld
from support.rigs.receiving import ReceivingProcess, ReceivingWorld

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
    # The same credential begins anew, and both are asked again.
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
    """The carrier has the call, and whoever asked dies before the answer."""

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


# Texts and e-mail


def sends(world: MessageWorld, parts: Mapping[str, list[Any]]) -> MessageProcess:
    process = world.process()
    named: Any = {name: simulated(world.clock, *each) for name, each in parts.items()}
    process.shop = replace(process.shop, **named)
    return process


async def test_a_text_that_is_refused_is_sent_by_the_next_carrier(
    database: Database, clock: SystemClock
) -> None:
    first, second = NamedSms("first", clock), NamedSms("second", clock)
    first.answers.append(first.refuses)
    second.life = (ReceiptState.SENT, ReceiptState.DELIVERED)
    world = MessageWorld(database, clock)
    order = await world.buy()

    await sends(world, {"sms_carriers": [first, second]}).work()

    assert await order.has_been_paid()
    assert (len(first.sent), len(second.sent)) == (0, 1)
    assert [each.carrier for each in await order.attempts()] == ["first", "second"]
    assert await world.complaints() == []


async def test_a_mail_that_is_refused_is_taken_by_the_next_server(
    database: Database, clock: SystemClock
) -> None:
    first, second = NamedMailer("first"), NamedMailer("second")
    first.answers.append(first.refuses)
    world = MessageWorld(database, clock)
    order = await world.buy(mail=True)

    await sends(world, {"mailers": [first, second]}).work()

    assert await order.has_been_paid()
    assert (len(first.sent), len(second.sent)) == (0, 1)


@pytest.mark.parametrize("mail", [False, True])
async def test_what_a_gone_part_may_have_sent_is_sent_by_nobody_else(
    database: Database, clock: SystemClock, mail: bool
) -> None:
    carriers: Any = [NamedSms("first", clock), NamedSms("second", clock)]
    if mail:
        carriers = [NamedMailer("first"), NamedMailer("second")]
    first, second = carriers
    first.answers.append(first.takes_unheard)
    kind = "mailers" if mail else "sms_carriers"
    world = MessageWorld(database, clock)
    order = await world.buy(mail=mail)
    await sends(world, {kind: [first, second]}).run_due()

    process = sends(world, {kind: [second]})
    [waiting] = await process.shop.db.read(gone_parts, known_parts(process.shop))
    await process.work()

    assert waiting == GonePart("mail" if mail else "sms", "first", 1)
    assert not await order.has_been_paid()
    assert (len(first.sent), len(second.sent)) == (1, 0)
    assert await world.complaints() == []


# Numbers


def receives(world: ReceivingWorld, *providers: MemoryProvider) -> ReceivingProcess:
    process = world.process()
    process.shop = replace(process.shop, number_providers=simulated(world.clock, *providers))
    return process


async def test_a_provider_without_numbers_is_followed_by_the_next(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock)
    second = memory_provider("second", Recovery.LOOKUP, clock, "+120255509")
    world.backend.answers.append("none")
    order = await world.buy()
    process = receives(world, world.backend, second)

    await process.settle_down()
    assert await order.number() == "+12025550900"
    second.text(await order.number(), "Your Telegram code is 48010")
    await process.work()

    assert await order.has_been_paid()
    assert [each.carrier for each in await order.attempts()] == ["lender", "second"]
    assert await world.complaints() == []


async def test_numbers_that_cannot_be_used_are_as_good_as_none(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock)
    second = memory_provider("second", Recovery.LOOKUP, clock, "+120255509")
    taken = await world.buy()
    await receives(world, world.backend).settle_down()
    world.backend.answers.extend(["taken"] * 3)
    order = await world.buy()

    await receives(world, world.backend, second).settle_down()

    assert (await taken.number()).startswith("+120255501")
    assert (await order.number()).startswith("+120255509")


async def test_a_number_that_is_wanted_again_is_asked_of_who_had_it(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock)
    second = memory_provider("second", Recovery.LOOKUP, clock, "+120255509")
    order = await world.buy(again="+12025550903", provider="second")

    await receives(world, world.backend, second).settle_down()

    assert await order.number() == "+12025550903"
    assert world.backend.leases == []


# Nodes


async def test_a_hold_is_closed_at_the_node_that_it_is_at(
    database: Database, clock: SystemClock
) -> None:
    world = MessageWorld(database, clock)
    world.sms.life = (ReceiptState.SENT,)
    order = await world.buy(PaymentMethod.HOLD)
    assert (await order.row()).node == "", "as in rows of earlier versions"
    await database.tx(partial(_at_node, order.id, "former"))

    # Its node is gone: it is told, and nothing is asked of another one.
    process = world.process()
    process.shop = replace(process.shop, nodes=one_node(world.clock, world.node, "present"))
    with structlog.testing.capture_logs() as logs:
        await process.pass_ms(MINUTE_MS)
    payment_hash = bytes.fromhex((await order.row()).payment_hash or "")
    assert (await order.row()).state is OrderState.FULFILLED
    assert world.node.invoices[payment_hash].state is InvoiceState.ACCEPTED
    assert {each["node"] for each in logs if "gone from the settings" in each["event"]} == {
        "former"
    }
    shop = process.shop
    assert await shop.db.read(gone_parts, known_parts(shop)) == [GonePart("node", "former", 1)]

    # Put back, nothing was lost.
    both: list[Part[Any]] = [Part("present", world.node), Part("former", world.node)]
    process.shop = replace(shop, nodes=Parts(both, world.clock.now_ms))
    await process.work()
    assert await order.has_been_paid()
    assert await world.complaints() == []


def _at_node(order_id: str, name: str, tx: Tx) -> None:
    update_row(tx, orders.c.id, order_id, node=name)
