"""Figures at a scrape."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from ringbolt.api.operator.metrics import Metrics
from ringbolt.store.figures import Figures


class Store:
    """Answers each scrape with the next of ``figures``."""

    def __init__(self, *figures: Figures) -> None:
        self._figures = list(figures)

    async def read(self, _: object) -> Figures:
        return self._figures.pop(0)


async def test_jobs_that_are_gone_are_not_shown_any_more() -> None:
    store = Store(Figures({}, {("dispatch", "due"): 5}, 0), Figures({}, {}, 0))
    metrics = Metrics(cast(Any, SimpleNamespace(db=store)))

    before, after = await metrics.exposition({}), await metrics.exposition({})

    assert b'lane="dispatch",state="due"} 5.0' in before
    assert b'lane="dispatch"' not in after
