"""Addresses of no family: routes such as the simulator's, and 404 for everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute

from ringbolt.api.kit.plain import BROWSERS, http_problem
from ringbolt.api.kit.problem import of_error
from ringbolt.api.kit.response import PROBLEM
from ringbolt.api.kit.words import Words
from ringbolt.core.errors import RingboltError


def fallback(routes: Sequence[BaseRoute]) -> Starlette:
    """An application of those routes; its errors are problem documents."""
    app = Starlette(
        routes=list(routes),
        middleware=[Middleware(CORSMiddleware, **BROWSERS)],
        exception_handlers={
            HTTPException: _on_http,
            RingboltError: _on_error,
            Exception: _on_error,
        },
    )
    app.router.redirect_slashes = False  # to the host and scheme that the request names
    return app


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(http_problem(error.status_code, str(error.detail)), error.headers or {})


async def _on_error(_: Request, error: Exception) -> JSONResponse:
    """The server raises a fault of the shop again, and logs it."""
    if not isinstance(error, RingboltError):
        error = RingboltError("Something went wrong on our side; it is logged.")
    return _problem(of_error(error, Words({}).word(error)), {})


def _problem(document: dict[str, Any], more: Mapping[str, str]) -> JSONResponse:
    headers = {"X-Error-Code": document["error_code"], "Cache-Control": "no-store", **more}
    return JSONResponse(document, document["status"], headers, PROBLEM.decode())
