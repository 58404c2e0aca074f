"""Rate limits, inbox, cursors and API keys."""

from __future__ import annotations

import asyncio

from ringbolt.clock import SystemClock
from ringbolt.store import cursors, inbox, keys, rate_limits
from ringbolt.store.engine.db import Database, Tx


def take(tx: Tx, key: str = "ip:1") -> int:
    return rate_limits.take(tx, key, limit=5, period_ms=60_000)


async def test_five_of_eight_at_once_are_allowed(database: Database) -> None:
    waits = await asyncio.gather(*(database.tx(take) for _ in range(8)))
    assert waits.count(0) == 5
    assert all(11_000 < wait <= 12_000 for wait in waits if wait)


async def test_after_its_share_of_the_period_one_more_is_allowed(
    database: Database, clock: SystemClock
) -> None:
    for _ in range(6):
        wait_ms = await database.tx(take)
    clock.set_offset(wait_ms)
    assert await database.tx(take) == 0
    assert await database.tx(take) > 0


async def test_keys_do_not_count_for_each_other(database: Database) -> None:
    for _ in range(5):
        await database.tx(take)
    assert await database.tx(take, "ip:2") == 0


async def test_a_full_burst_is_back_after_the_period(
    database: Database, clock: SystemClock
) -> None:
    for _ in range(5):
        await database.tx(take)
    clock.set_offset(60_000)
    assert [await database.tx(take) == 0 for _ in range(6)] == [True] * 5 + [False]


async def test_idle_keys_are_forgotten_without_giving_anything_away(
    database: Database, clock: SystemClock
) -> None:
    await database.tx(take, "old")
    clock.set_offset(60_000)
    for _ in range(5):
        await database.tx(take, "busy")
    assert await database.tx(rate_limits.forget_idle) == 1
    assert await database.tx(take, "busy") > 0


async def test_an_event_is_accepted_once(database: Database) -> None:
    def accept(tx: Tx) -> bool:
        return inbox.accept(tx, "node", "7", {"amount_msat": 1000})

    accepted = await asyncio.gather(*(database.tx(accept) for _ in range(4)))
    assert sorted(accepted) == [False, False, False, True]


async def test_unapplied_events_wait_in_their_order(database: Database, clock: SystemClock) -> None:
    for n, (source, event) in enumerate((("sip", "b"), ("sip", "a"), ("lnd", "c"))):
        clock.set_offset(n * 1000)
        await database.tx(inbox.accept, source, event, {"n": n})
    waiting = await database.read(inbox.unapplied, "sip")
    assert [(event.event_id, event.payload) for event in waiting] == [
        ("b", {"n": 0}),
        ("a", {"n": 1}),
    ]
    assert [await database.tx(inbox.mark_applied, "sip", "b") for _ in range(2)] == [True, False]
    assert [event.event_id for event in await database.read(inbox.unapplied, "sip")] == ["a"]


async def test_a_cursor_moves(database: Database) -> None:
    assert await database.read(cursors.get, "settle_index") is None
    for value in ("1", "2"):
        await database.tx(cursors.set, "settle_index", value)
    assert await database.read(cursors.get, "settle_index") == "2"


async def test_a_key_is_found_by_its_hash_until_and_after_it_is_revoked(
    database: Database,
) -> None:
    scopes = frozenset({"voice", "orders"})
    assert await database.tx(keys.add, "rb_1", b"\x00\xff" * 16, scopes, "shop")
    assert not await database.tx(keys.add, "rb_2", b"\x00\xff" * 16, scopes)
    found = await database.read(keys.by_hash, b"\x00\xff" * 16)
    assert found is not None
    assert (found.id, found.scopes, found.label, found.revoked_ms) == ("rb_1", scopes, "shop", None)
    assert [await database.tx(keys.revoke, "rb_1") for _ in range(2)] == [True, False]
    (listed,) = await database.read(keys.listing)
    assert listed.revoked_ms is not None
    assert await database.read(keys.by_hash, b"other") is None
