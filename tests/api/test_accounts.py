"""Prepaid accounts: topped up once, by keys that are known, made, or revoked meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from ringbolt.app.accounts.keys import OWN_KEY_LABEL, list_keys, revoke_key
from ringbolt.app.checkout.place_order import PlacedOrder
from ringbolt.app.checkout.purchase import Idempotency
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Forbidden, InvalidInput, Role, Unauthorized
from ringbolt.core.order import OrderState
from ringbolt.lightning.node import Invoice
from ringbolt.store.engine.db import Database
from support.rigs.accounts import Bank, refusal_of

OWN_KEY = "a-key-that-nobody-knows-yet"
SELF_SERVICE = {"keys": {"self_service": True}}


@pytest.fixture
def bank(database: Database, clock: SystemClock) -> Bank:
    return Bank(database, clock)


@pytest.fixture
def open_bank(database: Database, clock: SystemClock) -> Bank:
    """One where an unknown key makes an account at its first top-up."""
    return Bank(database, clock, **SELF_SERVICE)


# -- topping up -------------------------------------------------------------------------------


async def test_a_top_up_is_on_the_balance_once_the_node_has_settled(bank: Bank) -> None:
    key = await bank.key()
    order = (await bank.fund(key.key, 5000)).order
    ordered = await bank.balance(key)
    await bank.pay(order)
    held = await bank.balance(key)
    await bank.work()

    assert (ordered, held, await bank.balance(key)) == (0, 0, 5000)
    settled = await bank.order(order)
    assert settled.state is OrderState.SETTLED
    assert settled.finished_ms is not None  # or it stays in every index of open orders
    assert await bank.complaints() == []


async def test_an_order_is_as_old_as_its_row_however_slow_the_node(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, asked_ms = bank.node.create_hold_invoice, bank.clock.now_ms() + 60_000

    async def slowly(*args: Any) -> Invoice:
        bank.clock.set_offset(60_000)
        return await create(*args)

    monkeypatch.setattr(bank.node, "create_hold_invoice", slowly)
    order = (await bank.fund((await bank.key()).key, 1)).order
    # Who looks for new orders goes on from the latest: an older one would be found a minute late.
    assert (await bank.order(order)).created_ms >= asked_ms - 100


async def test_a_top_up_is_an_order_of_its_own_whose_invoice_tells_nothing(bank: Bank) -> None:
    key = await bank.key()

    order = (await bank.fund(key.key, 5000)).order

    assert (order.kind, order.price_msat, order.state) == (
        "fund",
        5_000_000,
        OrderState.AWAITING_PAYMENT,
    )
    assert order.payment_hash is not None
    assert order.id != order.payment_hash
    assert key.id not in bank.node.invoices[bytes.fromhex(order.payment_hash)].memo


async def test_one_satoshi_is_a_top_up(bank: Bank) -> None:
    key = await bank.key()

    await bank.top_up(key.key, 1)

    assert await bank.balance(key) == 1


@pytest.mark.parametrize("sats", [0, -1])
async def test_less_is_none(bank: Bank, sats: int) -> None:
    key = await bank.key()

    with pytest.raises(InvalidInput):
        await bank.fund(key.key, sats)


async def test_a_payment_that_is_reported_again_counts_once(bank: Bank) -> None:
    key = await bank.key()
    order = (await bank.fund(key.key, 5000)).order
    held = await bank.pay(order)
    await asyncio.gather(*(bank.hear(order, held) for _ in range(5)))
    await bank.work()
    await bank.hear(order, held)
    await bank.work()

    assert await bank.balance(key) == 5000
    assert (await bank.history(key.key))["totalAmount"] == 5000
    assert await bank.complaints() == []


async def test_an_unpaid_top_up_that_ran_out_is_nowhere(bank: Bank) -> None:
    key = await bank.key()
    order = (await bank.fund(key.key, 5000)).order
    assert order.payment_hash is not None
    await bank.node.cancel_invoice(bytes.fromhex(order.payment_hash))
    await bank.hear(order, bank.node.invoices[bytes.fromhex(order.payment_hash)])
    await bank.work()

    assert (await bank.order(order)).state is OrderState.EXPIRED
    assert await bank.balance(key) == 0
    assert (await bank.history(key.key))["orders"] == []
    assert (await bank.ledger(key.key))["entries"] == []


async def test_a_named_request_of_one_key_is_not_answered_with_the_order_of_another(
    bank: Bank,
) -> None:
    alice, bob = await bank.key(), await bank.key()
    named = Idempotency("client:the same address", "top up", "the same body")
    first = await bank.fund(alice.key, 500, named)

    again = await bank.fund(alice.key, 500, named)
    other = await bank.fund(bob.key, 500, named)

    assert (again.order.id, again.replayed) == (first.order.id, True)
    assert (other.order.id != first.order.id, other.replayed) == (True, False)


# -- keys -------------------------------------------------------------------------------------


async def test_an_unknown_key_is_refused_unless_the_operator_allows_it(bank: Bank) -> None:
    error = await refusal_of(bank.fund(OWN_KEY, 1000))

    assert isinstance(error, Unauthorized)
    assert error.suggestion
    assert await list_keys(bank.db) == []


async def test_an_unknown_key_becomes_one_with_its_first_top_up(open_bank: Bank) -> None:
    await open_bank.top_up(OWN_KEY, 700)
    await open_bank.top_up(OWN_KEY, 300)

    [(made, balance_msat)] = await list_keys(open_bank.db)
    assert balance_msat == 1_000_000
    assert made.scopes == {"read", "spend", "fund"}
    assert made.label == OWN_KEY_LABEL
    order = await open_bank.buy(made.id, 1000)
    assert order.state is OrderState.PAID


async def test_a_key_of_ones_own_is_kept_as_a_hash_alone(open_bank: Bank) -> None:
    await open_bank.top_up(OWN_KEY, 700)

    [(made, _)] = await list_keys(open_bank.db)

    assert OWN_KEY not in repr(made)
    assert made.id not in hashlib.sha256(OWN_KEY.encode()).hexdigest()


async def test_first_top_ups_at_once_make_one_key(open_bank: Bank) -> None:
    bought: list[PlacedOrder] = await asyncio.gather(
        *(open_bank.fund(OWN_KEY, 100) for _ in range(12))
    )
    for each in bought:
        await open_bank.pay(each.order)
    await open_bank.work()

    [(_, balance_msat)] = await list_keys(open_bank.db)
    assert balance_msat == 1_200_000
    assert len({each.order.id for each in bought}) == 12


@pytest.mark.parametrize(
    "key",
    [
        "",
        "fifteen-letters",
        "sixteen letters!",
        "x" * 129,
        "schlüsselschlüssel",
        "tab\tin\tthe\tmiddle",
    ],
)
async def test_what_is_no_good_key_is_refused_in_plain_words(open_bank: Bank, key: str) -> None:
    error = await refusal_of(open_bank.fund(key, 1000))

    assert (error.status, error.role) == (400, Role.API_KEY)
    assert "16 to 128" in error.message
    assert await list_keys(open_bank.db) == []


@pytest.mark.parametrize("key", ["hijklmno" * 2, "pqrstuvw" * 16, "~!@#$%^&*()_+={}"])
async def test_what_is_long_enough_is_a_key(open_bank: Bank, key: str) -> None:
    await open_bank.top_up(key, 1)

    assert (await open_bank.history(key))["totalAmount"] == 1


async def test_a_first_top_up_without_an_invoice_makes_no_key(open_bank: Bank) -> None:
    open_bank.node.down = True
    error = await refusal_of(open_bank.fund(OWN_KEY, 1000))

    assert error.status == 503
    assert await list_keys(open_bank.db) == []


async def test_a_revoked_key_of_ones_own_stays_revoked(open_bank: Bank) -> None:
    await open_bank.top_up(OWN_KEY, 700)
    [(made, _)] = await list_keys(open_bank.db)
    await revoke_key(open_bank.db, made.id)

    error = await refusal_of(open_bank.fund(OWN_KEY, 700))

    assert isinstance(error, Unauthorized)


async def test_a_key_without_the_scope_cannot_be_topped_up(bank: Bank) -> None:
    key = await bank.key(scopes=frozenset({"read", "spend"}))

    error = await refusal_of(bank.fund(key.key, 1000))

    assert isinstance(error, Forbidden)
    assert "fund" in error.message


async def test_a_key_may_hand_in_texts_only_if_it_was_made_for_it(bank: Bank) -> None:
    usual = await bank.key()
    inbound = await bank.key(scopes=frozenset({"inbound"}))

    assert usual.scopes == {"read", "spend", "fund"}
    assert inbound.scopes == {"inbound"}


async def test_a_top_up_of_a_key_that_was_revoked_since_goes_back_to_its_payer(
    bank: Bank,
) -> None:
    key = await bank.key()
    order = (await bank.fund(key.key, 5000)).order
    await revoke_key(bank.db, key.id)
    await bank.pay(order)
    await bank.work()

    [(_, balance_msat)] = await list_keys(bank.db)
    assert balance_msat == 0
    assert (await bank.order(order)).state is OrderState.RETURNED
