"""How often the numbers of each provider got their code in this shop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ringbolt.store import success_rates
from ringbolt.store.engine.db import Database
from ringbolt.store.success_rates import Success

FRESH_MS: Final = 300_000
DAYS_MS: Final = 14 * 86_400_000
LATEST: Final = 5000
_ASSUMED: Final = Success(leases=4, delivered=3)
"""What counts beside a provider's own numbers, so that a few of them decide little."""
_LEAST_SHARE: Final = 0.05


@dataclass(slots=True)
class ProviderSuccess:
    """Read at most once in five minutes, from the latest orders."""

    _known: dict[tuple[str, str], Success] = field(default_factory=dict)
    _until_ms: int = 0

    async def refresh(self, db: Database, now_ms: int) -> None:
        if now_ms < self._until_ms:
            return
        self._until_ms = now_ms + FRESH_MS
        read = success_rates.of_providers
        self._known = await db.read(read, now_ms - DAYS_MS, LATEST)

    def share(self, provider: str, service: str) -> float:
        """The share of its numbers for a service that got their code, between 0 and 1."""
        found = self._known.get((provider, service), Success(0, 0))
        delivered = found.delivered + _ASSUMED.delivered
        return max(_LEAST_SHARE, delivered / (found.leases + _ASSUMED.leases))
