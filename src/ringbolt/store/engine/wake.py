"""Wakes tasks of this process that wait for a commit on a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class WakeSubscription:
    """A ``Subscription`` of one channel; belongs to the event loop that waits on it."""

    def __init__(self, channel: str, subscribers: dict[str, set[WakeSubscription]]) -> None:
        self._channel = channel
        self._subscribers = subscribers
        self._woken = asyncio.Event()
        subscribers.setdefault(channel, set()).add(self)

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
        others = self._subscribers.get(self._channel, set())
        others.discard(self)
        if not others:
            self._subscribers.pop(self._channel, None)


class Wakes:
    """All subscriptions of one database handle."""

    def __init__(self) -> None:
        # Indexed by channel: thousands of tasks may wait, each for its own order, and a commit
        # must find the few to wake quickly.
        self._subscribers: dict[str, set[WakeSubscription]] = {}

    def listen(self, channel: str) -> WakeSubscription:
        return WakeSubscription(channel, self._subscribers)

    def wake(self, channels: Iterable[str]) -> None:
        """Wake the subscribers of ``channels``. Call on the event loop."""
        for channel in channels:
            for subscriber in self._subscribers.get(channel, ()):
                subscriber.wake()

    def wake_all(self) -> None:
        """Wake all subscribers, because a wake may have been missed."""
        for subscribers in self._subscribers.values():
            for subscriber in subscribers:
                subscriber.wake()
