"""An agent: the official client of the Model Context Protocol, and what it needs to pay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from support.waiting import PATIENCE_S

Era = Literal["auto", "legacy"]
"""The protocol's revision without sessions, or those before it."""


class Agent:
    """Calls tools."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.progress: list[str] = []

    async def names(self) -> list[str]:
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def use(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a call that succeeds."""
        result = await self.client.call_tool(tool, arguments, progress_callback=self._note)
        assert not result.is_error, result.structured_content
        document: dict[str, Any] = result.structured_content
        assert document["next_step"]
        return document

    async def fail(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a call that is refused."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        document: dict[str, Any] = result.structured_content
        assert document["message"] and document["next_step"]
        return document

    async def wait(self, order: dict[str, Any]) -> dict[str, Any]:
        """The result of a purchase."""
        seconds = int(min(PATIENCE_S, 600))
        return await self.use("wait_for_result", order_id=order["order_id"], seconds=seconds)

    async def _note(self, progress: float, total: float | None, message: str | None) -> None:
        assert total is not None and progress <= total
        self.progress.append(message or "")


@asynccontextmanager
async def agent_at(url: str, era: Era = "auto", **headers: str) -> AsyncIterator[Agent]:
    """An agent of the shop at ``url``, over HTTP. ``headers``: with _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    timeout = httpx2.Timeout(PATIENCE_S)
    async with httpx2.AsyncClient(headers=sent, timeout=timeout) as http:
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
        async with Client(transport, mode=era) as client:
            yield Agent(client)


@asynccontextmanager
async def agent_of(command: list[str], environment: dict[str, str]) -> AsyncIterator[Agent]:
    """An agent that starts ``command`` and speaks with it on its standard input."""
    server = StdioServerParameters(command=command[0], args=command[1:], env=environment)
    async with Client(server, read_timeout_seconds=PATIENCE_S) as client:
        yield Agent(client)
