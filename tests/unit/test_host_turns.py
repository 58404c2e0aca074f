"""Turns at the receivers of strangers: so many at once, and nobody waits long at a slow one."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.fetch.host_turns import (
    LONGEST_S,
    SHORTEST_S,
    ReceiverTurns,
    Turns,
)


async def test_so_many_at_once_to_one_host_and_others_go_on() -> None:
    turns = Turns(2)
    assert [await turns.take("a") for _ in range(2)] == [0, 0]
    assert await turns.take("b") == 0
    assert await turns.take("a") >= SHORTEST_S


async def test_a_turn_that_comes_soon_is_waited_for() -> None:
    turns = Turns(1)
    await turns.take("a")
    second = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    turns.done("a", 0.001)
    assert await second == 0


async def test_at_a_host_known_to_be_slow_nobody_waits() -> None:
    turns = Turns(1)
    for _ in range(5):
        await turns.take("a")
        turns.done("a", 10)
    await turns.take("a")
    with pytest.raises(StopIteration) as at_once:
        turns.take("a").send(None)
    assert at_once.value.value > 1


async def test_who_comes_back_later_comes_one_after_the_other_but_within_reason() -> None:
    turns = Turns(1)
    for _ in range(5):
        await turns.take("a")
        turns.done("a", 10)
    await turns.take("a")
    waits = [await turns.take("a") for _ in range(20)]
    assert waits == sorted(waits)
    assert waits[0] < waits[1]
    assert max(waits) <= LONGEST_S


async def test_a_cancelled_wait_takes_no_turn() -> None:
    turns = Turns(1)
    await turns.take("a")
    waiting = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    turns.done("a", 0.001)
    assert await turns.take("a") == 0


async def test_hosts_are_not_remembered_for_ever() -> None:
    turns = Turns(1)
    await turns.take("busy")
    for n in range(3000):
        await turns.take(f"host{n}")
        turns.done(f"host{n}", 0.001)
    assert len(turns._places) <= 1000
    turns.done("busy", 0.001)


async def test_a_full_receiver_leaves_the_others_of_its_host_their_turns() -> None:
    turns = ReceiverTurns(1, 3)
    assert await turns.take("host:443", "/dead") == 0
    assert await turns.take("host:443", "/dead") >= SHORTEST_S
    assert await turns.take("host:443", "/well") == 0
    assert await turns.take("other:443", "/dead") == 0


async def test_a_host_has_its_bound_however_many_receivers_it_has() -> None:
    turns = ReceiverTurns(1, 3)
    waits = [await turns.take("host:443", f"/{n}") for n in range(5)]
    assert [wait > 0 for wait in waits] == [False, False, False, True, True]
    assert await turns.take("other:443", "/0") == 0


async def test_who_is_sent_away_by_the_host_takes_no_turn_of_the_receiver() -> None:
    turns = ReceiverTurns(1, 1)
    await turns.take("host:443", "/a")
    assert await turns.take("host:443", "/b") > 0
    turns.done("host:443", "/a", 0.001)
    assert await turns.take("host:443", "/b") == 0


async def test_a_wait_for_the_host_that_is_cancelled_takes_no_turn() -> None:
    turns = ReceiverTurns(1, 1)
    await turns.take("host:443", "/a")
    waiting = asyncio.create_task(turns.take("host:443", "/b"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    turns.done("host:443", "/a", 0.001)
    assert await turns.take("host:443", "/b") == 0
