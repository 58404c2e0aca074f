"""An idea of what satoshis are worth in money, beside prices. Nothing is charged by it.

The rate is the operator's own figure, or comes from an address that the operator names. That is
asked while pages are read, at most once in a while, and never makes a page wait. A rate that is too
old is not shown.
"""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import structlog

from ringbolt.clock import Clock
from ringbolt.settings.web import FiatSettings
from ringbolt.upstream.exchange import Answer
from ringbolt.upstream.http import HttpClient
from ringbolt.web.formats import money
from ringbolt.web.i18n import _

log = structlog.get_logger("ringbolt.web")

MOST_BYTES: Final = 256 * 1024
_SATS: Final = Decimal(100_000_000)
_MOST: Final = Decimal(10) ** 12


class FiatHint:
    """Says sums in the currency of the settings; nothing without a rate."""

    def __init__(self, settings: FiatSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._rate = Decimal(str(settings.per_bitcoin))
        self._known_ms: int | None = None
        self._asked_ms: int | None = None
        self._asking: asyncio.Task[None] | None = None

    def __call__(self, sats: int) -> str:
        """``about €0.18``; '' if there is no rate, or none that is fresh enough."""
        if not self._settings.is_shown:
            return ""
        if self._settings.url:
            self._refresh()
        if not self._is_fresh():
            return ""
        return _("about %(sum)s", sum=money(sats * self._rate / _SATS, self._settings.currency))

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()

    def _is_fresh(self) -> bool:
        if not self._settings.url:
            return True
        stale_ms = self._settings.stale_s * 1000
        return self._known_ms is not None and self._clock.now_ms() - self._known_ms < stale_ms

    def _refresh(self) -> None:
        """Ask for the rate in the background, if it is time to."""
        now_ms = self._clock.now_ms()
        is_asked = self._asking is not None and not self._asking.done()
        due_ms = 0 if self._asked_ms is None else self._asked_ms + self._settings.refresh_s * 1000
        if not is_asked and now_ms >= due_ms:
            self._asked_ms = now_ms
            self._asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        client = HttpClient(max_bytes=MOST_BYTES)
        try:
            answer = await client.ask("GET", self._settings.url)
        finally:
            await client.close()
        if not isinstance(answer, Answer) or answer.status != 200:
            log.warning("the source of the fiat rate does not answer", reason=str(answer)[:200])
            return
        rate = rate_in(answer.body, self._settings.path)
        if rate is None:
            log.warning("the answer of the fiat rate's source holds no rate at fiat.path")
            return
        self._rate, self._known_ms = rate, self._clock.now_ms()


def rate_in(body: bytes, path: str) -> Decimal | None:
    """The number at ``path`` of a JSON document, which may be written as text; None if there is
    none, or it is no price."""
    try:
        found: Any = json.loads(body, parse_float=Decimal)
        for step in path.split(".") if path else ():
            found = found[int(step)] if isinstance(found, list) else found[step]
        rate = Decimal(found)
    except (ValueError, TypeError, LookupError, InvalidOperation, RecursionError):
        return None
    is_price = not isinstance(found, bool) and rate.is_finite() and 0 < rate <= _MOST
    return rate if is_price else None
