"""What stands on a prepaid balance: spent, returned, looked at, and never below nothing."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ringbolt.app.accounts.await_top_up import RECENT_MS, await_top_up
from ringbolt.app.accounts.keys import list_keys, revoke_key
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unauthorized
from ringbolt.core.order import OrderState
from ringbolt.store import ledger_entries
from ringbolt.store.engine.db import Database
from ringbolt.store.ledger import InsufficientFunds
from ringbolt.store.orders import Order
from support.rigs.accounts import Bank, decided, refusal_of
from support.rigs.fate import Fate, MortalDatabase


@pytest.fixture
def bank(database: Database, clock: SystemClock) -> Bank:
    return Bank(database, clock)


# -- spending ---------------------------------------------------------------------------------


async def test_fifty_orders_at_once_on_a_balance_for_twenty(bank: Bank) -> None:
    key = await bank.key(2000)

    placed = await asyncio.gather(
        *(bank.buy(key.id, 100) for _ in range(50)), return_exceptions=True
    )

    assert Counter(type(each) for each in placed) == {Order: 20, InsufficientFunds: 30}
    assert {each.status for each in placed if isinstance(each, InsufficientFunds)} == {402}
    assert await bank.balance(key) == 0
    assert await bank.complaints() == []


async def test_what_fails_comes_back_and_what_is_delivered_is_gone(bank: Bank) -> None:
    key = await bank.key(2000)
    placed = [await bank.buy(key.id, 100) for _ in range(20)]
    await asyncio.gather(*(decided(bank, order, n < 8) for n, order in enumerate(placed)))

    states = Counter([(await bank.order(order)).state for order in placed])

    assert states == {OrderState.SETTLED: 8, OrderState.RETURNED: 12}
    assert await bank.balance(key) == 1200
    assert await bank.complaints() == []


async def test_orders_and_decisions_at_once_never_overdraw(bank: Bank) -> None:
    key = await bank.key(500)
    seen: list[int] = []

    async def order_and_fail() -> bool:
        try:
            order = await bank.buy(key.id, 100)
        except InsufficientFunds:
            return False
        seen.append(await bank.balance(key))
        await decided(bank, order, delivered=False)
        return True

    placed = await asyncio.gather(*(order_and_fail() for _ in range(30)))

    assert any(placed)
    assert min(seen) >= 0
    assert await bank.balance(key) == 500
    assert await bank.complaints() == []


async def test_an_order_decided_twice_moves_its_money_once(bank: Bank) -> None:
    key = await bank.key(500)
    order = await bank.buy(key.id, 100)

    decisions = await asyncio.gather(
        *(decided(bank, order, delivered) for delivered in (True, False, True, False))
    )

    assert decisions.count(True) == 1
    settled = (await bank.order(order)).state is OrderState.SETTLED
    assert await bank.balance(key) == (400 if settled else 500)


async def test_a_refusal_says_what_is_missing_and_how_to_add_it(bank: Bank) -> None:
    key = await bank.key(1500)
    await bank.buy(key.id, 1000)

    error = await refusal_of(bank.buy(key.id, 3000))

    assert (error.status, error.code) == (402, "INSUFFICIENT_FUNDS")
    for reported in (
        "costs 3000 sats",
        "500 can be spent",
        "1000 more are reserved",
        "2500 are missing",
    ):
        assert reported in error.message
    assert error.suggestion.startswith("Add them to the balance")


async def test_a_refused_order_leaves_nothing_behind(bank: Bank) -> None:
    key = await bank.key(100)
    before = await bank.ledger(key.key)

    await refusal_of(bank.buy(key.id, 101))

    assert await bank.ledger(key.key) == before
    assert await bank.balance(key) == 100


async def test_a_key_revoked_in_the_middle_ends_its_orders_and_begins_no_other(bank: Bank) -> None:
    key = await bank.key(1000)
    good, bad = await bank.buy(key.id, 100), await bank.buy(key.id, 200)
    await revoke_key(bank.db, key.id)

    error = await refusal_of(bank.buy(key.id, 100))
    await decided(bank, good, delivered=True)
    await decided(bank, bad, delivered=False)

    assert isinstance(error, Unauthorized)
    assert (await bank.order(good)).state is OrderState.SETTLED
    assert (await bank.order(bad)).state is OrderState.RETURNED
    [(_, balance_msat)] = await list_keys(bank.db)
    assert balance_msat == 900_000
    assert await bank.complaints() == []


async def test_what_the_node_is_settling_can_be_spent_already(bank: Bank) -> None:
    key = await bank.key()
    await bank.pay((await bank.fund(key.key, 1000)).order)

    ordering = asyncio.create_task(bank.buy(key.id, 600))
    await asyncio.sleep(0)
    await bank.work()

    assert (await ordering).state is OrderState.PAID
    assert await bank.balance(key) == 400


class SettledMeanwhile(MortalDatabase):
    """What is on its way to a balance arrives right before somebody looks for it."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank.db, Fate())
        self._bank = bank

    async def read(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if fn is ledger_entries.settling:
            await self._bank.work()
        return await super().read(fn, *args, **kwargs)


async def test_what_was_settled_right_after_the_refusal_can_be_spent(bank: Bank) -> None:
    key = await bank.key()
    await bank.pay((await bank.fund(key.key, 1000)).order)
    bank.counter = replace(bank.counter, db=SettledMeanwhile(bank))

    assert (await bank.buy(key.id, 600)).state is OrderState.PAID
    assert await bank.balance(key) == 400


async def test_nobody_waits_for_what_was_not_paid(bank: Bank) -> None:
    key = await bank.key(100)
    await bank.fund(key.key, 1000)

    assert not await await_top_up(bank.counter, key.id)
    assert isinstance(await refusal_of(bank.buy(key.id, 600)), InsufficientFunds)


async def test_a_node_that_does_not_settle_is_not_waited_for_for_long(bank: Bank) -> None:
    key = await bank.key()
    await bank.pay((await bank.fund(key.key, 1000)).order)

    bank.clock.set_offset(bank.clock.offset_ms + RECENT_MS + 1000)

    assert not await await_top_up(bank.counter, key.id)


# -- looking ----------------------------------------------------------------------------------


async def test_the_history_is_the_seeds(bank: Bank) -> None:
    key = await bank.key()
    first = await bank.top_up(key.key, 9500)
    bank.clock.set_offset(bank.clock.offset_ms + 60_000)
    second = await bank.top_up(key.key, 340_000)
    await bank.fund(key.key, 777)  # nobody pays it

    history = await bank.history(key.key)

    assert {name: history[name] for name in ("status", "totalAmount")} == {
        "status": "OK",
        "totalAmount": 349_500,
    }
    assert [item["createdAt"] for item in history["orders"]] == [
        second.created_ms,
        first.created_ms,
    ]
    preimage = history["orders"][1]["preimage"]
    assert history["orders"][1] == {
        "amount": 9500,
        "createdAt": first.created_ms,
        "desc": "fund account",
        "description": "fund account",
        "holdinvoice": True,
        "preimage": preimage,
        "preimageHash": first.payment_hash,
        "price": 9500,
        "userId": key.key,
    }
    assert hashlib.sha256(bytes.fromhex(preimage)).hexdigest() == first.payment_hash
    assert "next" not in history


async def test_a_held_top_up_is_not_in_the_history_and_keeps_its_preimage(bank: Bank) -> None:
    key = await bank.key()
    order = (await bank.fund(key.key, 500)).order
    await bank.pay(order)

    assert await bank.history(key.key) == {"status": "OK", "totalAmount": 0, "orders": []}


async def test_the_total_is_of_all_pages(bank: Bank) -> None:
    key = await bank.key()
    for sats in (1, 2, 3):
        bank.clock.set_offset(bank.clock.offset_ms + 1000)
        await bank.top_up(key.key, sats)

    first = await bank.history(key.key, 2)
    second = await bank.history(key.key, 2, first["next"])

    assert [item["amount"] for item in first["orders"]] == [3, 2]
    assert [item["amount"] for item in second["orders"]] == [1]
    assert first["totalAmount"] == second["totalAmount"] == 6
    assert "next" not in second


async def test_what_is_spent_is_not_in_the_history_but_in_the_ledger(bank: Bank) -> None:
    key = await bank.key(1000)
    spent, failed, open_one = [await bank.buy(key.id, sats) for sats in (100, 200, 300)]
    await decided(bank, spent, delivered=True)
    await decided(bank, failed, delivered=False)

    history = await bank.history(key.key)
    entries = (await bank.ledger(key.key))["entries"]

    assert len(history["orders"]) == 1
    assert [(each["kind"], each["amount"], each["state"], each["orderId"]) for each in entries] == [
        ("reserve", -300, "pending", open_one.id),
        ("reserve", 0, "voided", failed.id),
        ("reserve", -100, "captured", spent.id),
        ("top_up", 1000, "captured", entries[3]["orderId"]),
    ]
    assert [each["amount_msat"] for each in entries] == [-300_000, 0, -100_000, 1_000_000]
    assert [each["reserved"] for each in entries] == [300, 200, 100, 1000]
    assert await bank.balance(key) == 600


async def test_the_ledger_comes_in_pages(bank: Bank) -> None:
    key = await bank.key(1000)
    for _ in range(4):
        await bank.buy(key.id, 10)

    first = await bank.ledger(key.key, 3)
    second = await bank.ledger(key.key, 3, first["next"])

    assert (len(first["entries"]), len(second["entries"])) == (3, 2)
    assert "next" not in second
    assert second["entries"][-1]["kind"] == "top_up"


async def test_a_strangers_cursor_is_refused(bank: Bank) -> None:
    alice, bob = await bank.key(100), await bank.key(100)
    hers = (await bank.ledger(alice.key))["entries"][0]

    for cursor in (hers["id"], hers["orderId"], secrets.token_hex(32)):
        assert (await refusal_of(bank.ledger(bob.key, 10, cursor))).status == 400
        assert (await refusal_of(bank.history(bob.key, 10, cursor))).status == 400


async def test_a_top_up_that_the_node_lost_is_not_on_the_balance(bank: Bank) -> None:
    key = await bank.key()
    order = (await bank.fund(key.key, 500)).order
    await bank.pay(order)
    assert order.payment_hash is not None
    bank.node.lose(bytes.fromhex(order.payment_hash))
    await bank.work()

    assert await bank.balance(key) == 0
    assert (await bank.ledger(key.key))["entries"][0]["state"] == "voided"
    assert (await bank.history(key.key))["orders"] == []
    assert await bank.complaints() == []
