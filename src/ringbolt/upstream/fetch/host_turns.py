"""Concurrency limits per receiver, so that a slow one does not block the others.

Concurrent requests are limited per receiver (host, port and path), and per machine to a multiple of
that. So a dead path on a shared host does not block the others, and one machine cannot use all
connections by having many names. If the receiver is fast, a request waits briefly for its turn; if
it is slow, ``NoTurnError`` says when to try again.
"""

from __future__ import annotations

import asyncio
import time

PATIENCE_S = 0.1
"""The longest time that a request waits for its turn."""
SHORTEST_S = 0.05
LONGEST_S = 30.0
_FIRST_GUESS_S = 0.05
_WEIGHT = 0.2
"""Weight of the latest request in the moving average of durations."""
_MANY = 1000


class NoTurnError(Exception):
    """Too many requests are in flight; try again in ``wait_s`` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"no turn for {wait_s:.1f} s")
        self.wait_s = wait_s


class _Place:
    __slots__ = ("at_it", "booked_s", "slots", "typical_s", "waiting")

    def __init__(self, slots: int) -> None:
        self.slots = asyncio.Semaphore(slots)
        self.at_it = 0
        self.waiting = 0
        self.typical_s = _FIRST_GUESS_S
        self.booked_s = 0.0  # time.monotonic: its turns are reserved until then


class Pacing:
    """``at_once`` concurrent requests under one name. Belongs to one event loop."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._places: dict[str, _Place] = {}

    def turn(self, name: str) -> _Turn:
        """``async with``: the body runs in a turn. Raises ``NoTurnError``; if the body raises it,
        because another turn was not available, no request was made."""
        return _Turn(self, name)

    async def take(self, name: str) -> float:
        """0.0 if the caller has a turn until ``done`` or ``release``; else in how many seconds to
        try again."""
        place = self._place(name)
        if not await self._acquire(place):
            return self._book(place)
        place.at_it += 1
        return 0.0

    def done(self, name: str, took_s: float) -> None:
        """The request of a turn has ended."""
        place = self._places[name]
        place.typical_s += _WEIGHT * (took_s - place.typical_s)
        self.release(name)

    def release(self, name: str) -> None:
        """The turn was not used for a request."""
        place = self._places[name]
        place.at_it -= 1
        place.slots.release()

    async def _acquire(self, place: _Place) -> bool:
        if place.slots.locked():
            if (place.waiting + 1) * place.typical_s / self._at_once > PATIENCE_S:
                return False
            return await self._wait(place)
        return await place.slots.acquire()

    async def _wait(self, place: _Place) -> bool:
        place.waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await place.slots.acquire()
        except TimeoutError:
            # It became slow, but the average shows that only when the running requests end.
            place.typical_s = max(place.typical_s, PATIENCE_S * self._at_once)
            return False
        finally:
            place.waiting -= 1

    def _book(self, place: _Place) -> float:
        now_s = time.monotonic()
        booked_s = max(place.booked_s, now_s) + place.typical_s / self._at_once
        place.booked_s = min(booked_s, now_s + LONGEST_S)
        return max(SHORTEST_S, place.booked_s - now_s)

    def _place(self, name: str) -> _Place:
        place = self._places.get(name)
        if place is None:
            if len(self._places) >= _MANY:
                self._forget_idle()
            place = self._places[name] = _Place(self._at_once)
        return place

    def _forget_idle(self) -> None:
        self._places = {
            name: place for name, place in self._places.items() if place.at_it or place.waiting
        }


class _Turn:
    __slots__ = ("_began_s", "_name", "_turns")

    def __init__(self, turns: Pacing, name: str) -> None:
        self._turns = turns
        self._name = name

    async def __aenter__(self) -> None:
        wait_s = await self._turns.take(self._name)
        if wait_s:
            raise NoTurnError(wait_s)
        self._began_s = time.monotonic()

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is NoTurnError:
            self._turns.release(self._name)
        else:
            self._turns.done(self._name, time.monotonic() - self._began_s)
