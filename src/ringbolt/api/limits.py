"""A guard in front of everything that costs us something before it is paid for.

Generic cell rate algorithm, in memory, per process: cheap enough for every request. Limits that
concern money are kept in the store.
"""

from __future__ import annotations

from collections.abc import Callable

from ringbolt.core.errors import RateLimited

_MAX_CLIENTS = 50_000


class RateGuard:
    """At most ``per_minute`` a client on average, with bursts of up to ``burst`` at once.

    ``now_s`` is a monotonic clock in seconds.
    """

    def __init__(self, per_minute: int, burst: int, now_s: Callable[[], float]) -> None:
        self._interval = 60 / per_minute
        self._window = self._interval * burst
        self._arrivals: dict[str, float] = {}
        self._now_s = now_s

    def check(self, client: str) -> None:
        """Count one request. Raises ``RateLimited`` with the seconds to wait."""
        now = self._now_s()
        due = max(self._arrivals.get(client, now), now) + self._interval
        if due - now > self._window:
            wait = due - now - self._window
            raise RateLimited(
                "Too many requests from your address.",
                suggestion="Wait a little, then repeat the request. Nothing was charged.",
                retry_after_s=max(1, round(wait + 0.5)),
            )
        if len(self._arrivals) >= _MAX_CLIENTS:
            self._forget(now)
        self._arrivals[client] = due

    def _forget(self, now: float) -> None:
        self._arrivals = {client: due for client, due in self._arrivals.items() if due > now}
        if len(self._arrivals) >= _MAX_CLIENTS:
            self._arrivals.clear()
