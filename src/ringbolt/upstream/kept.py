"""Idle outgoing connections, kept for the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from ringbolt.upstream.connection import Connection


class KeptConnections:
    """Idle connections, by where they lead; each is closed after ``idle_s``."""

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._idle: dict[Hashable, list[Connection]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def take(self, place: Hashable) -> Connection | None:
        """The one used last, which the far end is least likely to close just now."""
        idle = self._idle.get(place)
        now_s = asyncio.get_running_loop().time()
        while idle:
            connection = idle.pop()
            if connection.is_usable and now_s - connection.idle_since_s < self._idle_s:
                return connection
            connection.abort()
        return None

    def keep(self, place: Hashable, connection: Connection) -> None:
        if self._is_closed or not connection.may_be_kept:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since_s = loop.time()
        self._idle.setdefault(place, []).append(connection)
        if self._timer is None:
            self._timer = loop.call_later(self._idle_s, self._close_old)

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        oldest_s = loop.time() - self._idle_s
        for place, connections in list(self._idle.items()):
            young = [each for each in connections if each.idle_since_s > oldest_s]
            for each in connections:
                if each.idle_since_s <= oldest_s:
                    each.abort()
            if young:
                self._idle[place] = young
            else:
                del self._idle[place]
        again = bool(self._idle)
        self._timer = loop.call_later(self._idle_s, self._close_old) if again else None

    def close(self) -> None:
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for connections in self._idle.values():
            for each in connections:
                each.abort()
        self._idle.clear()
