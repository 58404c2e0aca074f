"""Figures at a scrape."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ringbolt.api.operator.metrics import Metrics
from ringbolt.clock import SystemClock
from ringbolt.store import figures
from ringbolt.store.figures import Figures
from support.parts import simulated


class Store:
    """Answers each scrape with the next of ``figures``."""

    def __init__(self, *figures: Figures) -> None:
        self._figures = list(figures)

    async def read(self, fn: object, *_: object) -> Any:
        return self._figures.pop(0) if fn is figures.snapshot else []


def shop_of(store: Store) -> Any:
    none = simulated(SystemClock())
    return SimpleNamespace(
        db=store,
        nodes=none,
        carriers=none,
        sms_carriers=none,
        number_providers=none,
        own_numbers=None,
        mailers=none,
        speaker=None,
    )


async def test_jobs_that_are_gone_are_not_shown_any_more() -> None:
    store = Store(Figures({}, {("dispatch", "due"): 5}, 0), Figures({}, {}, 0))
    metrics = Metrics(shop_of(store))

    before, after = await metrics.exposition({}), await metrics.exposition({})

    assert b'lane="dispatch",state="due"} 5.0' in before
    assert b'lane="dispatch"' not in after
