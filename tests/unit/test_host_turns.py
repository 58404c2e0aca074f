"""Turns at the receivers of strangers: so many at once, and nobody waits long at a slow one."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.upstream.fetch.host_turns import (
    LONGEST_S,
    SHORTEST_S,
    NoTurnError,
    Pacing,
)


async def test_so_many_at_once_to_one_host_and_others_go_on() -> None:
    turns = Pacing(2)
    assert [await turns.take("a") for _ in range(2)] == [0, 0]
    assert await turns.take("b") == 0
    assert await turns.take("a") >= SHORTEST_S


async def test_a_turn_that_comes_soon_is_waited_for() -> None:
    turns = Pacing(1)
    await turns.take("a")
    second = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    turns.done("a", 0.001)
    assert await second == 0


async def test_at_a_host_known_to_be_slow_nobody_waits() -> None:
    turns = Pacing(1)
    for _ in range(5):
        await turns.take("a")
        turns.done("a", 10)
    await turns.take("a")
    with pytest.raises(StopIteration) as at_once:
        turns.take("a").send(None)
    assert at_once.value.value > 1


async def test_who_comes_back_later_comes_one_after_the_other_but_within_reason() -> None:
    turns = Pacing(1)
    for _ in range(5):
        await turns.take("a")
        turns.done("a", 10)
    await turns.take("a")
    waits = [await turns.take("a") for _ in range(20)]
    assert waits == sorted(waits)
    assert waits[0] < waits[1]
    assert max(waits) <= LONGEST_S


async def test_a_cancelled_wait_takes_no_turn() -> None:
    turns = Pacing(1)
    await turns.take("a")
    waiting = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    turns.done("a", 0.001)
    assert await turns.take("a") == 0


async def test_hosts_are_not_remembered_for_ever() -> None:
    turns = Pacing(1)
    await turns.take("busy")
    for n in range(3000):
        await turns.take(f"host{n}")
        turns.done(f"host{n}", 0.001)
    assert len(turns._places) <= 1000
    turns.done("busy", 0.001)


async def test_a_turn_lasts_as_long_as_what_is_done_within() -> None:
    turns = Pacing(1)
    async with turns.turn("a"):
        assert await turns.take("a") >= SHORTEST_S
    assert await turns.take("a") == 0


async def test_without_a_turn_nothing_is_done() -> None:
    turns = Pacing(1)
    await turns.take("a")
    with pytest.raises(NoTurnError) as sent_away:
        async with turns.turn("a"):
            pytest.fail("it was not our turn")
    assert sent_away.value.wait_s >= SHORTEST_S


async def test_who_is_sent_away_elsewhere_gives_the_turn_back_and_counts_for_no_request() -> None:
    turns, others = Pacing(1), Pacing(1)
    await others.take("b")
    with pytest.raises(NoTurnError):
        async with turns.turn("a"), others.turn("b"):
            pytest.fail("it was not our turn")
    assert turns._places["a"].typical_s == Pacing(1)._place("a").typical_s
    assert await turns.take("a") == 0


async def test_a_cancelled_wait_for_a_second_turn_gives_the_first_back() -> None:
    turns, others = Pacing(1), Pacing(1)
    await others.take("b")

    async def both() -> None:
        async with turns.turn("a"), others.turn("b"):
            pytest.fail("it was not our turn")

    waiting = asyncio.create_task(both())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await turns.take("a") == 0
