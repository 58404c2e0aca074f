"""One address of the family as a plain ASGI application: guard, read, answer, render errors."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import Signature
from typing import Any, Literal

import structlog
from starlette.responses import Response

from ringbolt.api.kit import http
from ringbolt.api.kit.http import Header, Receive, Scope, Send
from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.orders import parameters
from ringbolt.api.orders.errors import error_document, error_headers, error_status
from ringbolt.api.orders.parameters import Parameters
from ringbolt.app.shop import Shop
from ringbolt.core.errors import InvalidInput, RingboltError

log = structlog.get_logger("ringbolt.orders")

MAX_BODY_BYTES = 256 * 1024
MAX_KEY_CHARS = 256

Cost = Literal["order", "read"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. ``client`` is its address, ``key`` the X-API-Key as shown ('' without)."""

    scope: Scope
    fields: Parameters
    client: str
    key: str

    def path(self, name: str) -> str:
        return str(self.scope["path_params"][name])

    def header(self, name: bytes) -> str:
        return http.header(self.scope, name)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; ``body`` is JSON unless ``content_type`` says otherwise."""

    body: bytes
    status: int = 200
    headers: tuple[Header, ...] = ()
    content_type: bytes = b"application/json"
    cache: bytes = b"no-store"


Answer = Callable[[Asked], Awaitable[Reply | Response]]


def ok(document: Any, *headers: Header) -> Reply:
    return Reply(http.encode(document), 200, headers)


class Guards:
    """What one client address, and one API key, may ask for in a minute."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        abuse = shop.settings.abuse
        self._by_cost: dict[Cost, RateGuard] = {
            "order": RateGuard(abuse.orders_per_minute, abuse.orders_per_minute, time.monotonic),
            "read": RateGuard(abuse.reads_per_minute, abuse.reads_per_minute, time.monotonic),
        }

    def check(self, cost: Cost, client: str, key: str) -> None:
        """Raises ``RateLimited``."""
        if not self._shop.limits:
            return
        guard = self._by_cost[cost]
        guard.check(client)
        if key:
            guard.check(f"key:{key}")


class Endpoint:
    """``answer`` behind ``methods``. ``cost`` is what the request counts for in the guards;
    ``reads_body`` is false where a body says nothing; ``get_acts`` is true where even a GET changes
    something, so that there is no HEAD; ``path`` is what the log names: without what stands in for
    its parameters, because order ids are secrets."""

    # FastAPI documents the address, and must not look for parameters of ours.
    __signature__ = Signature()

    def __init__(
        self,
        shop: Shop,
        guards: Guards,
        answer: Answer,
        *,
        path: str,
        methods: tuple[str, ...],
        cost: Cost,
        reads_body: bool = True,
        get_acts: bool = False,
    ) -> None:
        self._path = path
        self._get_acts = get_acts
        self._guards = guards
        self._reads_body = reads_body
        self._answer = answer
        self._methods = methods
        self._cost = cost
        self._as_500 = shop.settings.compat.errors_as_500
        self.__doc__ = answer.__doc__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await _send(send, Reply(b"", 204, ((b"allow", self._allow),)))
            return
        try:
            reply = await self._reply(scope, receive)
        except http.ClientGone:
            return
        except RingboltError as error:
            reply = self._error(error)
        except Exception:
            log.exception("a request failed", path=self._path)
            reply = self._error(RingboltError("Something went wrong on our side; it is logged."))
        if isinstance(reply, Response):
            await reply(scope, receive, send)
        else:
            await _send(send, reply)

    async def _reply(self, scope: Scope, receive: Receive) -> Reply | Response:
        method = scope["method"]
        if method == "HEAD" and not self._get_acts:
            method = "GET"
        if method not in self._methods:
            raise http.MethodNotAllowed(
                f"This address does not take {method[:16]}.",
                suggestion=f"Use {' or '.join(self._methods)}.",
            )
        client = http.client_address(scope)
        key = http.header(scope, b"x-api-key").strip()
        if len(key) > MAX_KEY_CHARS:
            raise InvalidInput(
                f"X-API-Key is over {MAX_KEY_CHARS} characters.",
                field="X-API-Key",
                suggestion="Send the key alone, as it was made.",
            )
        self._guards.check(self._cost, client, key)
        body = b"" if method == "GET" else await _body(scope, receive)
        fields = parameters.from_request(
            scope.get("query_string", b""),
            body if self._reads_body else b"",
            http.header(scope, b"content-type"),
            http.header(scope, b"content-encoding"),
        )
        return await self._answer(Asked(scope, fields, client, key))

    def _error(self, error: RingboltError) -> Reply:
        headers = error_headers(error)
        if isinstance(error, http.MethodNotAllowed):
            headers.append((b"allow", self._allow))
        status = error_status(error, as_500=self._as_500)
        return Reply(http.encode(error_document(error)), status, tuple(headers))

    @property
    def _allow(self) -> bytes:
        return ", ".join((*self._methods, "OPTIONS")).encode()


async def _body(scope: Scope, receive: Receive) -> bytes:
    try:
        return await http.read_body(scope, receive, MAX_BODY_BYTES)
    except http.BodyTooLarge as error:
        error.suggestion = "Send only the documented fields."
        raise


async def _send(send: Send, reply: Reply) -> None:
    headers = [(b"cache-control", reply.cache), *reply.headers]
    if reply.status != 204:  # which has neither: RFC 9110, 8.6
        length = str(len(reply.body)).encode()
        headers += [(b"content-type", reply.content_type), (b"content-length", length)]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
