"""Rate limits for everything that costs the shop something before it is paid for.

Generic cell rate algorithm, in memory, per process: cheap enough for every request. Limits that
concern money are kept in the store.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from ringbolt.core.errors import RateLimited

MAX_CLIENTS = 50_000
"""Clients remembered at the same time; the least recent ones are forgotten first."""

_ROUNDING_S = 1e-6


class RateGuard:
    """At most ``per_minute`` a client on average, with bursts of up to ``burst`` at once.

    ``now_s`` is a monotonic clock in seconds, ``refusal`` the sentence of a refusal. Clients are
    kept in two generations, so that forgetting costs nothing, however many addresses there are.
    """

    def __init__(
        self,
        per_minute: int,
        burst: int,
        now_s: Callable[[], float],
        refusal: str = "Too many requests from your address.",
    ) -> None:
        self._refusal = refusal
        self._interval = 60 / per_minute
        self._window = self._interval * burst + _ROUNDING_S
        self._recent: dict[str, float] = {}
        self._older: dict[str, float] = {}
        self._now_s = now_s

    def __len__(self) -> int:
        return len(self._recent) + len(self._older)

    def check(self, client: str, refusal: str = "") -> None:
        """Count one request. Raises ``RateLimited`` with the seconds to wait."""
        now = self._now_s()
        known = self._recent.get(client) or self._older.get(client, now)
        due = max(known, now) + self._interval
        if due - now > self._window:
            raise RateLimited(
                refusal or self._refusal,
                suggestion="Wait a little, then repeat the request. Nothing was charged.",
                retry_after_s=max(1, math.ceil(due - now - self._window)),
            )
        if len(self._recent) >= MAX_CLIENTS // 2 and client not in self._recent:
            self._recent, self._older = {}, self._recent
        self._recent[client] = due


class Guards:
    """How many requests one client address or account may send in a minute, by their cost.

    It may send all of them at once, after a minute without any.
    """

    def __init__(self, per_minute: Mapping[str, int], *, enabled: bool) -> None:
        self._guards = {
            cost: RateGuard(limit, limit, time.monotonic)
            for cost, limit in per_minute.items()
            if enabled
        }

    def check(self, cost: str, client: str, refusal: str = "") -> None:
        """Count one request. Raises ``RateLimited``."""
        guard = self._guards.get(cost)
        if guard is not None:
            guard.check(client, refusal)
