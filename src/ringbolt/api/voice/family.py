"""The family as a whole: its addresses, and the way past the framework."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter
from starlette.middleware.cors import CORSMiddleware

from ringbolt.api.kit.http import Receive, Scope, Send
from ringbolt.api.voice import openapi
from ringbolt.api.voice.endpoint import Answer, Cost, Endpoint, Guards, no_such_address
from ringbolt.api.voice.openapi import Documented
from ringbolt.app.shop import Shop

_ROOTS: Final = ("/auth/v1", "/voice/v1")


class VoiceApi:
    """The addresses of the family, as an ASGI application for the paths that it ``serves``.

    It serves all that begins as its addresses do, so that even an address that does not exist is
    answered in the envelope. ``router`` is the same for FastAPI, which documents them.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._guards = Guards(shop)
        self._fixed: dict[str, Endpoint] = {}
        self._patterns: list[tuple[re.Pattern[str], Endpoint]] = []
        self._described: list[tuple[str, str, Endpoint, Answer, Documented | None]] = []
        self._with_cors = CORSMiddleware(
            self._answer,
            allow_origins=["*"],
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
            expose_headers=[
                "X-Error-Code",
                "Retry-After",
                "Idempotent-Replayed",
                "X-Ringbolt-Notes",
            ],
        )

    def close(self) -> None:
        """Nobody waits here for anything to happen: there is nobody to let go."""

    def serves(self, path: str) -> bool:
        """Whether the family answers at this path."""
        return any(path == root or path.startswith(f"{root}/") for root in _ROOTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a path that it ``serves``, from whatever origin."""
        await self._with_cors(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removesuffix("/")
        endpoint = self._fixed.get(path)
        parameters: dict[str, str] = {}
        if endpoint is None:
            endpoint, parameters = self._find(path)
        if endpoint is None:
            await no_such_address(self._shop, scope, send)
            return
        await endpoint({**scope, "path_params": parameters}, receive, send)

    def _find(self, path: str) -> tuple[Endpoint | None, dict[str, str]]:
        for pattern, endpoint in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                return endpoint, match.groupdict()
        return None, {}

    def add(
        self,
        method: str,
        path: str,
        answer: Answer,
        documented: Documented | None,
        *,
        cost: Cost = "read",
        right: str = "read",
    ) -> None:
        """``right``: what the API key must be allowed, '' where none is needed. An address that
        is not ``documented`` is left out of the document."""
        endpoint = self._endpoint(path)
        endpoint.add(method, answer, cost, right)
        self._described.append((path, method, endpoint, answer, documented))

    def router(self) -> APIRouter:
        """The addresses as FastAPI documents them: made when somebody wants the document."""
        router = APIRouter(route_class=openapi.DocumentedRoute)
        for path, method, endpoint, answer, documented in self._described:
            router.add_api_route(
                path,
                endpoint,
                methods=[method],
                response_model=None,
                name=path,
                tags=["voice"],
                summary=(answer.__doc__ or "").partition("\n")[0].rstrip("."),
                responses=documented.responses() if documented else None,
                openapi_extra=documented.operation(path) if documented else None,
                operation_id=openapi.operation_id(method, path),
                include_in_schema=documented is not None,
            )
        return router

    def _endpoint(self, path: str) -> Endpoint:
        """The endpoint of a path: one for all its methods."""
        if path not in self._fixed and "{" not in path:
            self._fixed[path] = Endpoint(self._shop, self._guards, path)
        if path in self._fixed:
            return self._fixed[path]
        pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))
        for known, endpoint in self._patterns:
            if known == pattern:
                return endpoint
        endpoint = Endpoint(self._shop, self._guards, path)
        self._patterns.append((pattern, endpoint))
        return endpoint
