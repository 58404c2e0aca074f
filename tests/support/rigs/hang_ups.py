"""A call that its buyer hangs up at a chosen moment, while its workers die or lose their leases,
and its carriers may be out of reach."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.store import jobs
from ringbolt.store.keys import ApiKey
from ringbolt.voice.carrier import CallSnapshot, EventBatch, PlaceCall, PlaceResult
from ringbolt.voice.memory.carrier import RINGS
from support.named_parts import NamedCarrier
from support.parts import simulated
from support.rigs.balance_calls import Caller, assert_promise_kept
from support.rigs.calls import CallProcess, CallWorld
from support.rigs.fate import Died, Fate

T = TypeVar("T")
SOON_MS = 45_000
"""A hang-up reaches the carrier within this, with a lost lease and an outage in between. Nothing
else ends a call here sooner: phones ring for ever, and a call is first checked after minutes."""
OUTAGE_MS = 10_000
NEVER = 1000
"""No worker has so many outside effects."""


class RingingCarrier(NamedCarrier):
    """Its phones ring until the call is hung up. Before ``down_until_ms`` it takes calls, and
    answers nothing else."""

    def __init__(self, name: str, clock: SystemClock, recovery: Recovery) -> None:
        super().__init__(name, clock, recovery)
        self.life = RINGS
        self.obeys = True
        self.down_until_ms = 0
        self._time = clock

    async def hang_up(self, ref: str) -> None:
        self._check()
        await super().hang_up(ref)

    async def find(self, ref: str) -> CallSnapshot | None:
        self._check()
        return await super().find(ref)

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        self._check()
        await super().follow(cursor, sink)

    def _check(self) -> None:
        if self._time.now_ms() < self.down_until_ms:
            raise Unavailable("The carrier does not answer.")

    @property
    def ringing(self) -> list[str]:
        """The calls that are up."""
        return [ref for ref in self.rings if not self.events_of(ref)[-1].status.is_final]

    @property
    def last_ended_ms(self) -> int:
        """When the last call ended; 0 if none did."""
        return max((event.at_ms for event in self.log if event.status.is_final), default=0)


Answer = Callable[[RingingCarrier], PlaceResult | Callable[[PlaceCall], PlaceResult]]
ANSWERS: dict[str, Answer | None] = {
    "accepted": None,
    "answer lost": lambda carrier: carrier.lost,
    "request lost": lambda _: Unknown("the request was lost"),
    "refused for now": lambda _: Rejected("all lines are busy", permanent=False),
    "refused, but rings": lambda carrier: carrier.lie,
}
"""What a carrier answers to its first request."""


class HangsUp(Fate):
    """The fate of a worker: right before its ``hang_up_at``-th outside effect the buyer hangs up,
    and at its ``at``-th it ends as ``kind`` says."""

    def __init__(
        self, hang_up: Callable[[], Awaitable[None]], hang_up_at: int, at: int, kind: str
    ) -> None:
        super().__init__(at, kind)
        self._hang_up = hang_up
        self._hang_up_at = hang_up_at

    async def effect(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        if len(self.seen) + 1 == self._hang_up_at:
            await self._hang_up()
        return await super().effect(name, act)


class HungUpCall:
    """One call of ``key``, which ``carriers`` are asked for in turn."""

    _names = count()

    def __init__(self, world: CallWorld, key: ApiKey, *carriers: RingingCarrier) -> None:
        self.world = world
        self.caller = Caller(world, key, f"call-{next(self._names)}")
        self.carriers = carriers
        self.outage_ms = 0
        self.hung_up_ms: int | None = None

    def process(self, fate: Fate | None = None) -> CallProcess:
        self.world.carrier = self.carriers[0]  # the one that may die while it is asked
        process = self.world.process(fate)
        if len(self.carriers) > 1:
            process.shop = replace(
                process.shop, carriers=simulated(self.world.clock, *self.carriers)
            )
        return process

    async def hang_up(self) -> None:
        """The buyer hangs up, and the carriers are out of reach from then on."""
        await self.caller.hang_up(self.process())
        if self.hung_up_ms is None:
            self.hung_up_ms = self.world.clock.now_ms()
            for carrier in self.carriers:
                carrier.down_until_ms = self.hung_up_ms + self.outage_ms

    async def run(self, hang_up_at: int, at: int = 0, kind: str = "") -> list[str]:
        """Place it, and work until it is over; returns the first worker's outside effects."""
        await self.caller.place(self.process())
        fate = HangsUp(self.hang_up, hang_up_at, at, kind)
        worker = self.process(fate)
        working = asyncio.ensure_future(worker.settle_down())
        if kind == "pause":
            await _until_it_stands(worker, working)
            await self._finish()
            fate.go_on.set()
        with suppress(jobs.LeaseLost, Died):
            await working
        if kind != "pause":
            await self.world.db.tx(jobs.release_all)
        await self._finish()
        return fate.seen

    async def _finish(self) -> None:
        if self.hung_up_ms is None:
            await self.hang_up()
        process = self.process()
        await process.work()
        # Without a job to wait for, the clock stands still, and an outage never ends.
        self.world.pass_ms(self.outage_ms)
        await process.work()

    async def assert_hung_up(self) -> None:
        """Nobody's phone rings, it stopped soon, and nothing was charged."""
        assert self.hung_up_ms is not None
        for carrier in self.carriers:
            assert carrier.ringing == [], "a phone rings on"
            assert carrier.last_ended_ms - self.hung_up_ms <= SOON_MS, "it rang on for long"
        order = await assert_promise_kept(self.world, self.caller)
        assert order.state is OrderState.RETURNED
        assert (await self.caller.call()).status is CallStatus.CANCELED


async def _until_it_stands(worker: CallProcess, working: asyncio.Future[None]) -> None:
    """Until the worker stands still, and its leases are lost, or it has nothing to do."""
    standing = asyncio.ensure_future(worker.fate.stands_still.wait())
    either: set[asyncio.Future[Any]] = {working, standing}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    standing.cancel()
    if worker.fate.stands_still.is_set():
        await worker.lose_lease()
