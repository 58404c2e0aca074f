"""Turns at the hosts of strangers: so many at once, and nobody waits long at a slow one."""

from __future__ import annotations

import asyncio
import time

from ringbolt.fetch.host_turns import LONGEST_S, PATIENCE_S, SHORTEST_S, HostTurns


async def test_so_many_at_once_to_one_host_and_others_go_on() -> None:
    turns = HostTurns(2)
    assert [await turns.take("a") for _ in range(2)] == [0, 0]
    assert await turns.take("b") == 0
    assert await turns.take("a") >= SHORTEST_S


async def test_a_turn_that_comes_soon_is_waited_for() -> None:
    turns = HostTurns(1)
    await turns.take("a")
    second = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    turns.done("a", 0.001)
    assert await second == 0


async def test_at_a_host_known_to_be_slow_nobody_waits() -> None:
    turns = HostTurns(1)
    for _ in range(5):
        await turns.take("a")
        turns.done("a", 10)
    await turns.take("a")
    began_s = time.monotonic()
    assert await turns.take("a") > 1
    assert time.monotonic() - began_s < PATIENCE_S / 2


async def test_who_comes_back_later_comes_one_after_the_other_but_within_reason() -> None:
    turns = HostTurns(1)
    for _ in range(5):
        await turns.take("a")
        turns.done("a", 10)
    await turns.take("a")
    waits = [await turns.take("a") for _ in range(20)]
    assert waits == sorted(waits)
    assert waits[0] < waits[1]
    assert max(waits) <= LONGEST_S


async def test_a_cancelled_wait_takes_no_turn() -> None:
    turns = HostTurns(1)
    await turns.take("a")
    waiting = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    turns.done("a", 0.001)
    assert await turns.take("a") == 0


async def test_hosts_are_not_remembered_for_ever() -> None:
    turns = HostTurns(1)
    await turns.take("busy")
    for n in range(3000):
        await turns.take(f"host{n}")
        turns.done(f"host{n}", 0.001)
    assert len(turns._hosts) <= 1000
    turns.done("busy", 0.001)
