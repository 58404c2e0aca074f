"""Monitoring: whether the process and its parts answer, and figures for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
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

Connected = Callable[[], dict[str, bool]]
"""Which far ends answer, by part; empty without a worker (``serve --no-worker``)."""

_NOT_READY: Final = "NOT_READY"


def add_health(family: Family, shop: Shop, metrics: Metrics, connected: Connected) -> None:
    async def healthz(_: Request[Nothing]) -> dict[str, str]:
        """This process answers."""
        return {"status": "ok", "version": __version__}

    async def readyz(_: Request[Nothing]) -> dict[str, Any] | Response:
        """The store, the node and the carrier answer; otherwise 503 and those that do not."""
        parts = {"store": await _store_answers(shop), **connected()}
        silent = sorted(part for part, answers in parts.items() if not answers)
        if not silent:
            speech_mb = round(speech_memory(shop) / 1_000_000)
            return {"status": "ready", "parts": parts, "speech_memory_mb": speech_mb}
        detail = f"No answer from: {', '.join(silent)}."
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


async def _store_answers(shop: Shop) -> bool:
    try:
        await shop.db.read(health.touch)
    except RingboltError:
        return False
    return True
