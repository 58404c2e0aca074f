"""All HTTP APIs as one ASGI application, which asks one family after another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import cache
from typing import Any, Protocol

from starlette.routing import BaseRoute, Match

from ringbolt import __version__
from ringbolt.api.discovery.catalogue import Catalogue
from ringbolt.api.discovery.estimate import add_estimate
from ringbolt.api.discovery.routes import Discovery, add_descriptions, add_discovery
from ringbolt.api.error_codes import add_error_codes
from ringbolt.api.fallback import fallback
from ringbolt.api.guide import DESCRIPTION, SANDBOX, TAGS
from ringbolt.api.kit import openapi
from ringbolt.api.kit.cacheable import cacheable
from ringbolt.api.kit.family import Family
from ringbolt.api.kit.http import Send, base_url, encode
from ringbolt.api.kit.operation import Operation
from ringbolt.api.kit.plain import plain_family
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.l402 import routes as l402
from ringbolt.api.operator.health import Connected, add_health
from ringbolt.api.operator.metrics import Metrics
from ringbolt.api.operator.routes import add_play_keys, operator_api
from ringbolt.api.orders.routes import orders_api
from ringbolt.api.voice.routes import voice_api
from ringbolt.app.shop import Shop
from ringbolt.http_body import Receive, Scope


class WebPages(Protocol):
    """The web pages, served beside the APIs. ``close`` ends their streams."""

    def takes(self, scope: Scope) -> bool:
        """Whether the request is for a page."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def is_browser(self, scope: Scope) -> bool:
        """Whether the client wants to see a page."""
        ...

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page for an address that does not exist."""
        ...

    def describe(self, document: Callable[[], dict[str, Any]]) -> None:
        """Serve pages about the API too; ``document`` makes the OpenAPI document."""
        ...

    def close(self) -> None: ...

    def warm_up(self) -> None:
        """Load what the first visitors would wait for. For a thread."""
        ...


class Agents(Protocol):
    """The tools for agents, served beside the APIs, which they use. ``close`` ends their waits."""

    def use(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Reach the APIs by ``app``."""
        ...

    def takes(self, path: str) -> bool:
        """Whether the request is for them."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def close(self) -> None: ...


class Server:
    """The ASGI application of a shop. ``extra_routes`` are served where no family has an address;
    ``play``: anyone may create API keys, because a part is simulated. ``pages``: None for an API
    only; ``agents``: None for no tools."""

    def __init__(
        self,
        shop: Shop,
        *,
        network: Callable[[], Awaitable[str]],
        connected: Connected,
        extra_routes: Sequence[BaseRoute] = (),
        play: bool = False,
        pages: WebPages | None = None,
        agents: Agents | None = None,
    ) -> None:
        self.metrics = Metrics(shop)
        plain = plain_family()
        l402.add_free_addresses(plain, shop)
        add_health(plain, shop, self.metrics, connected)
        if play:
            add_play_keys(plain, shop)
        self._families = (
            l402.paid_api(shop, network, self.metrics.count),
            orders_api(shop),
            voice_api(shop),
            plain,
            operator_api(shop),
        )
        add_error_codes(plain)
        document = self._add_openapi(plain, shop)
        self._add_discovery(shop, plain, document)
        if pages is not None:
            pages.describe(document)
        self._fallback = fallback(extra_routes)
        self._extra_routes = tuple(extra_routes)
        self._pages = pages
        self._agents = agents
        if agents is not None:
            agents.use(self)

    def warm_up(self) -> None:
        """Load what the first visitors of the pages would wait for. For a thread."""
        if self._pages is not None:
            self._pages.warm_up()

    def hang_up(self) -> None:
        """End every long-poll and stream, because the shop stops."""
        for family in self._families:
            family.close()
        if self._pages is not None:
            self._pages.close()
        if self._agents is not None:
            self._agents.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if self._agents is not None and self._agents.takes(path):
                await self._agents(scope, receive, send)
                return
            if self._pages is not None and self._pages.takes(scope):
                await self._pages(scope, receive, send)
                return
            for family in self._families:
                found = family.find(path)
                if found is not None:
                    await family.answer(found, scope, receive, send)
                    return
            if self._pages is not None and self._is_lost(scope):
                await self._pages.not_found(scope, receive, send)
                return
        await self._fallback(scope, receive, send)

    def _is_lost(self, scope: Scope) -> bool:
        """Whether a browser asks for an address that does not exist."""
        assert self._pages is not None, "there are pages"
        return self._pages.is_browser(scope) and not any(
            route.matches(scope)[0] is not Match.NONE for route in self._extra_routes
        )

    def _add_discovery(
        self, shop: Shop, plain: Family, document: Callable[[], dict[str, Any]]
    ) -> None:
        catalogue = Catalogue(shop, self._operations, document)
        discovery = Discovery(shop, catalogue)
        add_discovery(plain, discovery)
        add_estimate(plain, shop)
        for family in self._families:
            add_descriptions(family, discovery)

    def _operations(self) -> Iterator[Operation[Any]]:
        return (operation for family in self._families for operation in family.operations)

    def _add_openapi(self, family: Family, shop: Shop) -> Callable[[], dict[str, Any]]:
        """The document is made at its first request, in a thread, because that takes a while."""
        public_url = shop.settings.public_url

        @cache
        def document() -> dict[str, Any]:
            described = (
                (family.documentation, operation)
                for family in self._families
                for operation in family.operations
            )
            about = openapi.About(
                title="Ringbolt",
                version=__version__,
                description=f"{SANDBOX}\n\n{DESCRIPTION}"
                if shop.settings.sandbox.open
                else DESCRIPTION,
                server=public_url.rstrip("/") or "/",
                tags=TAGS,
                security=l402.SECURITY,
            )
            return openapi.document(about, described)

        async def answer(request: Request[Nothing]) -> Response:
            """This API's OpenAPI document."""
            found = await asyncio.to_thread(document)
            base = base_url(request.scope, public_url)
            here: dict[str, Any] = {"servers": [{"url": base}]}
            if self._pages is not None:
                here["externalDocs"] = {"description": "For developers", "url": f"{base}/docs"}
            return cacheable(request, encode(found | here))

        family.add("GET", "/openapi.json", answer, Nothing, hidden=True, cost="")
        return document
