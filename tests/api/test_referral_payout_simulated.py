"""A referrer's share is paid to the Lightning Address of the simulated world, by its node."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ringbolt.clock import SystemClock
from ringbolt.lightning.lnd.node import LndNode
from ringbolt.lightning.node import PaymentSucceeded
from ringbolt.lightning.simulated.addresses import SimulatedAddresses
from ringbolt.store.engine.db import Database
from ringbolt.store.payouts import PayoutState
from support.rigs.payouts import (
    ALICE,
    SHARE_MSAT,
    Desk,
    an_order,
    check_books,
    settle,
)
from support.servers.shop import ShopServer
from support.servers.world import WorldServer, running_world
from support.waiting import eventually

HOUR_MS = 3_600_000


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path) as server:
        yield server


class Simulated(Desk):
    world: WorldServer

    async def received(self, address: str = ALICE) -> int:
        async with httpx.AsyncClient(base_url=self.world.url) as http:
            answer = await http.get(f"/simulator/addresses/{address}/received")
        sats: int = answer.json()["sats_received"]
        return sats


@pytest.fixture
async def desk(db: Database, clock: SystemClock, world: WorldServer) -> AsyncIterator[Simulated]:
    """Pays with the simulated node, which has 1,000 sats from buyers."""
    node = LndNode(f"{world.url}/simulator/node", "00")
    wallet = LndNode(f"{world.url}/simulator/wallet", "00")
    income = await node.create_invoice(1_000_000, "", 600, secrets.token_bytes(32))
    assert isinstance(await wallet.pay(income.bolt11, 0, 10), PaymentSucceeded)
    addresses = SimulatedAddresses(world.url, world.world.clock)
    made = Simulated(db, clock, node, addresses)
    made.world = world
    yield made
    for part in (node, wallet, addresses):
        await part.close()


async def test_a_settled_order_pays_its_referrer(desk: Simulated) -> None:
    await desk.owe()
    await desk.work()
    assert await desk.received() == 100
    (payout,) = await desk.payouts()
    assert (payout.state, payout.amount_msat) == (PayoutState.PAID, SHARE_MSAT)
    assert (await desk.balance()).posted_msat == 0
    await check_books(desk)


async def test_several_shares_are_one_payment(desk: Simulated) -> None:
    await desk.owe(3)
    await desk.work()
    assert await desk.received() == 300
    assert len(await desk.payouts()) == 1


async def test_only_whole_sats_leave(desk: Simulated) -> None:
    await desk.owe(price_msat=123_450)
    await desk.work()
    assert await desk.received() == 12
    assert (await desk.balance()).posted_msat == 345


async def test_too_little_waits_in_the_books(desk: Simulated) -> None:
    await desk.owe(price_msat=99_000)
    await desk.work()
    assert await desk.received() == 0
    assert await desk.payouts() == []
    await desk.owe(price_msat=1_000)
    await desk.work()
    assert await desk.received() == 10


async def test_an_address_that_does_not_exist_is_asked_again_ever_more_rarely(
    desk: Simulated,
) -> None:
    address = "nobody@wallet.example"
    await desk.owe(referrer=address)
    waits = []
    for _ in range(13):
        await desk.work(runs=1)
        waits.append(round(await desk.next_run_ms() / 60_000))
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 24 * 60
    assert {payout.state for payout in await desk.payouts(address)} == {PayoutState.FAILED}
    assert (await desk.balance(address)).available_msat == SHARE_MSAT


async def test_an_address_that_wants_more_gets_it_when_more_is_owed(desk: Simulated) -> None:
    address = "poor@wallet.example"
    await desk.owe(referrer=address)
    await desk.work(runs=2)
    assert await desk.received(address) == 0
    await desk.owe(9, referrer=address)
    await desk.work()
    assert await desk.received(address) == 1000


async def test_a_world_that_is_away_is_asked_when_it_is_back(desk: Simulated) -> None:
    await desk.owe()
    await desk.world.stop()
    await desk.work(runs=2)
    (payout,) = await desk.payouts()
    assert payout.state is PayoutState.OPEN
    await desk.world.start()
    await desk.work()
    assert await desk.received() == 100
    assert len(await desk.payouts()) == 1


async def test_a_running_shop_pays_its_referrers(shop: ShopServer) -> None:
    income = await shop.shop.node.create_invoice(1_000_000, "", 600, secrets.token_bytes(32))
    await shop.pay(income.bolt11)
    await shop.shop.db.tx(settle, an_order())

    async def paid() -> bool:
        url = f"{shop.world_url}/simulator/addresses/{ALICE}/received"
        return bool((await shop.http.get(url)).json()["sats_received"] == 100)

    assert await eventually(paid)
