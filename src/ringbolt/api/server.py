"""The whole HTTP face as one ASGI application.

FastAPI serves everything but the paid URL and the families of the orders and of the voice, which
are looked up first and answered without a framework: they are what strangers may ask for as often
as they like.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from ringbolt import __version__
from ringbolt.api.kit import errors
from ringbolt.api.kit.http import Receive, Scope, Send
from ringbolt.api.l402.challenge import FORMER_PATH, PATH
from ringbolt.api.l402.openapi import add_place_call
from ringbolt.api.l402.place_call import PlaceCallRoute
from ringbolt.api.l402.routes import router as l402_router
from ringbolt.api.operator import routes
from ringbolt.api.operator.metrics import CONTENT_TYPE, Metrics
from ringbolt.api.orders.family import OrdersApi
from ringbolt.api.orders.routes import orders_api
from ringbolt.api.voice.family import VoiceApi
from ringbolt.api.voice.routes import voice_api
from ringbolt.app.shop import Shop
from ringbolt.core.errors import RingboltError
from ringbolt.store import health

_PAID_PATHS = frozenset({PATH, f"{PATH}/", FORMER_PATH})

Connected = Callable[[], dict[str, bool]]
"""Which far ends answer, by part; empty where nobody watches (``serve --no-worker``)."""


class Server:
    """The ASGI application of a shop."""

    def __init__(
        self,
        shop: Shop,
        *,
        network: Callable[[], Awaitable[str]],
        connected: Connected,
        extra_routes: Sequence[BaseRoute] = (),
        play: bool = False,
    ) -> None:
        self.metrics = Metrics(shop)
        self._place_call = PlaceCallRoute(shop, network, self.metrics.count)
        self._orders = orders_api(shop)
        self._voice = voice_api(shop)
        families = (self._orders, self._voice)
        self._app = _framework(shop, self.metrics, connected, families, extra_routes, play)

    def hang_up(self) -> None:
        """Let go whoever waits for something to happen: the shop stops."""
        self._orders.close()
        self._voice.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in _PAID_PATHS:
            await self._place_call(scope, receive, send)
        elif scope["type"] == "http" and self._orders.serves(scope["path"]):
            await self._orders(scope, receive, send)
        elif scope["type"] == "http" and self._voice.serves(scope["path"]):
            await self._voice(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _framework(
    shop: Shop,
    metrics: Metrics,
    connected: Connected,
    families: tuple[OrdersApi, VoiceApi],
    extra_routes: Sequence[BaseRoute],
    play: bool,
) -> FastAPI:
    # Telemetry is on by default in FastAPI and costs a tenth of every request.
    quiet: Any = {"tracing": False, "metrics": False, "logs": False}
    app = FastAPI(
        title="Ringbolt",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry=quiet,
    )
    errors.install(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
        expose_headers=["X-Error-Code", "Retry-After"],
    )
    app.include_router(l402_router(shop))
    app.include_router(routes.router(shop))
    if play:
        app.include_router(routes.play_keys(shop))
    _add_health(app, shop, metrics, connected)
    app.router.routes.extend(extra_routes)
    _describe(app, families)
    return app


def _describe(app: FastAPI, families: tuple[OrdersApi, VoiceApi]) -> None:
    """Let the OpenAPI document tell of what is served past FastAPI too. It is made by whoever asks
    for it first, in a thread: that takes most of a second."""
    making = threading.Lock()

    def openapi() -> dict[str, Any]:
        with making:
            if app.openapi_schema is None:
                described = APIRouter(routes=[*app.routes])
                for family in families:
                    described.include_router(family.router())
                document = get_openapi(
                    title=app.title, version=app.version, routes=described.routes
                )
                add_place_call(document, PATH)
                app.openapi_schema = document
        return app.openapi_schema

    async def answer(request: Request) -> JSONResponse:
        return JSONResponse(await asyncio.to_thread(openapi))

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_route("/openapi.json", answer, include_in_schema=False)


def _add_health(app: FastAPI, shop: Shop, metrics: Metrics, connected: Connected) -> None:
    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", tags=["operation"])
    async def healthz() -> dict[str, str]:
        """This process answers."""
        return {"status": "ok", "version": __version__}

    @app.head("/readyz", include_in_schema=False)
    @app.get("/readyz", tags=["operation"])
    async def readyz() -> JSONResponse:
        """The store, the node and the carrier answer; 503 and what does not, otherwise."""
        parts = {"store": await _store_answers(shop), **connected()}
        away = sorted(part for part, answers in parts.items() if not answers)
        if not away:
            return JSONResponse({"status": "ready", "parts": parts})
        return errors.problem(
            503,
            "NOT_READY",
            "Not ready",
            f"Without an answer: {', '.join(away)}.",
            headers={"Retry-After": "5"},
            parts=parts,
        )

    @app.get("/metrics", tags=["operation"])
    async def prometheus() -> Response:
        """Figures in Prometheus' text format."""
        return Response(await metrics.exposition(connected()), media_type=CONTENT_TYPE)


async def _store_answers(shop: Shop) -> bool:
    try:
        await shop.db.read(health.touch)
    except RingboltError:
        return False
    return True
