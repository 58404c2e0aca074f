"""What a tool call costs over the same request to the HTTP API, on one connection, in turn.

python -m benchmarks.agents
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.processes import cpu_s, free_port, process, rss_mb, until_answers

ROUNDS = 7
CALLS = 60
TEXT = {"phone": "+1234567800", "message": "Hello"}
_ACCEPT = {"Accept": "application/json, text/event-stream"}
MODERN, LEGACY = "2026-07-28", "2025-11-25"


def _call(tool: str, arguments: dict[str, Any], version: str) -> tuple[dict[str, str], str]:
    """Headers and body of a tool call in a revision of the protocol."""
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    headers = _ACCEPT | {"MCP-Protocol-Version": version, "Content-Type": "application/json"}
    if version == MODERN:
        prefix = "io.modelcontextprotocol/"
        params["_meta"] = {f"{prefix}protocolVersion": version, f"{prefix}clientCapabilities": {}}
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": tool}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return headers, json.dumps(body)


async def _timed(http: aiohttp.ClientSession, url: str, headers: Any, body: str) -> float:
    """Milliseconds of one request."""
    begun = time.perf_counter()
    async with http.post(url, data=body, headers=headers) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        assert '"isError":true' not in text, text
    return (time.perf_counter() - begun) * 1000


async def _measure(url: str, pid: int) -> None:
    api = ({"Content-Type": "application/json"}, json.dumps(TEXT))
    sides = {
        "POST /createsendorder": (f"{url}/createsendorder", *api),
        "send_text, 2026-07-28": (f"{url}/mcp", *_call("send_text", TEXT, MODERN)),
        "send_text, 2025-11-25": (f"{url}/mcp", *_call("send_text", TEXT, LEGACY)),
    }
    async with aiohttp.ClientSession() as http:
        before = rss_mb(pid)
        first = await _timed(http, *sides["send_text, 2026-07-28"])
        print(f"first tool call {first:.0f} ms; memory {before:.0f} MB, then {rss_mb(pid):.0f} MB")
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, side in sides.items():
                spent = cpu_s(pid)
                took = [await _timed(http, *side) for _ in range(CALLS)]
                spent = (cpu_s(pid) - spent) / CALLS * 1000
                figures[name].append((statistics.median(took), spent))
    print(f"load average {os.getloadavg()[0]:.0f}; medians of {ROUNDS} rounds of {CALLS}")
    base = figures["POST /createsendorder"]
    for name, rounds in figures.items():
        took, spent = (statistics.median(column) for column in zip(*rounds, strict=True))
        over = statistics.median(a[0] - b[0] for a, b in zip(rounds, base, strict=True))
        print(f"  {name:24} {took:5.2f} ms  {spent:5.2f} ms of CPU  {over:+.2f} ms over the API")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {
            "RINGBOLT_PORT": str(port),
            "RINGBOLT_DATA_DIR": str(Path(folder) / "shop"),
            "RINGBOLT_LIMITS": "off",
            "RINGBOLT_SPEECH_WARM_UP": "false",
        }
        with process(["ringbolt", "serve"], environment) as shop:
            await until_answers(f"{url}/healthz")
            await _measure(url, shop.pid)


if __name__ == "__main__":
    asyncio.run(main())
