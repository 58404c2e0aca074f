"""``/o/{token}``: an order from its invoice to its receipt, live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ringbolt.api.kit.http import client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.api.orders import FAMILY
from ringbolt.api.orders.cancel import cancel_or_hang_up
from ringbolt.api.orders.waiting import Waiting
from ringbolt.app.calls.preview_speech import preview
from ringbolt.app.checkout.order_again import order_again
from ringbolt.app.checkout.purchase import Buyer, Hold
from ringbolt.app.numbers.accept_without_code import accept_without_code
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.numbers.request_text import request_text
from ringbolt.app.shop import Shop
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.store import orders
from ringbolt.store.orders import channel
from ringbolt.web.error_words import error_text
from ringbolt.web.forms import check_origin
from ringbolt.web.i18n import _, in_this_language
from ringbolt.web.live import Live
from ringbolt.web.rendering import HEADERS, Renderer
from ringbolt.web.views.order_view import order_view
from ringbolt.web.views.view import OrderView

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
            text = error_text(error)
            return self._page(await self._view(request), error.status, notice=text)
        return RedirectResponse(f"/o/{view.token}", 303, HEADERS)

    async def again(self, request: Request) -> Response:
        """Place the same order once more, with a new invoice, and go to its page."""
        check_origin(request)
        client = client_address(request.scope)
        self._guards.check("order", client)
        view = await self._view(request)
        order = await self._shop.db.read(orders.by_id, view.order_id)
        assert order is not None, "its page was read"
        try:
            buyer = Buyer(FAMILY, Hold(), self._shop.hash_of(client))
            new = await order_again(self._shop, order, buyer)
        except RingboltError as error:
            text = error_text(error)
            return self._page(view, error.status, notice=text)
        return RedirectResponse(f"/o/{new.status_token}", 303, HEADERS)

    async def said(self, request: Request) -> Response:
        """The first text of a call as it sounds on the telephone, a WAV; while texts are kept.
        Raises ``NotFound``, ``RateLimited``, ``SpeechFailed``."""
        self._guards.check("order", client_address(request.scope))
        view = await self._view(request)
        order = await self._shop.db.read(orders.by_id, view.order_id)
        words = (
            order.command.first_words if order and isinstance(order.command, CallOrder) else None
        )
        if not view.body.can_hear or words is None:
            raise no_such_page()
        heard = await preview(self._shop, words.text, words.voice, words.language, words.neural)
        headers = {**HEADERS, **_PRIVATE}
        return Response(heard.wav, 200, headers, "audio/wav")

    async def events(self, request: Request) -> Response:
        """The parts that changed, as server-sent events, until the order is over."""
        view = await self._view(request)
        live = Live(
            self._waiting,
            self._shop.clock,
            channel(view.order_id),
            partial(self._read, view.token),
            self._parts,
        )
        return live.answer(request, view)

    def _parts(self, view: OrderView) -> str:
        return self._renderer.text("order_parts.html", view=view)

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
    """The error for an address without a page."""
    return NotFound(
        _("There is no page at this address."), suggestion=_("Begin at the shop's page.")
    )
