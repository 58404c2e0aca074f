"""``/o/{token}``: an order from its invoice to its receipt, live.

The server renders everything. The stream sends the parts of the page that changed, rendered from
the store at that moment, so that an event that is lost, late or doubled cannot show a wrong state.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from ringbolt.api.kit.http import client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.api.orders.cancel import cancel_or_hang_up
from ringbolt.api.orders.waiting import Changes, Waiting
from ringbolt.app.numbers.accept_without_code import accept_without_code
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.numbers.request_text import request_text
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.web.forms import check_origin
from ringbolt.web.i18n import _, in_this_language
from ringbolt.web.rendering import HEADERS, Renderer
from ringbolt.web.views.order_view import order_view
from ringbolt.web.views.view import OrderView

HEARTBEAT_S: Final = 15.0
_STREAM: Final = "text/event-stream; charset=utf-8"
_RETRY: Final = b"retry: 2000\n\n"
_TOKEN_CHARS: Final = 32
_PRIVATE: Final = {"X-Robots-Tag": "noindex"}
_AUTO_S: Final = 10

Act = Callable[[Shop, str], Awaitable[object]]


_ACTS: Final[Mapping[str, Act]] = {
    "cancel": cancel_or_hang_up,
    "another-number": replace_number,
    "another-text": request_text,
    "accept": accept_without_code,
}


class OrderPage:
    """The page, its parts for the stream, and its buttons. ``guards`` limit, by client address,
    how often they are asked for and pressed."""

    def __init__(self, shop: Shop, renderer: Renderer, waiting: Waiting, guards: Guards) -> None:
        self._shop = shop
        self._renderer = renderer
        self._waiting = waiting
        self._guards = guards

    async def show(self, request: Request) -> Response:
        view = await self._view(request)
        return self._page(view, auto_s=_AUTO_S if "auto" in request.query_params else 0)

    async def panel(self, request: Request) -> Response:
        """The parts that change, for a page without the stream."""
        view = await self._view(request)
        tag = f'"{view.version}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return self._renderer.page("order_parts.html", more={"ETag": tag, **_PRIVATE}, view=view)

    async def act(self, request: Request) -> Response:
        """Press a button of the order, and see the order again."""
        check_origin(request)
        self._guards.check("order", client_address(request.scope))
        act = _ACTS.get(request.path_params["action"])
        view = await self._view(request)
        if act is None:
            raise no_such_page()
        try:
            await act(self._shop, view.order_id)
        except RingboltError as error:
            text = " ".join(filter(None, (error.message, error.suggestion)))
            return self._page(await self._view(request), error.status, notice=text)
        return RedirectResponse(f"/o/{view.token}", 303, HEADERS)

    async def events(self, request: Request) -> Response:
        """The parts that changed, as server-sent events, until the order is over."""
        view = await self._view(request)
        seen = request.headers.get("last-event-id", "")
        if request.method == "HEAD" or (not view.is_live and seen == view.version):
            return Response(status_code=204, headers=dict(HEADERS))
        client = client_address(request.scope)
        return StreamingResponse(
            self._stream(view, client, seen),
            media_type=_STREAM,
            headers={**HEADERS, "X-Accel-Buffering": "no"},
        )

    async def _stream(self, view: OrderView, client: str, seen: str) -> AsyncIterator[bytes]:
        yield _RETRY
        try:
            async with self._waiting.for_order(view.order_id, client) as changes:
                async for event in self._changes(view.token, changes, seen):
                    yield event
        except RingboltError as error:  # the answer has begun: the browser connects again
            yield f": {error.code}\n\n".encode()

    async def _changes(self, token: str, changes: Changes, seen: str) -> AsyncIterator[bytes]:
        while not self._waiting.closed:
            view = await self._read(token)
            if view is None:
                return
            if view.version != seen:
                seen = view.version
                yield self._event(view)
            if not view.is_live:
                yield b"event: over\ndata:\n\n"
                return
            while not self._waiting.closed and not await changes.wait(HEARTBEAT_S):
                yield b":\n\n"

    def _event(self, view: OrderView) -> bytes:
        html = self._renderer.text("order_parts.html", view=view)
        lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
        return f"id: {view.version}\n{lines}\n".encode()

    def _page(
        self, view: OrderView, status: int = 200, *, notice: str = "", auto_s: int = 0
    ) -> Response:
        is_refreshing = bool(auto_s and view.is_live)
        return self._renderer.page(
            "order.html",
            status,
            _PRIVATE,
            view=view,
            notice=notice,
            auto_s=auto_s if is_refreshing else 0,
        )

    async def _view(self, request: Request) -> OrderView:
        """Raises ``NotFound`` and ``RateLimited``."""
        self._guards.check("read", client_address(request.scope))
        token = str(request.path_params["token"])
        view = await self._read(token) if len(token) == _TOKEN_CHARS else None
        if view is None:
            raise NotFound(
                _("There is no order at this address."),
                code="ORDER_NOT_FOUND",
                suggestion=_("Check that the whole link was copied."),
            )
        return view

    async def _read(self, token: str) -> OrderView | None:
        cancel_after_ms = self._shop.settings.orders.cancel_after_s * 1000
        return await self._shop.db.read(in_this_language(order_view), token, cancel_after_ms)


def no_such_page() -> NotFound:
    return NotFound(
        _("There is no page at this address."), suggestion=_("Begin at the shop's page.")
    )
