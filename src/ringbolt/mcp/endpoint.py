"""``/mcp``: the tools over HTTP (streamable HTTP, stateless), for agents anywhere."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final

from ringbolt.api.kit.dialect import error_headers
from ringbolt.api.kit.http import MethodNotAllowed, Send, client_address, encode
from ringbolt.api.kit.limits import Guards
from ringbolt.api.kit.problem import of_error
from ringbolt.api.kit.response import PROBLEM, Response, send_body
from ringbolt.api.kit.words import Words
from ringbolt.app.checkout.sold_now import sold_now
from ringbolt.app.shop import Shop
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.http_body import ClientGone, Receive, Scope, read_body
from ringbolt.mcp.door import App, Door, InnerDoor
from ringbolt.mcp.origin import check_origin
from ringbolt.mcp.purse import AgentsPurse
from ringbolt.mcp.tools import Tool, usable

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from ringbolt.mcp.protocol import Opened

PATH: Final = "/mcp"
_MAX_BODY: Final = 256 * 1024
_WORDS: Final = Words({})


class AgentEndpoint:
    """The tools of a shop as an ASGI application. The library that speaks the protocol is loaded at
    the first request."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._guards = Guards({"read": shop.settings.abuse.reads_per_minute}, enabled=shop.limits)
        self._app: App | None = None
        self._manager: asyncio.Task[StreamableHTTPSessionManager] | None = None
        self._living: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def use(self, app: App) -> None:
        """Reach the shop's API by ``app``."""
        self._app = app

    def takes(self, path: str) -> bool:
        """Whether the request is for this endpoint."""
        return path.rstrip("/") == PATH

    def close(self) -> None:
        """End every wait, because the shop stops."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check(scope)
            body = await read_body(scope, receive, _MAX_BODY)
            manager = await self._opened()
        except ClientGone:
            return
        except RingboltError as error:
            await _send_error(send, error)
            return
        await manager.handle_request({**scope, "path": PATH}, _again(body, receive), send)

    def _check(self, scope: Scope) -> None:
        """Raises ``RingboltError`` for what is not served."""
        check_origin(scope, self._shop.settings.public_url)
        if scope["method"] != "POST":
            raise MethodNotAllowed(
                "This address is for programs that speak the Model Context Protocol.",
                suggestion="Name it to an agent program as an MCP server (streamable HTTP).",
            )
        self._guards.check("read", client_address(scope))

    async def _opened(self) -> StreamableHTTPSessionManager:
        if self._closing.is_set():
            raise Unavailable("The shop is stopping.", suggestion="Try again in a few seconds.")
        if self._manager is None:
            self._manager = asyncio.create_task(self._open())
        return await asyncio.shield(self._manager)

    async def _open(self) -> StreamableHTTPSessionManager:
        # In a thread: loading takes half a second of CPU.
        await asyncio.to_thread(importlib.import_module, "ringbolt.mcp.protocol")
        from ringbolt.mcp.protocol import http_manager, make_server  # noqa: PLC0415

        manager = http_manager(make_server(self._open_door, self._offered))
        ready = asyncio.Event()
        self._living = asyncio.create_task(self._live(manager, ready))
        await ready.wait()
        return manager

    async def _live(self, manager: StreamableHTTPSessionManager, ready: asyncio.Event) -> None:
        async with manager.run():
            ready.set()
            await self._closing.wait()

    def _open_door(self, request: Any) -> Opened:
        assert self._app is not None, "use() was called"
        door = InnerDoor(self._app, request.scope, self._closing)
        return door, AgentsPurse(door)

    async def _offered(self, door: Door) -> list[Tool]:
        """The tools, without those that buy what is not sold now: it is closed, or no part of the
        shop delivers it."""
        return usable(door, set(sold_now(self._shop)))


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read; then what comes after it."""
    given = False

    async def once() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


async def _send_error(send: Send, error: RingboltError) -> None:
    document = of_error(error, _WORDS.word(error))
    headers = error_headers(error)
    if error.status == 405:
        headers.append((b"allow", b"POST"))
    await send_body(send, Response(None, error.status, headers, encode(document), PROBLEM))
