"""Rate limits for everything that costs the shop something before it is paid for.

Generic cell rate algorithm, in memory, per process: cheap enough for every request. Limits that
concern money are kept in the store.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from ringbolt.api.kit.http import Header
from ringbolt.core.errors import RateLimited

MAX_CLIENTS = 50_000
"""Clients remembered at the same time; the least recent ones are forgotten first."""

_ROUNDING_S = 1e-6
_HEADERS = (("ratelimit_policy", b"ratelimit-policy"), ("ratelimit", b"ratelimit"))


class RateGuard:
    """At most ``per_minute`` a client on average, with bursts of up to ``burst`` at once.

    ``now_s`` is a monotonic clock in seconds, ``refusal`` the sentence of a refusal. Clients are
    kept in two generations, so that forgetting costs nothing, however many addresses there are.
    ``name`` is the policy's in RateLimit headers (draft-ietf-httpapi-ratelimit-headers).
    """

    def __init__(
        self,
        per_minute: int,
        burst: int,
        now_s: Callable[[], float],
        refusal: str = "Too many requests from your address.",
        name: str = "requests",
    ) -> None:
        self._refusal = refusal
        self._name = name
        self._policy = f'"{name}";q={burst};w={math.ceil(60 * burst / per_minute)}'
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
                **self._standing(known, now),
            )
        if len(self._recent) >= MAX_CLIENTS // 2 and client not in self._recent:
            self._recent, self._older = {}, self._recent
        self._recent[client] = due

    def standing(self, client: str) -> list[Header]:
        """How many requests the client may still send at once, and in how many seconds all."""
        now = self._now_s()
        known = self._recent.get(client) or self._older.get(client, now)
        return limit_headers(self._standing(known, now))

    def _standing(self, known: float, now: float) -> dict[str, Any]:
        busy_s = max(0.0, known - now)
        left = max(0, int((self._window - busy_s) / self._interval))
        return {
            "ratelimit_policy": self._policy,
            "ratelimit": f'"{self._name}";r={left};t={math.ceil(busy_s)}',
        }


def limit_headers(params: Mapping[str, object]) -> list[Header]:
    """The RateLimit headers that a refusal of a guard carries in its ``params``."""
    return [(name, str(params[key]).encode()) for key, name in _HEADERS if key in params]


class Guards:
    """How many requests one client address or account may send in a minute, by their cost.

    It may send all of them at once, after a minute without any.
    """

    def __init__(self, per_minute: Mapping[str, int], *, enabled: bool) -> None:
        self._guards = {
            cost: RateGuard(limit, limit, time.monotonic, name=cost)
            for cost, limit in per_minute.items()
            if enabled
        }

    def check(self, cost: str, client: str, refusal: str = "") -> None:
        """Count one request. Raises ``RateLimited``."""
        guard = self._guards.get(cost)
        if guard is not None:
            guard.check(client, refusal)

    def standing(self, cost: str, client: str) -> list[Header]:
        """The RateLimit headers of an answer; none where there is no limit."""
        guard = self._guards.get(cost)
        return [] if guard is None else guard.standing(client)
