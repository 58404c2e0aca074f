"""Messages, their parts, their attempts, and who wants nothing from us."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.store import attempts, calls, messages, orders, suppressions
from ringbolt.store.attempts import AttemptState
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.messages import MessageStatus, PartState
from ringbolt.store.orders import Order


def _order(tx: Tx, order_id: str) -> None:
    order = Order(
        id=order_id,
        kind=OrderKind.SMS,
        family="orders",
        state=OrderState.PAID,
        reason="",
        method=PaymentMethod.BALANCE,
        price_msat=1000,
        payment_hash=None,
        account_id=None,
        body_hash="",
        request="{}",
        status_token=order_id,
        refund_address="",
        may_retry=False,
        retry_until_ms=0,
        deadline_ms=None,
        idempotency_key="",
        created_ms=tx.now_ms,
        started_ms=tx.now_ms,
        finished_ms=None,
    )
    assert orders.insert(tx, order, "ordered")
    messages.insert(tx, order_id, "hash", 2, f"SM{order_id}")


@pytest.fixture
async def asked(database: Database) -> Database:
    """A message with an attempt named ``ref``."""
    await database.tx(_order, "1")
    await database.tx(messages.add_attempt, "1", ref="ref", carrier="sim")
    return database


async def test_a_message_is_what_was_ordered(database: Database) -> None:
    await database.tx(_order, "1")
    found = await database.read(messages.message_of, "1")
    assert found is not None
    assert (found.status, found.parts, found.public_id) == (MessageStatus.CREATED, 2, "SM1")
    assert found.attempt_id is None
    assert await database.read(messages.present_attempt, "1") is None


async def test_the_newest_attempt_is_the_present_one(asked: Database) -> None:
    second = await asked.tx(messages.add_attempt, "1", ref="again", carrier="sim")
    present = await asked.read(messages.present_attempt, "1")
    assert present == second
    assert [each.n for each in await asked.read(attempts.of_order, "1")] == [1, 2]
    assert second.state is AttemptState.INTENT


async def test_an_open_text_takes_no_telephone_line(asked: Database) -> None:
    assert await asked.read(calls.open_attempts) == 0


async def test_a_part_is_found_by_the_carriers_name(asked: Database) -> None:
    await asked.tx(messages.add_part, "ref", "sim", 1, "a")
    found = await asked.read(messages.part_named, "sim", "a")
    assert found is not None
    part, order_id = found
    assert (part.n, part.state, order_id) == (1, PartState.ACCEPTED, "1")
    assert await asked.read(messages.part_named, "other", "a") is None


async def test_a_part_keeps_its_first_name(asked: Database) -> None:
    for name in ("a", "b", "a"):
        await asked.tx(messages.add_part, "ref", "sim", 1, name)
    assert [part.part_id for part in await asked.read(messages.parts_of, "ref")] == ["a"]


async def test_a_name_that_is_used_again_means_the_newer_message(asked: Database) -> None:
    await asked.tx(messages.add_part, "ref", "sim", 1, "a")
    await asked.tx(_order, "2")
    await asked.tx(messages.add_attempt, "2", ref="ref2", carrier="sim")
    await asked.tx(messages.add_part, "ref2", "sim", 1, "a")
    found = await asked.read(messages.part_named, "sim", "a")
    assert found is not None
    assert found[1] == "2"


async def test_a_part_changes_alone(asked: Database) -> None:
    for n, name in ((1, "a"), (2, "b")):
        await asked.tx(messages.add_part, "ref", "sim", n, name)
    (_, second) = await asked.read(messages.parts_of, "ref")
    await asked.tx(messages.update_part, second, PartState.DELIVERED, "DELIVRD")
    states = [(part.state, part.raw) for part in await asked.read(messages.parts_of, "ref")]
    assert states == [(PartState.ACCEPTED, ""), (PartState.DELIVERED, "DELIVRD")]


async def test_who_claims_the_same_name_waits(asked: Database) -> None:
    """An answer and a receipt that are written down at once see one another's rows."""

    def claim_and_count(tx: Tx, n: int) -> int:
        messages.claim_names(tx, "sim", ["a", "b"])
        seen = len(messages.parts_of(tx, "ref"))
        messages.add_part(tx, "ref", "sim", n, f"part{n}")
        return seen

    seen = await asyncio.gather(*(asked.tx(claim_and_count, n) for n in range(1, 9)))
    assert sorted(seen) == list(range(8))


async def test_a_suppression_holds_for_its_channel_until_it_is_removed(database: Database) -> None:
    assert await database.tx(suppressions.add, "sms", "h", "STOP")
    assert not await database.tx(suppressions.add, "sms", "h", "again")
    assert await database.read(suppressions.holds, "sms", "h")
    assert not await database.read(suppressions.holds, "email", "h")
    (listed,) = await database.read(suppressions.listing)
    assert (listed.channel, listed.to_hash, listed.why) == ("sms", "h", "STOP")
    assert [await database.tx(suppressions.remove, "sms", "h") for _ in range(2)] == [True, False]
    assert not await database.read(suppressions.holds, "sms", "h")
