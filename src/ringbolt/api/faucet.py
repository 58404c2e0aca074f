"""A sandbox's play money for strangers: how much of it each client address may pay.

Kept in memory, for one process: a sandbox runs on SQLite with its world inside.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from ringbolt.api.kit.limits import MAX_CLIENTS, RateGuard
from ringbolt.core.errors import InvalidInput, RateLimited
from ringbolt.core.lightning import bolt11
from ringbolt.core.pricing.money import sats_up
from ringbolt.settings.simulator import SandboxSettings

_DAY_MS: Final = 86_400_000


class Faucet:
    """``now_ms``: the time, ms UTC, by which days begin."""

    def __init__(self, settings: SandboxSettings, now_ms: Callable[[], int]) -> None:
        self._most_sats = settings.sats_per_day
        self._now_ms = now_ms
        self._day = 0
        self._spent: dict[str, int] = {}
        per_minute = settings.requests_per_minute
        self._guard = RateGuard(per_minute, per_minute, time.monotonic)

    def check(self, client: str) -> None:
        """Count a request to the wallet. Raises ``RateLimited``."""
        self._guard.check(client)

    def left_sats(self, client: str) -> int:
        """What the client may still pay today."""
        self._turn_day()
        return self._most_sats - self._spent.get(client, 0)

    def take(self, client: str, invoice: str, amount_sats: int = 0) -> None:
        """Count what an invoice asks for, or ``amount_sats`` where it names no amount. A payment
        that comes back stays counted. Raises ``RateLimited``, and ``InvalidInput`` for what is no
        invoice."""
        sats = max(_sats_of(invoice), amount_sats)
        if sats > self.left_sats(client):
            raise RateLimited(
                f"The sandbox pays at most {self._most_sats} sats of play money a day for one "
                "address.",
                suggestion="Come back after midnight UTC, or run a shop of your own: make run.",
                retry_after_s=self._until_midnight_s(),
            )
        if client not in self._spent and len(self._spent) >= MAX_CLIENTS:
            raise RateLimited(
                "The sandbox has paid for as many addresses today as it remembers.",
                suggestion="Come back after midnight UTC.",
                retry_after_s=self._until_midnight_s(),
            )
        self._spent[client] = self._spent.get(client, 0) + sats

    def _turn_day(self) -> None:
        day = self._now_ms() // _DAY_MS
        if day != self._day:
            self._day, self._spent = day, {}

    def _until_midnight_s(self) -> int:
        return (_DAY_MS - self._now_ms() % _DAY_MS) // 1000 + 1


def _sats_of(invoice: str) -> int:
    try:
        return sats_up(bolt11.decode(invoice).amount_msat or 0)
    except bolt11.Bolt11Error as error:
        raise InvalidInput(
            f"This is not a Lightning invoice: {error}.",
            code="INVALID_INVOICE",
            suggestion="Paste the invoice that the shop has answered.",
        ) from None
