"""The family as a whole: its addresses, what they share, and the way past the framework."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.middleware.cors import CORSMiddleware

from ringbolt.api.kit.http import Receive, Scope, Send
from ringbolt.api.orders import openapi
from ringbolt.api.orders.endpoint import Answer, Cost, Endpoint, Guards
from ringbolt.api.orders.openapi import Documented
from ringbolt.api.orders.waiting import Waiting
from ringbolt.app.shop import Shop

_WITH_PARAMETERS = ("/v1/", "/u/", "/assets/saimages/")


class OrdersApi:
    """The addresses of the family, as an ASGI application for the paths that it ``serves``.

    ``router`` is the same for FastAPI, which documents them. Whoever routes past it saves most
    of a small request's time: it looks at every route of the shop, one after the other.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._guards = Guards(shop)
        self.waiting = Waiting(shop)
        self._fixed: dict[str, Endpoint] = {}
        self._folded: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], Endpoint]] = []
        self._described: list[tuple[str, str, Endpoint, Documented | None]] = []
        self._with_cors = CORSMiddleware(
            self._answer,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            # Any: what a client's library adds (Cache-Control, X-Requested-With) does no harm here.
            allow_headers=["*"],
            expose_headers=["X-Error-Code", "Retry-After", "Idempotent-Replayed"],
        )

    def close(self) -> None:
        """Let everybody go who waits for an order to change: the shop is told to stop."""
        self.waiting.close()

    def serves(self, path: str) -> bool:
        """Whether an address of ours is meant, however it is written."""
        path = self._canonical(path)
        return path in self._fixed or self._find(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a path that it ``serves``, from whatever origin."""
        await self._with_cors(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._canonical(scope["path"])
        endpoint = self._fixed.get(path)
        parameters: dict[str, str] = {}
        if endpoint is None:
            found = self._find(path)
            assert found is not None, "only paths that are served"
            endpoint, parameters = found
        await endpoint({**scope, "path": path, "path_params": parameters}, receive, send)

    def _canonical(self, path: str) -> str:
        """The address as it is documented. Clients that end one with a slash, or join it to a base
        that ends with one, get no redirect: their POST would come again as something else. The
        service that clients come from heeds no capitals."""
        if path in self._fixed:
            return path
        path = f"/{path.strip('/')}" if path.endswith("/") or path.startswith("//") else path
        return self._folded.get(path.lower(), path)

    def _find(self, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        if not path.startswith(_WITH_PARAMETERS):
            return None
        for pattern, endpoint in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                return endpoint, match.groupdict()
        return None

    def add(
        self,
        methods: str,
        path: str,
        answer: Answer,
        documented: Documented | None,
        cost: Cost = "read",
        *,
        reads_body: bool = True,
        get_acts: bool = False,
    ) -> None:
        """``methods``: separated by blanks. An address that is not ``documented`` is left out."""
        allowed = tuple(methods.split())
        endpoint = Endpoint(
            self._shop,
            self._guards,
            answer,
            path=path,
            methods=allowed,
            cost=cost,
            reads_body=reads_body,
            get_acts=get_acts,
        )
        if "{" in path:
            pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)
            self._patterns.append((re.compile(pattern), endpoint))
        else:
            self._fixed[path] = endpoint
            self._folded[path.lower()] = path
        for method in allowed:
            self._described.append((path, method, endpoint, documented))

    def router(self) -> APIRouter:
        """The addresses as FastAPI documents them: made when somebody wants the document, for it
        takes longer than all the rest of a shop's start."""
        router = APIRouter(route_class=openapi.DocumentedRoute)
        for described in self._described:
            _document(router, *described)
        return router


def _document(
    router: APIRouter, path: str, method: str, endpoint: Endpoint, documented: Documented | None
) -> None:
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        response_model=None,
        name=path,
        tags=[documented.tag] if documented else [],
        summary=(endpoint.__doc__ or "").partition("\n")[0].rstrip("."),
        responses=documented.responses() if documented else None,
        openapi_extra=documented.operation(path) if documented else None,
        operation_id=openapi.operation_id(method, path),
        include_in_schema=documented is not None,
    )
