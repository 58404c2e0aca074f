"""What stands before every address of the world: the token, then limits of the body."""

from __future__ import annotations

import hmac

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ringbolt.core.errors import Unauthorized
from ringbolt.http_body import BoundedBody, header

MAX_BODY_BYTES = 256 * 1024


def guard(route: Route, token: str = "", max_body_bytes: int = MAX_BODY_BYTES) -> Route:
    """The same route, which takes bodies of that size at most, within the usual time, and, unless
    ``token`` is '', only from callers that show it as a bearer token."""
    route.app = _Guarded(route.app, token, max_body_bytes)
    return route


class _Guarded:
    """Raises ``Unauthorized`` before it reads anything, and what ``BoundedBody`` raises."""

    def __init__(self, app: ASGIApp, token: str, max_body_bytes: int) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode() if token else b""
        self._macaroon = token.encode().hex().encode()  # LND's clients show it so
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._expected:
            shown = header(scope, b"authorization").encode()
            macaroon = header(scope, b"grpc-metadata-macaroon").encode()
            is_known = hmac.compare_digest(shown, self._expected) or hmac.compare_digest(
                macaroon, self._macaroon
            )
            if not is_known:
                raise Unauthorized(
                    "Only the operator of this shop may do this.",
                    suggestion="Send Authorization: Bearer and the token that the operator has.",
                )
        await self._app(scope, BoundedBody(scope, receive, self._max_body_bytes), send)
