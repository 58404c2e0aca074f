"""Places that are few: a few addresses cannot take them from all others, on either database."""

from __future__ import annotations

import pytest

from ringbolt.app.accounts.keys import adopt
from ringbolt.app.checkout.invoice_quota import look_at_invoices, look_at_numbers, make_room
from ringbolt.app.checkout.purchase import Buyer, Hold, Purchase
from ringbolt.app.jobs import CLOSE_HOLD
from ringbolt.app.policies import LimitPolicy
from ringbolt.core.commands import ReceiveTexts, TopUp
from ringbolt.core.errors import RateLimited
from ringbolt.core.keys import Keyring
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.settings import Settings
from ringbolt.settings.abuse import AbuseSettings
from ringbolt.store import jobs, orders, receiving_orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.receiving_orders import NumberLease
from support.databases.order_rows import put_order

ABUSE = AbuseSettings(
    open_invoices=6, open_invoices_per_client=4, open_numbers=10, open_numbers_per_client=9
)
POLICY = LimitPolicy.of(Settings(abuse=ABUSE), Keyring([bytes(32)]))


def _by(client: str, request: ReceiveTexts | TopUp | None = None) -> Purchase:
    wanted = request or ReceiveTexts(service="tg", country=187)
    return Purchase(
        kind=OrderKind.ACTIVATION, command=wanted, price_msat=1000,
        buyer=Buyer("orders", Hold(), client), record=lambda tx, order: None,
    )  # fmt: skip


def _lease(order_id: str, number: str, from_ms: int) -> NumberLease:
    return NumberLease(
        id=order_id[:16], order_id=order_id, provider="simulated", provider_id=order_id[:16],
        number=number, service="tg", from_ms=from_ms, until_ms=from_ms + 1_200_000,
        cancel_after_ms=0, ended_ms=None, why="",
    )  # fmt: skip


def _full(tx: Tx) -> list[str]:
    """Six unpaid orders, 3 of ``a``, who came first, 2 of ``b``, 1 of ``c``."""
    made = []
    for place, client in enumerate("aaabbc"):
        order = put_order(
            tx, "activation", "awaiting_payment", client=client, created_ms=tx.now_ms - 100 + place
        )
        made.append(order.id)
    return made


async def _gets_in(database: Database, purchase: Purchase) -> bool:
    """Whether room was made; raises ``RateLimited``."""
    is_crowded = await database.read(look_at_invoices, POLICY, purchase)
    if is_crowded:
        await database.tx(make_room, POLICY)
    return is_crowded


async def _states(database: Database, ids: list[str]) -> list[str]:
    found = [await database.read(orders.by_id, each) for each in ids]
    return [order.state.value for order in found if order is not None]


async def test_who_has_no_invoice_open_gets_the_place_of_who_has_most(database: Database) -> None:
    # Given a shop whose places are all taken
    made = await database.tx(_full)
    # When somebody comes who has none
    assert await _gets_in(database, _by("new"))
    # Then the oldest of whoever has most ended, and the node is told by the usual job
    states = await _states(database, made)
    assert states == [OrderState.EXPIRED] + [OrderState.AWAITING_PAYMENT] * 5
    (job,) = await database.tx(jobs.claim, "money", 10, 1000)
    assert (job.kind, job.order_id) == (CLOSE_HOLD.name, made[0])


@pytest.mark.parametrize("client", ["a", "b"])
async def test_who_has_nearly_as_many_as_who_has_most_is_refused(
    database: Database, client: str
) -> None:
    made = await database.tx(_full)
    with pytest.raises(RateLimited) as refused:
        await _gets_in(database, _by(client))
    assert refused.value.code == "TOO_MANY_OPEN_INVOICES"
    assert set(await _states(database, made)) == {OrderState.AWAITING_PAYMENT}


async def test_nobody_loses_an_only_invoice(database: Database) -> None:
    def singles(tx: Tx) -> list[str]:
        return [
            put_order(tx, "activation", "awaiting_payment", client=str(each)).id
            for each in range(6)
        ]

    made = await database.tx(singles)
    with pytest.raises(RateLimited):
        await _gets_in(database, _by("new"))
    assert set(await _states(database, made)) == {OrderState.AWAITING_PAYMENT}


async def test_a_known_key_is_topped_up_however_many_invoices_are_open(
    database: Database,
) -> None:
    made = await database.tx(_full)
    await database.tx(adopt, "key-1", b"a key of somebody known")
    assert not await _gets_in(database, _by("b", TopUp("key-1", 100)))
    assert set(await _states(database, made)) == {OrderState.AWAITING_PAYMENT}
    with pytest.raises(RateLimited):
        await _gets_in(database, _by("b", TopUp("unknown", 100)))


async def test_the_last_numbers_are_for_those_who_have_none(database: Database) -> None:
    # Given eight of ten numbers leased to one address
    def acquire(tx: Tx) -> None:
        for each in range(8):
            order = put_order(tx, "activation", "dispatching", client="a", paid_ms=tx.now_ms)
            assert receiving_orders.add_lease(tx, _lease(order.id, f"+1202555010{each}", tx.now_ms))

    await database.tx(acquire)
    # Then it gets no more of them, and others do
    with pytest.raises(RateLimited) as refused:
        await database.read(look_at_numbers, POLICY, "a")
    assert refused.value.code == "TOO_MANY_NUMBERS"
    await database.read(look_at_numbers, POLICY, "b")
