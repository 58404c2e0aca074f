"""Telling those who wait in this process that something was committed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class WakeSubscription:
    """A ``Subscription`` of one channel; belongs to the event loop that waits on it."""

    def __init__(self, channel: str, subscribers: set[WakeSubscription]) -> None:
        self.channel = channel
        self._subscribers = subscribers
        self._woken = asyncio.Event()
        subscribers.add(self)

    async def wait(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._subscribers.discard(self)


class Wakes:
    """All subscriptions of one database handle."""

    def __init__(self) -> None:
        self._subscribers: set[WakeSubscription] = set()

    def listen(self, channel: str) -> WakeSubscription:
        return WakeSubscription(channel, self._subscribers)

    def wake(self, channels: Iterable[str]) -> None:
        """Wake who listens to one of ``channels``. Call on the event loop."""
        named = frozenset(channels)
        for subscriber in self._subscribers:
            if subscriber.channel in named:
                subscriber.wake()

    def wake_all(self) -> None:
        """Wake everybody: something may have been missed."""
        for subscriber in self._subscribers:
            subscriber.wake()
