"""Events that come when they like wait for the sink of whoever follows, and for their turn."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.core.errors import Unavailable
from ringbolt.upstream.pushed import PushedEvents
from support.contracts.following import stop
from support.waiting import until


class Sink:
    """Commits what it is told to, in the order in which it is."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.committed: list[str] = []
        self.may: dict[str, asyncio.Event] = {}

    async def __call__(self, batch: str) -> None:
        if not batch:
            return
        self.begun.append(batch)
        await self.may.setdefault(batch, asyncio.Event()).wait()
        self.committed.append(batch)

    def allow(self, batch: str) -> None:
        self.may.setdefault(batch, asyncio.Event()).set()


async def test_it_returns_when_the_batch_is_committed() -> None:
    events, sink = PushedEvents[str](), Sink()
    following = asyncio.ensure_future(events.follow(sink, ""))
    handing = asyncio.ensure_future(events.hand_over("one", "call"))
    await until(lambda: sink.begun)
    assert not handing.done()
    sink.allow("one")
    await handing
    assert sink.committed == ["one"]
    await stop(following)


async def test_what_is_about_one_call_waits_its_turn_and_holds_up_no_other() -> None:
    events, sink = PushedEvents[str](), Sink()
    following = asyncio.ensure_future(events.follow(sink, ""))
    reported = (("a1", "a"), ("a2", "a"), ("b1", "b"))
    handing = [asyncio.ensure_future(events.hand_over(*each)) for each in reported]
    await until(lambda: len(sink.begun) == 2)
    assert sorted(sink.begun) == ["a1", "b1"]
    for batch, _ in reported:
        sink.allow(batch)
    await asyncio.gather(*handing)
    assert sink.committed.index("a1") < sink.committed.index("a2")
    await stop(following)


async def test_nothing_is_taken_while_nobody_follows() -> None:
    events, sink = PushedEvents[str](), Sink()
    with pytest.raises(Unavailable):
        await events.hand_over("one", "call")
    following = asyncio.ensure_future(events.follow(sink, ""))
    sink.allow("two")
    await until(lambda: events._sink)
    await events.hand_over("two", "call")
    await stop(following)
    with pytest.raises(Unavailable):
        await events.hand_over("three", "call")
    assert sink.committed == ["two"]


async def test_a_sink_that_fails_is_heard_by_who_hands_over_and_holds_up_nothing() -> None:
    events = PushedEvents[str]()
    failing = True

    async def sink(batch: str) -> None:
        if batch and failing:
            raise Unavailable("the disk is full")

    following = asyncio.ensure_future(events.follow(sink, ""))
    with pytest.raises(Unavailable, match="disk"):
        await _when_followed(events, "one")
    failing = False
    await events.hand_over("one", "call")
    assert not following.done()
    await stop(following)


async def _when_followed(events: PushedEvents[str], batch: str) -> None:
    await until(lambda: events._sink)
    await events.hand_over(batch, "call")
