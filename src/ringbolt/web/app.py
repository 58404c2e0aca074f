"""All pages as one ASGI application, beside the APIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt import __version__
from ringbolt.api.faucet import Faucet
from ringbolt.api.kit.http import Send
from ringbolt.api.kit.limits import Guards
from ringbolt.api.orders.waiting import Waiting
from ringbolt.app.checkout.number_catalogue import NumberCatalogue
from ringbolt.app.shop import Shop
from ringbolt.http_body import Receive, Scope, header
from ringbolt.web.account.key_pages import PATH as ACCOUNT
from ringbolt.web.account.pages import AccountPages
from ringbolt.web.account.purse import Purses
from ringbolt.web.account.session import Sessions
from ringbolt.web.assets import asset
from ringbolt.web.docs import pages as docs
from ringbolt.web.fiat import FiatHint
from ringbolt.web.negotiation import spoken_to
from ringbolt.web.operator.console import Console
from ringbolt.web.operator.frame import PATH as CONSOLE
from ringbolt.web.order_page import OrderPage
from ringbolt.web.problems import Problems
from ringbolt.web.refund_page import PREFIX as REFUND
from ringbolt.web.refund_page import RefundPage
from ringbolt.web.rendering import HEADERS, Renderer
from ringbolt.web.sale_page import SalePage
from ringbolt.web.sales.call import CallSale
from ringbolt.web.sales.email import EmailSale
from ringbolt.web.sales.number import CodeSale, RentSale
from ringbolt.web.sales.sale import Sale
from ringbolt.web.sales.text import TextSale
from ringbolt.web.sandbox_page import SandboxPage
from ringbolt.web.simulator_page import ACTIONS, ACTS, SimulatorPage
from ringbolt.web.site_files import SiteFiles
from ringbolt.web.storefront import Storefront

log = structlog.get_logger("ringbolt.web")

_HTML: Final = "text/html"
_PREFIXES: Final = ("/o/", "/static/", "/operator/", "/account/", docs.PREFIX)


class Pages:
    """The pages of a shop. ``world``: where the simulated world is, with its token, if the node is
    simulated; every page says so then. ``faucet``: a sandbox's, which has another page of it."""

    def __init__(
        self, shop: Shop, world: tuple[str, str] | None, faucet: Faucet | None = None
    ) -> None:
        self._fiat = FiatHint(shop.settings.fiat, shop.clock)
        self._renderer = Renderer(
            {
                **_about(shop),
                "play": world is not None,
                "sandbox": faucet is not None,
                "release": __version__,
                "fiat": self._fiat,
            }
        )
        self._problems = Problems(self._renderer)
        self._world = world
        self._faucet = faucet
        self._waiting = Waiting(shop)
        self._paths: frozenset[str] = frozenset()
        self._shop = shop
        self._sale_pages: dict[str, SalePage] = {}
        self._guards = _guards(shop)
        self._app = self._application(shop)

    def close(self) -> None:
        """End every stream, because the shop stops."""
        self._waiting.close()
        self._fiat.close()

    def warm_up(self) -> None:
        """Load what the first visitors would wait for. For a thread."""
        self._renderer.warm_up()

    def describe(self, document: Callable[[], Mapping[str, Any]]) -> None:
        """Serve the developers' pages, made from the OpenAPI document."""
        pages = docs.DocsPages(
            self._shop,
            self._renderer,
            document=document,
            sold=self._is_sold,
            guards=self._guards,
            play=self._world is not None,
        )
        self._paths |= {docs.PATH}
        self._app.router.routes.extend(pages.routes())

    def takes(self, scope: Scope) -> bool:
        """Whether the request is for a page. ``/`` is one only for who accepts HTML."""
        path = scope["path"]
        if path == "/":
            return self.is_browser(scope)
        if path.startswith(REFUND):  # wallets ask there too, and not for HTML
            return scope["method"] == "POST" or self.is_browser(scope)
        return path in self._paths or path.startswith(_PREFIXES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, spoken_to(scope, send))

    def is_browser(self, scope: Scope) -> bool:
        """Whether the client names HTML among what it accepts, as browsers do."""
        return scope["method"] in ("GET", "HEAD") and _HTML in header(scope, b"accept")

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page for an address that does not exist."""
        answer = spoken_to(scope, send)
        await self._problems.not_found()(scope, receive, answer)

    def _application(self, shop: Shop) -> Starlette:
        guards = self._guards
        sessions = Sessions(shop)
        forms = self._forms(shop, guards, Purses(shop, sessions))
        self._sale_pages = {form.path: form for form in forms}
        front = Storefront(shop, self._renderer, self._is_sold)
        pages = [
            *(route for form in forms for route in form.routes()),
            Route("/", front.show, methods=["GET"]),
            *SiteFiles(shop).routes(),
            Route("/static/{digest}/{name}", _static),
            *self._simulator(),
        ]
        self._paths = frozenset(route.path for route in pages) - {"/"} | {CONSOLE, ACCOUNT}
        app = Starlette(
            routes=[
                *pages,
                *Console(shop, self._renderer, guards).routes(),
                *AccountPages(shop, self._renderer, Sessions(shop), guards, self._waiting).routes(),
                *self._orders(shop, guards),
                *RefundPage(shop, self._renderer, guards).routes(),
            ],
        )
        self._problems.handle(app)
        # It would send a browser to the host and scheme of the request, which may be anybody's, and
        # behind a proxy that ends TLS are not the shop's: the order's key would go unencrypted.
        app.router.redirect_slashes = False
        return app

    def _is_sold(self, path: str) -> bool:
        """Whether the form at that address is open now."""
        return self._sale_pages[path].is_open

    def _forms(self, shop: Shop, guards: Guards, purses: Purses) -> list[SalePage]:
        """One form for each service, whether it is open or not."""
        catalogue = NumberCatalogue(shop)
        sales: tuple[Sale, ...] = (
            CallSale(shop),
            TextSale(shop),
            CodeSale(shop, catalogue),
            RentSale(shop, catalogue),
            EmailSale(shop),
        )
        return [SalePage(shop, self._renderer, sale, guards, purses) for sale in sales]

    def _orders(self, shop: Shop, guards: Guards) -> list[Route]:
        page = OrderPage(shop, self._renderer, self._waiting, guards)
        return [
            Route("/o/{token}", page.show, methods=["GET"]),
            Route("/o/{token}/panel", page.panel, methods=["GET"]),
            Route("/o/{token}/events", page.events, methods=["GET"]),
            Route("/o/{token}/said.wav", page.said, methods=["GET"]),
            Route("/o/{token}/again", page.again, methods=["POST"]),
            Route("/o/{token}/{action}", page.act, methods=["POST"]),
        ]

    def _simulator(self) -> list[Route]:
        if self._world is None:
            return []
        if self._faucet is not None:
            sandbox = SandboxPage(self._renderer, *self._world, self._faucet)
            return [
                Route("/simulator", sandbox.show, methods=["GET"]),
                Route(f"{ACTS}/pay", sandbox.pay, methods=["POST"]),
            ]
        page = SimulatorPage(self._renderer, *self._world)
        acts = (
            Route(f"{ACTS}/{action}", page.act_as(action), methods=["POST"]) for action in ACTIONS
        )
        return [
            Route("/simulator", page.show, methods=["GET"]),
            Route("/simulator/parts", page.parts, methods=["GET"]),
            *acts,
        ]


def _about(shop: Shop) -> dict[str, str]:
    """What every page says of the shop."""
    contact = shop.settings.web.contact
    is_page = contact.startswith(("https://", "http://"))
    return {
        "shop_name": shop.settings.web.shop_name,
        "contact": contact,
        "contact_url": contact if is_page else f"mailto:{contact}",
    }


def _guards(shop: Shop) -> Guards:
    """The limits by client address that all pages share."""
    abuse = shop.settings.abuse
    limits = {"order": abuse.orders_per_minute, "read": abuse.reads_per_minute}
    return Guards(limits, enabled=shop.limits)


async def _static(request: Request) -> Response:
    found = asset(request.path_params["digest"], request.path_params["name"], request.headers)
    if found is None:
        return Response(status_code=404, headers=dict(HEADERS))
    return found
