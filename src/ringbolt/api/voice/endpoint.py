"""One address of the family as a plain ASGI application: guard, sign in, read, answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from inspect import Signature
from typing import Final, Literal

import structlog

from ringbolt.api.kit import http
from ringbolt.api.kit.http import Receive, Scope, Send
from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.voice import bearer, envelope
from ringbolt.api.voice.envelope import Reply
from ringbolt.api.voice.request import Asked
from ringbolt.api.voice.words import word
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound, RateLimited, RingboltError

log = structlog.get_logger("ringbolt.voice")

MAX_BODY_BYTES: Final = 64 * 1024
_JSON: Final = b"application/json"
_SPEECHES_PER_MINUTE: Final = 120
"""Previews cost a processor's time, and nothing else."""

Cost = Literal["call", "read", "sign-in", "speech"]
Answer = Callable[[Asked], Awaitable[Reply]]


class Guards:
    """What one client address, and one account, may ask for in a minute."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        settings = shop.settings
        a_minute: Mapping[Cost, int] = {
            "call": settings.voice.calls_per_minute,
            "read": settings.abuse.reads_per_minute,
            "sign-in": settings.abuse.orders_per_minute,
            "speech": _SPEECHES_PER_MINUTE,
        }
        self._guards = {
            cost: RateGuard(limit, limit, time.monotonic) for cost, limit in a_minute.items()
        }

    def check_address(self, cost: Cost, client: str) -> None:
        """Raises ``RateLimited``."""
        if self._shop.limits:
            self._guards[cost].check(client)

    def check_account(self, cost: Cost, key_id: str) -> None:
        """Raises ``RateLimited``."""
        if not self._shop.limits:
            return
        try:
            self._guards[cost].check(f"key:{key_id}")
        except RateLimited as error:
            error.message = "Too many requests for this account."
            raise


class Endpoint:
    """What answers at one address, by method. ``right``: the scope that the API key needs, '' for
    an address that is open to everybody; ``path`` is what the log names."""

    # FastAPI documents the address, and must not look for parameters of ours.
    __signature__ = Signature()

    def __init__(self, shop: Shop, guards: Guards, path: str) -> None:
        self._shop = shop
        self._guards = guards
        self._path = path
        self._answers: dict[str, tuple[Answer, Cost, str]] = {}

    def add(self, method: str, answer: Answer, cost: Cost, right: str) -> None:
        self._answers[method] = (answer, cost, right)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await _send(send, 204, b"", b"", [(b"allow", self._allow)])
            return
        asked = Asked(scope, http.client_address(scope), scope.get("path_params", {}))
        try:
            reply = await self._reply(asked, receive)
        except http.ClientGone:
            return
        except RingboltError as error:
            await self._refuse(send, asked, error)
            return
        except Exception:
            log.exception("a request failed", path=self._path)
            fault = RingboltError("Something went wrong on our side; it is logged.")
            await self._refuse(send, asked, fault)
            return
        if reply.content_type:
            await _send(send, reply.status, reply.body, reply.content_type, list(reply.headers))
            return
        now_ms = self._shop.clock.now_ms()
        document = envelope.success(reply.data, asked.client_request_id, now_ms)
        body = envelope.encode(document)
        await _send(send, reply.status, body, _JSON, list(reply.headers))

    async def _reply(self, asked: Asked, receive: Receive) -> Reply:
        method = asked.scope["method"]
        answer, cost, right = self._answering("GET" if method == "HEAD" else method)
        self._guards.check_address(cost, asked.client)
        if right:
            asked.key = await bearer.account_key(self._shop, asked.scope, right)
            self._guards.check_account(cost, asked.key.id)
        if method == "POST":
            try:
                asked.body = await http.read_body(asked.scope, receive, MAX_BODY_BYTES)
            except http.BodyTooLarge as error:
                error.suggestion = "Send only the documented fields; put audio behind audioUrl."
                raise
        return await answer(asked)

    def _answering(self, method: str) -> tuple[Answer, Cost, str]:
        found = self._answers.get(method)
        if found is None:
            raise http.MethodNotAllowed(
                f"This address does not take {method[:16]}.",
                suggestion=f"Use {' or '.join(self._answers)}.",
            )
        return found

    async def _refuse(self, send: Send, asked: Asked, error: RingboltError) -> None:
        await refuse(self._shop, send, asked, error, allow=self._allow)

    @property
    def _allow(self) -> bytes:
        return ", ".join((*self._answers, "OPTIONS")).encode()


async def no_such_address(shop: Shop, scope: Scope, send: Send) -> None:
    """The answer at every other address of the family."""
    asked = Asked(scope, http.client_address(scope), {})
    error = NotFound(
        "There is nothing at this address.",
        code="NO_SUCH_ADDRESS",
        suggestion="The addresses of this API are listed in /openapi.json.",
    )
    await refuse(shop, send, asked, error)


async def refuse(
    shop: Shop, send: Send, asked: Asked, error: RingboltError, *, allow: bytes = b""
) -> None:
    """Answer with an error."""
    headers = envelope.error_headers(error)
    if allow and isinstance(error, http.MethodNotAllowed):
        headers.append((b"allow", allow))
    document = envelope.failure(
        error, word(error, asked.fields), asked.client_request_id, shop.clock.now_ms()
    )
    body = envelope.encode(document)
    await _send(send, envelope.status_of(error), body, _JSON, headers)


async def _send(
    send: Send, status: int, body: bytes, content_type: bytes, headers: list[http.Header]
) -> None:
    kind = [(b"content-type", content_type)] if content_type else []
    size = [(b"content-length", str(len(body)).encode())]
    start = [*kind, *size, (b"cache-control", b"no-store"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})
