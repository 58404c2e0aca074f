"""The world's HTTP face: everything under ``/simulator``, inside a shop or by itself."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from ringbolt.core.errors import RingboltError
from ringbolt.simulator import clock_api, messages_api
from ringbolt.simulator.lightning import addresses_api, node_api, wallet_api
from ringbolt.simulator.mail import mail_api
from ringbolt.simulator.numbers import numbers_api
from ringbolt.simulator.sms import sms_api
from ringbolt.simulator.voice import carrier_api, phones_api
from ringbolt.simulator.world import World


def routes(world: World) -> list[BaseRoute]:
    """All that strangers and a shop can reach of ``world``."""
    return [
        *node_api.routes(world.network),
        *wallet_api.routes(world.network),
        *addresses_api.routes(world),
        *clock_api.routes(world.clock),
        *phones_api.routes(world),
        *carrier_api.routes(world),
        *sms_api.routes(world),
        *messages_api.routes(world),
        *mail_api.routes(world),
        *numbers_api.routes(world),
    ]


def create_app(world: World) -> Starlette:
    """The world by itself, for ``ringbolt simulator``."""

    async def healthz(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "now_ms": world.clock.now_ms()})

    return Starlette(
        routes=[*routes(world), Route("/healthz", healthz)],
        exception_handlers={
            HTTPException: _http_error,
            RingboltError: _ringbolt_error,
            Exception: _unexpected,
        },
    )


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {"error": "HTTP", "message": error.detail}, error.status_code, headers=error.headers
    )


async def _ringbolt_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RingboltError)
    return JSONResponse({"error": error.code, "message": error.message}, error.status)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": "INTERNAL", "message": "The simulated world stumbled."}, 500)
