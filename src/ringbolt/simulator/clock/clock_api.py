"""``/simulator/clock``: the world's time, which tests move forward and a shop follows."""

from __future__ import annotations

import json
import math

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ringbolt.simulator.clock.world_clock import WorldClock

PREFIX = "/simulator/clock"
MAX_WAIT_S = 60.0
MAX_ADVANCE_S = 10 * 366 * 86_400


def routes(clock: WorldClock) -> list[Route]:
    """``GET`` returns the time, or waits until it is moved; ``POST .../advance`` moves it."""

    async def show(request: Request) -> JSONResponse:
        try:
            wait_s = float(request.query_params.get("wait", "0"))
            known_ms = int(request.query_params.get("offset_ms", str(clock.offset_ms)))
        except ValueError:
            return _refused("wait is a number of seconds, offset_ms an integer.")
        if not 0 <= wait_s <= MAX_WAIT_S:
            return _refused(f"wait is between 0 and {MAX_WAIT_S:.0f} seconds.")
        if wait_s:
            await clock.wait_change(known_ms, wait_s)
        return _time(clock)

    async def advance(request: Request) -> JSONResponse:
        seconds = _seconds(await request.body())
        if seconds is None:
            return _refused('The body is {"seconds": N}, N a number.')
        if not 0.001 <= seconds <= MAX_ADVANCE_S:
            return _refused(
                f"seconds is positive and at most {MAX_ADVANCE_S}; time does not run back."
            )
        await clock.advance(seconds)
        return _time(clock)

    return [
        Route(PREFIX, show),
        Route(f"{PREFIX}/advance", advance, methods=["POST"]),
    ]


def _seconds(body: bytes) -> float | None:
    try:
        seconds = json.loads(body)["seconds"]
        number = float(seconds)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return None if isinstance(seconds, bool) or not math.isfinite(number) else number


def _time(clock: WorldClock) -> JSONResponse:
    return JSONResponse({"now_ms": clock.now_ms(), "offset_ms": clock.offset_ms})


def _refused(why: str) -> JSONResponse:
    return JSONResponse({"error": "INVALID_INPUT", "message": why}, 400)
