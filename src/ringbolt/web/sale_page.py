"""The pages of the forms: shown, priced while they are filled in, and sent."""

from __future__ import annotations

import base64
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.api.kit.query import read_pairs
from ringbolt.api.orders import FAMILY
from ringbolt.app.checkout.purchase import Buyer, Hold
from ringbolt.app.checkout.sold_now import has_part, is_sold
from ringbolt.app.shop import Shop
from ringbolt.core.closed_sales import Sold
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.lightning.node import can_hold
from ringbolt.web.account.purse import Purses
from ringbolt.web.forms import Form, read_form
from ringbolt.web.i18n import _
from ringbolt.web.order_page import no_such_page
from ringbolt.web.rendering import HEADERS, Renderer
from ringbolt.web.sales.call import CallSale
from ringbolt.web.sales.sale import Quote, Sale

_BALANCE: Final = "balance"
_NOTHING_KNOWN: Final[dict[str, Any]] = {
    "services": [],
    "countries": [],
    "chosen": "",
    "hours": [],
    "lines": [],
    "of": "",
}


class SalePage:
    """One form. ``guards`` limit orders and reads by client address."""

    def __init__(
        self, shop: Shop, renderer: Renderer, sale: Sale, guards: Guards, purses: Purses
    ) -> None:
        self._purses = purses
        self._shop = shop
        self._renderer = renderer
        self._sale = sale
        self._guards = guards
        self.path = f"/{sale.name}"

    def routes(self) -> list[Route]:
        """The addresses of the form, its price and its purchase."""
        routes = [
            Route(self.path, self.show, methods=["GET"]),
            Route(self.path, self.buy, methods=["POST"]),
            Route(f"{self.path}/price", self.price, methods=["POST"]),
        ]
        if isinstance(self._sale, CallSale):
            routes.append(Route(f"{self.path}/preview", self.listen, methods=["POST"]))
        return routes

    @property
    def is_open(self) -> bool:
        """Whether the service is sold here now."""
        return can_hold(self._shop.node) and is_sold(self._shop, self._sale.name)

    @property
    def _is_offered(self) -> bool:
        """Whether there is a part for it, and a node that holds: the web sells only so."""
        return has_part(self._shop, self._sale.name) and can_hold(self._shop.node)

    async def show(self, request: Request) -> Response:
        """The empty form, or filled in from the query. Raises ``SalesClosed``; who was filling it
        in when the service was closed gets the form back instead."""
        self._check_offered()
        shop = self._shop
        shop.terms.closed.check(Sold(self._sale.name), shop.clock.now_ms())
        self._guards.check("read", client_address(request.scope))
        form = Form(read_pairs(request.scope["query_string"]))
        return await self._form(request, form)

    async def price(self, request: Request) -> Response:
        """The price of what is filled in so far: a part of the page."""
        self._check_offered()
        self._guards.check("read", client_address(request.scope))
        quote = await self._sale.quote(await read_form(request))
        purse = await self._purses.of(request)
        return self._renderer.page("price.html", quote=quote, purse=purse, sale=self._sale.name)

    async def buy(self, request: Request) -> Response:
        """Place the order and go to its page; the form again, with what is wrong, if it cannot."""
        self._check_offered()
        client = client_address(request.scope)
        form = await read_form(request)
        if form.has("show"):  # the price, without JavaScript
            return await self._form(request, form)
        order = None
        try:
            self._guards.check("order", client)
            buyer = await self._buyer(request, form, client)
            if buyer is not None:
                order = await self._sale.buy(form, buyer, client)
        except RingboltError as error:
            form.fail(error)
        if order is None:
            return await self._form(request, form)
        return RedirectResponse(f"/o/{order.status_token}", 303, HEADERS)

    async def _buyer(self, request: Request, form: Form, client: str) -> Buyer | None:
        """Who pays: by invoice, or from the balance of who is signed in; None if that is nobody,
        which ``form.errors`` then says. Raises ``Forbidden``."""
        if form.get("pay") != _BALANCE:
            return Buyer(FAMILY, Hold(), self._shop.hash_of(client))
        purse = await self._purses.of(request)
        if purse is None:
            form.refuse("", _("You are signed out. Sign in to pay from your balance."))
            return None
        return self._purses.buyer(request, form, purse, client)

    async def listen(self, request: Request) -> Response:
        """The form again, with the sound of its text."""
        self._check_offered()
        assert isinstance(self._sale, CallSale), "only calls are heard"
        form = await read_form(request)
        wav: bytes | None = None
        try:
            self._guards.check("order", client_address(request.scope))
            wav = await self._sale.listen(form)
        except RingboltError as error:
            form.fail(error)
        heard = "" if wav is None else f"data:audio/wav;base64,{base64.b64encode(wav).decode()}"
        return await self._form(request, form, heard=heard)

    async def _form(self, request: Request, form: Form, *, heard: str = "") -> Response:
        try:
            choices = await self._sale.choices(form)
        except Unavailable as error:
            form.fail(error)
            choices = _NOTHING_KNOWN
        except RingboltError as error:  # a country that does not exist
            form.fail(error)
            choices = await self._sale.choices(Form({}))
        quote = await self._sale.quote(form) if not form.errors else Quote()
        return self._renderer.page(
            f"{self._sale.name}.html",
            form.status,
            form=form,
            quote=quote,
            purse=await self._purses.of(request),
            sale=self._sale.name,
            heard=heard,
            **choices,
        )

    def _check_offered(self) -> None:
        if not self._is_offered:
            raise no_such_page()
