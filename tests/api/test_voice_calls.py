"""Calls on a prepaid balance: held, charged by minutes begun, released; in turns; hung up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from ringbolt.app.accounts.keys import revoke_key
from ringbolt.app.calls.hang_up_call import hang_up_call
from ringbolt.app.checkout.purchase import Balance, Buyer
from ringbolt.app.checkout.sell_call import SoldCall, sell_call
from ringbolt.app.webhooks import call_status
from ringbolt.app.webhooks.call_status import CallReport
from ringbolt.core.calls.call import CallStatus, Say
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput, RateLimited
from ringbolt.core.order import OrderState
from ringbolt.store import calls
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.ledger import InsufficientFunds
from ringbolt.store.schema.tables import attempt, orders
from support.numbers import BUSY, LISTENS, NEVER_ANSWERS, PLAIN
from support.rigs.balance_calls import available_sats, funded_key
from support.servers.shop import BY_HAND, ShopServer
from support.waiting import eventually

OpenShop = Callable[..., Awaitable[ShopServer]]
SAID = (Say("Hello."),)


@dataclass(frozen=True, slots=True)
class Account:
    """A key with a balance, and what its holder does."""

    server: ShopServer
    key: ApiKey

    @property
    def buyer(self) -> Buyer:
        return Buyer("voice", Balance(self.key.id), "client")

    async def place(self, to: str = LISTENS, **fields: Any) -> SoldCall:
        command = CallOrder(**{"to": to, "minutes": 1, "steps": SAID, **fields})
        return await sell_call(self.server.shop, command, self.buyer)

    async def hang_up(self, placed: SoldCall) -> None:
        await hang_up_call(self.server.shop, placed.order.id)

    async def report(self, placed: SoldCall) -> CallReport:
        found = await self.server.shop.db.read(call_status.report_by_id, placed.order.id)
        assert found is not None
        return found

    async def until(self, placed: SoldCall, status: CallStatus) -> CallReport:
        async def probe() -> CallReport | None:
            report = await self.report(placed)
            return report if report.call.status is status else None

        return await eventually(probe)

    async def until_over(self, placed: SoldCall) -> CallReport:
        async def probe() -> CallReport | None:
            report = await self.report(placed)
            return report if report.order.finished_ms is not None else None

        return await eventually(probe)

    async def sats(self) -> int:
        """What can still be spent."""
        return await available_sats(self.server.shop.db, self.key)

    @property
    def rate(self) -> int:
        """Sats of a minute to any of the scripted numbers."""
        return self.server.shop.rates.price(LISTENS, 1).sats


async def account(server: ShopServer, sats: int = 1_000_000) -> Account:
    return Account(server, await funded_key(server.shop.db, sats))


def limited(**voice: int) -> dict[str, Any]:
    """Options of a shop whose limits are on, and out of the way but for those of accounts."""
    return {
        "limits": "on",
        "calls": {"per_number_per_hour": 100_000, "ring_timeout_s": 120},
        "abuse": {"daily_spend_sats": 10_000_000, "daily_prefix_sats": 10_000_000},
        "voice": voice,
    }


def by_hand(**voice: int) -> dict[str, Any]:
    """The same, with phones that wait for the test's hand."""
    return {**limited(**voice), "simulator": BY_HAND["simulator"]}


RINGS_LONG: dict[str, Any] = {
    "simulator": {"speed": 1.0},
    "calls": {"per_number_per_hour": 100_000, "ring_timeout_s": 120},
}
"""Options of a shop whose phones ring longer than any test takes to act."""


# -- money --------------------------------------------------------------------------------------


async def test_an_answered_call_costs_the_minutes_begun_and_the_rest_is_released(
    slow_shop: ShopServer,
) -> None:
    buyer = await account(slow_shop, 1000)
    placed = await buyer.place(PLAIN, minutes=4)
    rate = slow_shop.shop.rates.price(PLAIN, 1).sats
    assert await buyer.sats() == 1000 - 4 * rate
    await slow_shop.phone(PLAIN, "answer")
    report = await buyer.until_over(placed)
    assert report.order.state is OrderState.SETTLED
    assert await buyer.sats() == 1000 - rate
    assert (await slow_shop.audit()).differences == []


@pytest.mark.parametrize("number", [BUSY, NEVER_ANSWERS])
async def test_a_call_that_nobody_answers_costs_nothing(shop: ShopServer, number: str) -> None:
    buyer = await account(shop, 1000)
    report = await buyer.until_over(await buyer.place(number))
    assert report.order.state is OrderState.RETURNED
    assert await buyer.sats() == 1000
    assert (await shop.audit()).differences == []


async def test_who_pays_for_placed_calls_pays_one_minute_for_what_nobody_answers(
    open_shop: OpenShop,
) -> None:
    server = await open_shop(calls={"charge_on": "placed"})
    buyer = await account(server, 1000)
    report = await buyer.until_over(await buyer.place(NEVER_ANSWERS, minutes=3))
    assert report.order.state is OrderState.SETTLED
    assert report.call.status is CallStatus.NO_ANSWER
    assert await buyer.sats() == 1000 - buyer.rate
    assert (await server.audit()).differences == []


async def test_a_call_is_hung_up_when_the_minutes_that_are_held_are_over(shop: ShopServer) -> None:
    buyer = await account(shop)
    placed = await buyer.place(steps=(Say("Hello.", repeat=200),), minutes=1)
    report = await buyer.until_over(placed)
    assert report.order.state is OrderState.SETTLED
    assert report.order.price_msat == buyer.rate * 1000
    assert await buyer.sats() == 1_000_000 - buyer.rate


async def test_a_balance_that_is_too_small_places_nothing(shop: ShopServer) -> None:
    buyer = await account(shop, 1)
    before = await shop.rows()
    with pytest.raises(InsufficientFunds):
        await buyer.place()
    assert await shop.rows() == before


async def test_a_text_that_takes_longer_than_a_call_may_is_refused(shop: ShopServer) -> None:
    buyer = await account(shop)
    with pytest.raises(InvalidInput, match="calls here last at most 5 minutes"):
        await buyer.place(minutes=0, steps=(Say("Hello. " * 200, repeat=10),))
    with pytest.raises(InvalidInput, match="at most 5 minutes"):
        await buyer.place(minutes=6)
    assert await buyer.sats() == 1_000_000


# -- turns --------------------------------------------------------------------------------------


def _begun(tx: Tx, account_id: str) -> list[tuple[int, int, int]]:
    """When the calls of an account began and ended, and were placed; by their beginnings."""
    rows = tx.run(
        select(attempt.c.created_ms, attempt.c.finished_ms, orders.c.created_ms)
        .join(orders, orders.c.id == attempt.c.order_id)
        .where(orders.c.account_id == account_id)
        .order_by(attempt.c.created_ms)
    )
    return [(int(row[0]), int(row[1]), int(row[2])) for row in rows]


async def test_a_hundred_calls_at_once_run_within_the_limits_and_none_is_lost(
    open_shop: OpenShop,
) -> None:
    server = await open_shop(**limited(calls_at_once=7, calls_per_second=40))
    buyer = await account(server)
    placed = await asyncio.gather(*(buyer.place() for _ in range(100)))
    reports = [await buyer.until_over(each) for each in placed]
    assert {report.order.state for report in reports} == {OrderState.SETTLED}
    assert {report.call.status for report in reports} == {CallStatus.COMPLETED}
    begun = await server.shop.db.read(_begun, account_of_key(buyer.key.id))
    assert len(begun) == 100, "each was asked for once"
    for at_ms, _, _ in begun:
        within_a_second = [each for each, _, _ in begun if at_ms <= each < at_ms + 1000]
        assert len(within_a_second) <= 40
        up = [start for start, end, _ in begun if start <= at_ms < end]
        assert len(up) <= 7
    assert await buyer.sats() == 1_000_000 - 100 * buyer.rate
    assert (await server.audit()).differences == []


async def test_who_waited_the_longest_is_called_first(
    database_url: str, open_shop: OpenShop
) -> None:
    options = by_hand(calls_at_once=1, calls_per_second=20)
    server = await open_shop(database_url=database_url, **options)
    buyer = await account(server)
    blocking = await buyer.place(PLAIN)
    await buyer.until(blocking, CallStatus.RINGING)
    placed = [await buyer.place() for _ in range(6)]
    await server.phone(PLAIN, "decline")
    reports = [await buyer.until_over(each) for each in placed]
    answered = [report.call.answered_ms or 0 for report in reports]
    assert answered == sorted(answered)


async def test_the_backlog_of_one_account_holds_back_no_other(open_shop: OpenShop) -> None:
    server = await open_shop(**{**by_hand(calls_at_once=1, calls_per_second=1), **RINGS_LONG})
    busy, other = await account(server), await account(server)
    blocking = await busy.place(PLAIN)
    await busy.until(blocking, CallStatus.RINGING)
    waiting = [await busy.place() for _ in range(30)]
    report = await other.until_over(await other.place())
    assert report.call.status is CallStatus.COMPLETED
    assert {(await busy.report(each)).call.status for each in waiting} == {CallStatus.QUEUED}
    states = {(await busy.report(each)).order.state for each in waiting}
    assert states == {OrderState.PAID}, "they wait"


async def test_a_call_that_waits_too_long_fails_and_says_so(open_shop: OpenShop) -> None:
    server = await open_shop(**by_hand(calls_at_once=1, wait_s=60))
    buyer = await account(server, 1000)
    blocking = await buyer.place(PLAIN, steps=(Say("Hello. " * 30),))
    await buyer.until(blocking, CallStatus.RINGING)
    await server.phone(PLAIN, "answer")
    await buyer.until(blocking, CallStatus.IN_PROGRESS)
    waiting = await buyer.place()
    await server.advance(61)
    report = await buyer.until_over(waiting)
    assert report.call.status is CallStatus.FAILED
    assert report.call.cause == "its turn did not come within 1 minute, as long as a call may wait"
    assert report.order.state is OrderState.RETURNED
    assert report.call.attempt_id is None


async def test_more_than_may_wait_are_refused_before_anything_is_reserved(
    open_shop: OpenShop,
) -> None:
    server = await open_shop(**by_hand(calls_at_once=1, waiting_calls=3))
    buyer = await account(server, 1_000)
    blocking = await buyer.place(PLAIN)
    await buyer.until(blocking, CallStatus.RINGING)
    for _ in range(3):
        await buyer.place()
    left, before = await buyer.sats(), await server.rows()
    with pytest.raises(RateLimited, match="3 calls of this account are waiting") as refused:
        await buyer.place()
    assert refused.value.code == "TOO_MANY_WAITING_CALLS"
    assert refused.value.retry_after_s
    assert await buyer.sats() == left
    assert await server.rows() == before
    await (await account(server)).place()  # another account is none the worse


async def test_without_limits_all_are_called_at_once(open_shop: OpenShop) -> None:
    narrow = {"calls_at_once": 1, "calls_per_second": 1, "waiting_calls": 1}
    server = await open_shop(voice=narrow, **BY_HAND)
    buyer = await account(server)
    placed = [await buyer.place(f"+120255501{n:02d}") for n in range(10)]
    for each in placed:
        assert await buyer.until(each, CallStatus.RINGING)


async def test_what_was_placed_is_called_though_its_key_is_revoked(open_shop: OpenShop) -> None:
    server = await open_shop(**by_hand(calls_at_once=1))
    buyer = await account(server)
    blocking = await buyer.place(PLAIN)
    await buyer.until(blocking, CallStatus.RINGING)
    waiting = await buyer.place()
    await revoke_key(server.shop.db, buyer.key.id)
    await server.phone(PLAIN, "decline")
    assert (await buyer.until_over(waiting)).order.state is OrderState.SETTLED


# -- hanging up ---------------------------------------------------------------------------------


async def test_a_call_that_waits_is_taken_out_of_the_queue(open_shop: OpenShop) -> None:
    server = await open_shop(**by_hand(calls_at_once=1))
    buyer = await account(server, 1000)
    blocking = await buyer.place(PLAIN)
    await buyer.until(blocking, CallStatus.RINGING)
    left = await buyer.sats()
    waiting = await buyer.place()
    await buyer.hang_up(waiting)
    report = await buyer.report(waiting)
    assert report.call.status is CallStatus.CANCELED
    assert report.order.state is OrderState.RETURNED
    assert report.call.cause == "hung up by the buyer"
    assert await buyer.sats() == left
    await server.phone(PLAIN, "decline")
    await buyer.until_over(blocking)
    assert await server.calls_of(LISTENS) == []
    assert (await server.audit()).differences == []


async def test_a_call_that_rings_is_canceled_and_costs_nothing(slow_shop: ShopServer) -> None:
    buyer = await account(slow_shop, 1000)
    placed = await buyer.place(PLAIN)
    await buyer.until(placed, CallStatus.RINGING)
    await buyer.hang_up(placed)
    report = await buyer.until_over(placed)
    assert report.call.status is CallStatus.CANCELED
    assert await buyer.sats() == 1000
    assert (await slow_shop.audit()).differences == []


async def test_a_call_that_talks_ends_and_costs_the_minutes_begun(open_shop: OpenShop) -> None:
    server = await open_shop(simulator={"speed": 1.0})
    buyer = await account(server, 1000)
    placed = await buyer.place(PLAIN, minutes=4, steps=(Say("Hello. " * 20),))
    await server.phone(PLAIN, "answer")
    await buyer.until(placed, CallStatus.IN_PROGRESS)
    await buyer.hang_up(placed)
    report = await buyer.until_over(placed)
    assert report.call.status is CallStatus.COMPLETED
    assert report.order.state is OrderState.SETTLED
    assert await buyer.sats() == 1000 - server.shop.rates.price(PLAIN, 1).sats
    assert (await server.audit()).differences == []


async def test_hanging_up_what_is_over_changes_nothing(shop: ShopServer) -> None:
    buyer = await account(shop, 1000)
    placed = await buyer.place()
    before = await buyer.until_over(placed)
    await buyer.hang_up(placed)
    after = await buyer.report(placed)
    assert (after.order, after.call) == (before.order, before.call)


async def test_hanging_up_as_soon_as_it_is_placed_leaves_nothing_undecided(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(**RINGS_LONG)
    buyer = await account(shop, 10_000)
    placed = await asyncio.gather(*(buyer.place(f"+120255501{n:02d}") for n in range(20)))
    await asyncio.gather(*(buyer.hang_up(each) for each in placed))
    reports = [await buyer.until_over(each) for each in placed]
    assert {report.call.status for report in reports} == {CallStatus.CANCELED}
    assert await buyer.sats() == 10_000
    assert (await shop.audit()).differences == []


# -- looking ------------------------------------------------------------------------------------


async def test_an_accounts_calls_are_listed_in_pages_the_latest_first(shop: ShopServer) -> None:
    buyer, other = await account(shop), await account(shop)
    sids = [(await buyer.place(BUSY)).call.sid for _ in range(5)]
    foreign = (await other.place(BUSY)).call.sid
    read, name = shop.shop.db.read, account_of_key(buyer.key.id)
    found: list[str] = []
    cursor = ""
    while page := await read(calls.of_account, name, cursor, 2):
        found += [call.sid for call in page]
        cursor = found[-1]
    assert sorted(found) == sorted(sids)
    placed = [(await read(calls.by_sid, sid)) for sid in found]
    times = [call.queued_ms for call in placed if call is not None]
    assert times == sorted(times, reverse=True)
    with pytest.raises(InvalidInput, match="cursor"):
        await read(calls.of_account, name, foreign, 2)
    assert await read(calls.by_sid, "CA" + "0" * 32) is None
