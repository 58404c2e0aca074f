"""How calls end by destination, as the rate card names them."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.core.pricing.rates import RateCard
from ringbolt.store import destination_figures
from ringbolt.store.engine.db import Tx

DAYS: Final = 7
_DAY_MS: Final = 86_400_000
_MOST_ORDERS: Final = 100_000


def report_destinations(tx: Tx, rates: RateCard) -> list[dict[str, Any]]:
    """A document for each rate that calls of the last days fell under, the most called first."""
    found: dict[str, list[int]] = {}
    names: dict[str, str] = {}
    since_ms = tx.now_ms - DAYS * _DAY_MS
    for each in destination_figures.of_calls(tx, since_ms, _MOST_ORDERS):
        rate = rates.rate_for(each.prefix)
        prefix = "" if rate is None else rate.prefix
        names[prefix] = "no rate any more" if rate is None else rate.label or f"+{rate.prefix}"
        sums = found.setdefault(prefix, [0, 0, 0])
        for at, count in enumerate((each.calls, each.answered, each.delivered)):
            sums[at] += count
    documents = [
        {
            "prefix": prefix,
            "name": names[prefix],
            "days": DAYS,
            "calls": calls,
            "answered_percent": round(100 * answered / calls, 1),
            "success_percent": round(100 * delivered / calls, 1),
        }
        for prefix, (calls, answered, delivered) in found.items()
    ]
    return sorted(documents, key=lambda each: (-int(str(each["calls"])), str(each["prefix"])))
