"""Turns at the hosts of strangers, so that a slow one takes nobody else's place.

So many requests go to one host at once. A quick host is worth waiting for; whoever would wait
long at a slow one is told when to come back, and does something else meanwhile.
"""

from __future__ import annotations

import asyncio
import time

PATIENCE_S = 0.1
"""How long a turn is waited for, at most."""
SHORTEST_S = 0.05
LONGEST_S = 30.0
_FIRST_GUESS_S = 0.05
_WEIGHT = 0.2
"""Of the latest request in what a request to a host typically takes."""
_MANY_HOSTS = 1000


class _Host:
    __slots__ = ("at_it", "booked_s", "slots", "typical_s", "waiting")

    def __init__(self, slots: int) -> None:
        self.slots = asyncio.Semaphore(slots)
        self.at_it = 0
        self.waiting = 0
        self.typical_s = _FIRST_GUESS_S
        self.booked_s = 0.0  # of time.monotonic: until then its turns are promised


class HostTurns:
    """``per_host`` requests to one host at once. Belongs to one event loop."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._hosts: dict[str, _Host] = {}

    async def take(self, name: str) -> float:
        """0.0: it is your turn, until ``done``. Else come back in so many seconds."""
        host = self._host(name)
        if not await self._acquire(host):
            return self._book(host)
        host.at_it += 1
        return 0.0

    def done(self, name: str, took_s: float) -> None:
        """The request that had its turn is over."""
        host = self._hosts[name]
        host.at_it -= 1
        host.typical_s += _WEIGHT * (took_s - host.typical_s)
        host.slots.release()

    async def _acquire(self, host: _Host) -> bool:
        if host.slots.locked():
            if (host.waiting + 1) * host.typical_s / self._per_host > PATIENCE_S:
                return False
            return await self._wait(host)
        return await host.slots.acquire()

    async def _wait(self, host: _Host) -> bool:
        host.waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await host.slots.acquire()
        except TimeoutError:
            # It became slow, and those at it will say so only when they are through.
            host.typical_s = max(host.typical_s, PATIENCE_S * self._per_host)
            return False
        finally:
            host.waiting -= 1

    def _book(self, host: _Host) -> float:
        now_s = time.monotonic()
        booked_s = max(host.booked_s, now_s) + host.typical_s / self._per_host
        host.booked_s = min(booked_s, now_s + LONGEST_S)
        return max(SHORTEST_S, host.booked_s - now_s)

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= _MANY_HOSTS:
                self._forget_idle()
            host = self._hosts[name] = _Host(self._per_host)
        return host

    def _forget_idle(self) -> None:
        busy = {name: host for name, host in self._hosts.items() if host.at_it or host.waiting}
        self._hosts = busy
