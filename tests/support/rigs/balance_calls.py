"""Calls that are paid from prepaid balances, in a shop that may die at any outside effect."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ringbolt.app.accounts.keys import create_key, recognise
from ringbolt.app.calls.charge_call import minutes_begun
from ringbolt.app.calls.hang_up_call import hang_up_call
from ringbolt.app.checkout.purchase import Balance, Buyer, Idempotency
from ringbolt.app.checkout.sell_call import SoldCall, sell_call
from ringbolt.core.calls.call import CallStatus, Say
from ringbolt.core.chart_of_accounts import NODE, TOP_UP, account_of_key, hold_idem
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import NotFound
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.money import msat
from ringbolt.settings import Settings
from ringbolt.store import calls, idempotency, ledger, orders
from ringbolt.store.calls import Attempt, Call
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.orders import Order
from ringbolt.store.schema.tables import transfer
from support.rigs.calls import CallProcess, CallWorld
from support.rigs.shop import jobs_left

SATS_PER_MINUTE = 10
NUMBER = "+12025550123"
HELD_MINUTES = 3


def limited(charge_on: str = "answered", **voice: int) -> Settings:
    """Settings whose limits of an account are on, and all others are out of the way."""
    return Settings(
        limits="on",
        calls={"charge_on": charge_on, "per_number_per_hour": 1_000_000},
        voice={"wait_s": 900, **voice},
        abuse={"daily_spend_sats": 100_000_000, "daily_prefix_sats": 100_000_000},
    )


async def funded_key(db: Database, sats: int = 100_000) -> ApiKey:
    """A fresh key with so much on its balance."""
    made = await create_key(db, "a test")

    def credit(tx: Tx) -> ApiKey:
        account, idem = account_of_key(made.id), f"gift:{made.id}"
        ledger.hold(tx, idem=idem, debit=NODE, credit=account, amount_msat=msat(sats), kind=TOP_UP)
        ledger.capture(tx, idem)
        return recognise(tx, made.key, "spend")

    return await db.tx(credit)


class Caller:
    """One call of an account, as often as it is asked for."""

    def __init__(self, world: CallWorld, key: ApiKey, name: str, **fields: Any) -> None:
        self.world = world
        self.key = key
        self.named = Idempotency(f"key:{key.id}", name, "b")
        said = {"minutes": HELD_MINUTES, "steps": (Say("hello"),), **fields}
        self.command = CallOrder(to=NUMBER, **said)

    async def place(self, process: CallProcess) -> SoldCall:
        buyer = Buyer("voice", Balance(self.key.id), "c", self.named)
        return await sell_call(process.shop, self.command, buyer)

    async def hang_up(self, process: CallProcess) -> None:
        try:
            await hang_up_call(process.shop, await self.order_id())
        except NotFound as error:
            raise AssertionError("the call is there") from error

    async def order_id(self) -> str:
        found = await self.world.db.read(idempotency.find, self.named.principal, self.named.key)
        return "" if found is None else found.order_id

    async def exists(self) -> bool:
        return bool(await self.order_id())

    async def order(self) -> Order:
        found = await self.world.db.read(orders.by_id, await self.order_id())
        assert found is not None
        return found

    async def call(self) -> Call:
        found = await self.world.db.read(calls.call_of, await self.order_id())
        assert found is not None
        return found

    async def attempts(self) -> list[Attempt]:
        return await self.world.db.read(calls.attempts, await self.order_id())

    async def rings(self) -> list[str]:
        refs = {attempt.ref for attempt in await self.attempts()}
        return [ref for ref in self.world.carrier.rings if ref in refs]

    async def charged_sats(self) -> int | None:
        """What was taken; None while the reserve is pending."""

        def read(tx: Tx, order_id: str) -> int | None:
            row = tx.run(select(transfer).where(transfer.c.idem == hold_idem(order_id))).one()
            if row.state == "pending":
                return None
            return int(row.captured_msat or 0) // 1000

        return await self.world.db.read(read, await self.order_id())


async def available_sats(db: Database, key: ApiKey) -> int:
    found = await db.read(ledger.balance, account_of_key(key.id))
    return found.available_msat // 1000


async def assert_promise_kept(world: CallWorld, caller: Caller, *, rings: int = 1) -> Order:
    """The promise: an answered call costs the minutes that were begun, any other nothing; nobody's
    phone rang more than ``rings`` times; and nothing is left to do."""
    order, call, rung = await caller.order(), await caller.call(), await caller.rings()
    assert len(rung) <= rings, f"the phone rang {len(rung)} times"
    assert len(set(rung)) == len(rung), "one attempt rang twice"
    assert call.status.is_final
    assert order.finished_ms is not None
    held = order.command_as(CallOrder).minutes
    if order.state is OrderState.SETTLED:
        begun = minutes_begun(call, held)
        assert 1 <= begun <= held
        assert await caller.charged_sats() == SATS_PER_MINUTE * begun
        if world.settings.calls.charge_on == "answered":
            assert _answered(world, rung), "a call was charged that nobody answered"
    else:
        assert order.state is OrderState.RETURNED, order
        assert await caller.charged_sats() == 0
    assert await world.complaints() == []
    left = await world.db.read(jobs_left, order.id)
    assert left == [], f"jobs are left: {left}"
    return order


def _answered(world: CallWorld, rung: list[str]) -> bool:
    answered = (CallStatus.IN_PROGRESS, CallStatus.COMPLETED)
    return any(each.status in answered for ref in rung for each in world.carrier.events_of(ref))
