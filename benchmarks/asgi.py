"""Drive an ASGI application without a socket, and take the CPU time of a request."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

App = Callable[[Any, Any, Any], Awaitable[None]]


def scope(path: str, headers: list[tuple[bytes, bytes]], method: str = "POST") -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8402"), (b"content-type", b"application/json"), *headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8402),
    }


async def request(app: App, one: dict[str, Any], body: bytes) -> tuple[int, list[Any], bytes]:
    """One request; status, headers, body."""
    seen: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        seen.append(message)

    await app(one, receive, send)
    body = b"".join(message.get("body", b"") for message in seen[1:])
    return seen[0]["status"], seen[0]["headers"], body


async def cpu_us(
    app: App, make: Callable[[int], tuple[dict[str, Any], bytes]], *, calls: int, rounds: int
) -> float:
    """The least CPU time of a request in microseconds, over ``rounds`` rounds of ``calls``."""
    best = float("inf")
    for round_number in range(rounds):
        prepared = [make(round_number * calls + n) for n in range(calls)]
        gc.collect()
        gc.disable()
        started = time.process_time_ns()
        for one, body in prepared:
            await request(app, one, body)
        spent = time.process_time_ns() - started
        gc.enable()
        best = min(best, spent / calls / 1000)
        await asyncio.sleep(0)
    return best
