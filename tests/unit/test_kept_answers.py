"""Answers of a provider that are kept: who asks for the first one together asks once."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.numbers.handler_api.kept import AT_ONCE, MOST, Kept


async def test_who_asks_at_once_waits_for_the_same_answer() -> None:
    kept: Kept[int] = Kept(SystemClock(), 60_000)
    is_there, asked = asyncio.Event(), 0

    async def fetch() -> int:
        nonlocal asked
        asked += 1
        await is_there.wait()
        return 7

    waiting = [asyncio.create_task(kept.get("prices", fetch)) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    is_there.set()

    assert await asyncio.gather(*waiting[1:]) == [7] * 19
    assert asked == 1
    await kept.close()


async def test_a_failure_is_everybodys_and_the_next_one_asks_anew() -> None:
    kept: Kept[int] = Kept(SystemClock(), 60_000)
    answers = iter([None, 7])

    async def fetch() -> int:
        await asyncio.sleep(0)
        answer = next(answers)
        if answer is None:
            raise Unavailable("The provider does not answer.")
        return answer

    failed = await asyncio.gather(
        kept.get("prices", fetch), kept.get("prices", fetch), return_exceptions=True
    )
    assert [type(each) for each in failed] == [Unavailable, Unavailable]
    assert await kept.get("prices", fetch) == 7
    with pytest.raises(StopIteration):
        next(answers)
    await kept.close()


async def test_strangers_who_ask_for_everything_fill_neither_queue_nor_memory() -> None:
    kept: Kept[int] = Kept(SystemClock(), 60_000)
    may_go, begun = asyncio.Event(), 0

    async def fetch() -> int:
        nonlocal begun
        begun += 1
        await may_go.wait()
        raise Unavailable("The provider does not answer.")

    for hours in range(2 * AT_ONCE):
        kept.look(hours, fetch)
    await asyncio.sleep(0)
    assert begun == AT_ONCE
    may_go.set()
    for hours in range(3 * MOST):
        kept.look(hours, fetch)
        await asyncio.sleep(0)

    assert begun > 2 * MOST
    assert len(kept._due_ms) <= MOST
    await kept.close()
