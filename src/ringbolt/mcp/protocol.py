"""The tools as a server of the Model Context Protocol, by its official library.

Importing this costs half a second of CPU and 35 MB, so that it is imported when the first agent
comes, never at the start of a shop.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from ringbolt import __version__
from ringbolt.mcp.arguments import schema_of
from ringbolt.mcp.door import Door
from ringbolt.mcp.purse import Purse
from ringbolt.mcp.results import Result, refusal
from ringbolt.mcp.tools import TOOLS, Call, Tool, use

INSTRUCTIONS: Final = (
    "This shop sells phone calls, text messages, activation codes, rented phone numbers and "
    "e-mails, paid in satoshis over Bitcoin Lightning. Call quote for a price. A purchase answers "
    "with an order_id, and with an invoice unless a prepaid key or wallet pays; then call "
    "wait_for_result. Nothing is charged for what is not delivered. Every answer has next_step."
)
Context = ServerRequestContext[Any, Any]
Opened = tuple[Door, Purse]
_RESULT: Final = {
    "type": "object",
    "properties": {"next_step": {"type": "string", "description": "What to do next."}},
    "required": ["next_step"],
}


def make_server(
    open_door: Callable[[Any], Opened], offered: Callable[[Door], Awaitable[Iterable[Tool]]]
) -> Server[Any]:
    """``open_door``: the shop and the purse for a request (of HTTP; None on standard input).
    ``offered``: the tools that can be used there now."""
    logging.getLogger("mcp").setLevel(logging.WARNING)

    async def list_tools(context: Context, _: object) -> types.ListToolsResult:
        door, _ = open_door(context.request)
        return types.ListToolsResult(tools=[_described(tool) for tool in await offered(door)])

    async def call_tool(
        context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            names = ", ".join(TOOLS)
            return _answer(refusal("NO_SUCH_TOOL", "There is no such tool.", f"Call {names}."))

        async def tell(passed: float, total: float, words: str) -> None:
            await context.session.report_progress(passed, total, words)

        door, purse = open_door(context.request)
        return _answer(await use(tool, Call(door, purse, tell), params.arguments or {}))

    return Server(
        "ringbolt",
        version=__version__,
        title="Ringbolt",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        get_tool_input_schema=lambda name: schema_of(TOOLS[name].takes),
    )


def http_manager(server: Server[Any]) -> StreamableHTTPSessionManager:
    """Serves the tools over HTTP, each request by itself. Hosts and origins are checked before."""
    return StreamableHTTPSessionManager(server, stateless=True)


async def serve_stdio(server: Server[Any]) -> None:
    """Serve the program that started this one, on standard input and output, until it ends."""
    async with stdio_server() as (requests, answers):
        await server.run(requests, answers, server.create_initialization_options())


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema_of(tool.takes),
        output_schema=_RESULT,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads,
            destructive_hint=tool.name == "cancel_order",
            open_world_hint=True,
        ),
    )


def _answer(result: Result) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=json.dumps(result.document))],
        structured_content=result.document,
        is_error=result.is_error,
    )
