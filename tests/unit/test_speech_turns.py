"""Whose text is spoken next: a call's before a preview's, and within a kind who came first."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.core.errors import SpeechBusy
from ringbolt.speech.turns import MAX_PREVIEWS, SpeechTurns
from support.waiting import until


class Stage:
    """Speakers in their order; each speaks until it is told to stop."""

    def __init__(self, turns: SpeechTurns) -> None:
        self.turns = turns
        self.spoken: list[str] = []
        self.stops: dict[str, asyncio.Event] = {}

    async def enter(self, name: str, *, preview: bool = False) -> asyncio.Task[None]:
        self.stops[name] = asyncio.Event()
        task = asyncio.create_task(self._speak(name, preview))
        await asyncio.sleep(0)
        return task

    async def _speak(self, name: str, preview: bool) -> None:
        async with self.turns.turn(preview=preview):
            self.spoken.append(name)
            await self.stops[name].wait()

    def stop_all(self) -> None:
        for stop in self.stops.values():
            stop.set()


async def test_a_call_goes_before_every_preview_that_waits() -> None:
    stage = Stage(SpeechTurns(1, 10))
    tasks = [
        await stage.enter("first preview", preview=True),
        await stage.enter("second preview", preview=True),
        await stage.enter("first call"),
        await stage.enter("second call"),
    ]
    stage.stop_all()
    await asyncio.gather(*tasks)

    assert stage.spoken == ["first preview", "first call", "second call", "second preview"]


async def test_only_so_many_previews_wait_and_calls_come_in_all_the_same() -> None:
    stage = Stage(SpeechTurns(1, 10))
    tasks = [await stage.enter(f"preview {n}", preview=True) for n in range(MAX_PREVIEWS + 1)]

    with pytest.raises(SpeechBusy):
        await (await stage.enter("one too many", preview=True))
    tasks.append(await stage.enter("call"))
    stage.stop_all()
    await asyncio.gather(*tasks)

    assert stage.spoken[1] == "call"


async def test_who_waits_too_long_is_refused_and_loses_nobody_a_turn() -> None:
    turns = SpeechTurns(1, 0.05)
    stage = Stage(turns)
    speaking = await stage.enter("speaking")
    waiting = await stage.enter("waiting")

    with pytest.raises(SpeechBusy) as raised:
        await waiting
    stage.stop_all()
    await speaking

    assert raised.value.retryable
    await assert_can_still_speak(turns)


async def test_who_leaves_while_waiting_or_in_the_moment_of_its_turn_takes_none_with_it() -> None:
    turns = SpeechTurns(1, 10)
    stage = Stage(turns)
    speaking = await stage.enter("speaking")
    waiting = await stage.enter("waiting")
    lucky = await stage.enter("lucky")

    waiting.cancel()
    await asyncio.sleep(0)
    stage.stops["speaking"].set()
    await asyncio.sleep(0)  # the turn has just been handed on
    lucky.cancel()
    await asyncio.gather(speaking, waiting, lucky, return_exceptions=True)

    await assert_can_still_speak(turns)


async def assert_can_still_speak(turns: SpeechTurns) -> None:
    stage = Stage(turns)
    speaking = await stage.enter("next", preview=True)
    await until(lambda: stage.spoken)
    stage.stop_all()
    await speaking

    assert stage.spoken == ["next"]
