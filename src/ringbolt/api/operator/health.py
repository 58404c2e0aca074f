"""Monitoring: whether the process and its parts answer, and figures for Prometheus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ringbolt import __version__
from ringbolt.api.kit.dialect import problem_response
from ringbolt.api.kit.family import Family
from ringbolt.api.kit.problem import problem_document
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.operator.metrics import CONTENT_TYPE, Metrics, speech_memory
from ringbolt.app.shop import Shop
from ringbolt.core.errors import RingboltError
from ringbolt.store import health
from ringbolt.store.engine.db import Database

Connected = Callable[[], dict[str, bool]]
"""Which far ends answer, by part; empty without a worker (``serve --no-worker``)."""

_NOT_READY: Final = "NOT_READY"
_WITHIN_S: Final = 5.0
_OWN_NUMBERS: Final = "inbound"


class StoreProbe:
    """Whether the database takes a small write; asked at most every ``every_s`` seconds."""

    every_s: float = 5.0

    def __init__(self, db: Database, now_s: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._now_s = now_s
        self._due_s = -1.0
        self._fault = ""
        self._probing = asyncio.Lock()

    async def fault(self) -> str:
        """Why the last write failed, '' if it did not."""
        async with self._probing:
            if self._now_s() >= self._due_s:
                self._fault = await self._write()
                self._due_s = self._now_s() + self.every_s
            return self._fault

    async def _write(self) -> str:
        try:
            async with asyncio.timeout(_WITHIN_S):
                await self._db.tx(health.write)
        except TimeoutError:
            return f"The database took no write within {_WITHIN_S:.0f} seconds."
        except RingboltError as error:
            return error.message
        return ""


def missing_parts(parts: Mapping[str, bool]) -> list[str]:
    """The parts that do not answer and without which the shop cannot serve. ``parts``: by name
    (``area:part``), whether each answers.

    One of several carriers may be silent, since the others are asked; and so may the telephones of
    own numbers, which are not leased meanwhile.
    """
    areas: dict[str, list[str]] = {}
    for part in parts:
        area = part.partition(":")[0].removesuffix("-poll")
        if area != _OWN_NUMBERS:
            areas.setdefault(area, []).append(part)
    alone = (names for names in areas.values() if not any(parts[name] for name in names))
    return sorted(name for names in alone for name in names)


def add_health(family: Family, shop: Shop, metrics: Metrics, connected: Connected) -> None:
    """Add the addresses that monitors ask: liveness, readiness and metrics."""
    store = StoreProbe(shop.db)

    async def healthz(_: Request[Nothing]) -> dict[str, str]:
        """This process answers."""
        return {"status": "ok", "version": __version__}

    async def readyz(_: Request[Nothing]) -> dict[str, Any] | Response:
        """The store takes writes, the node answers, and of each kind of carrier one does; otherwise
        503 and those that do not."""
        fault = await store.fault()
        parts = {"store": not fault, **connected()}
        missing = missing_parts(parts)
        if not missing:
            speech_mb = round(speech_memory(shop) / 1_000_000)
            return {"status": "ready", "parts": parts, "speech_memory_mb": speech_mb}
        detail = f"No answer from: {', '.join(missing)}. {fault}".strip()
        document = problem_document(503, _NOT_READY, "Not ready", detail, parts=parts)
        headers = [(b"x-error-code", _NOT_READY.encode()), (b"retry-after", b"5")]
        return problem_response(503, document, headers)

    async def figures(_: Request[Nothing]) -> Response:
        """Figures in Prometheus' text format."""
        text = await metrics.exposition(connected())
        return Response(body=text, content_type=CONTENT_TYPE.encode())

    figure_id = "prometheus_metrics_get"
    family.add("GET", "/healthz", healthz, Nothing, cost="", id="healthz_healthz_get")
    family.add("GET", "/readyz", readyz, Nothing, cost="", id="readyz_readyz_get")
    family.add("GET", "/metrics", figures, Nothing, "text/plain", cost="", id=figure_id)
