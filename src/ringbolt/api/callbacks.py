"""The routes at which carriers, nodes and providers call the shop back.

``/callbacks/{area}/{name}/{secret}`` is the prefix of each part's own paths. The secret is 256 bits
derived from the master secret, so nobody can guess the address, and no table keeps it: it is the
same on every machine and after every start. Former master secrets are accepted, because calls that
were placed under them may still be up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl

import structlog
from starlette.routing import BaseRoute, Route

from ringbolt.api.kit.http import Header, Send
from ringbolt.core.callback import (
    CallbackRequest,
    CallbackResponse,
    CallbackRoute,
    SupportsCallbacks,
)
from ringbolt.core.errors import RingboltError
from ringbolt.core.keys import Keyring, derive
from ringbolt.http_body import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    Receive,
    Scope,
    read_body,
)

PREFIX: Final = "/callbacks"
HANDLE_S: Final = 30.0
"""Longer than any far end waits; it sends the same callback again after that."""
_RETRY_AFTER: Final[Header] = (b"retry-after", b"5")
log = structlog.get_logger("ringbolt.callbacks")


def callback_prefixes(keyring: Keyring, area: str, name: str) -> list[str]:
    """The prefixes at which a part is called back, the present one first. ``area``: ``voice``,
    ``sms``, ...; ``name``: the part's."""
    parts = area.encode(), name.encode()
    tokens = (derive(secret, "callbacks", *parts).hex() for secret in keyring.all())
    return [f"{PREFIX}/{area}/{name}/{token}" for token in tokens]


def callback_routes(
    keyring: Keyring, base_url: str, parts: Iterable[tuple[str, str, object]]
) -> list[BaseRoute]:
    """The routes of those ``parts`` (area, name, part) that are called back. ``base_url``: how the
    shop is reached from outside."""
    return [
        route
        for area, name, part in parts
        if isinstance(part, SupportsCallbacks)
        for route in _routes_of(part, base_url, callback_prefixes(keyring, area, name))
    ]


def _routes_of(part: SupportsCallbacks, base_url: str, prefixes: list[str]) -> Iterator[BaseRoute]:
    for route in part.callback_routes(base_url + prefixes[0]):
        for prefix in prefixes:
            endpoint = _Endpoint(route, base_url)
            yield Route(
                prefix + route.path, endpoint, methods=list(route.methods), include_in_schema=False
            )


class _Endpoint:
    """One route of a part, as an ASGI application."""

    def __init__(self, route: CallbackRoute, base_url: str) -> None:
        self._route = route
        self._base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(scope, receive, self._route.max_body_bytes)
        except (BodyTooLarge, BodyTooSlow) as error:
            await _respond(send, CallbackResponse(error.status))
        except ClientGone:
            return
        else:
            await self._answer(self._request(scope, body), send)

    async def _answer(self, request: CallbackRequest, send: Send) -> None:
        """Answers only after the part's handler has committed everything."""
        try:
            async with asyncio.timeout(HANDLE_S):
                answer = await self._route.handle(request)
        except (RingboltError, TimeoutError) as error:
            why = error.message if isinstance(error, RingboltError) else "it took too long"
            log.warning("a callback was not committed", path=self._route.path, why=why)
            await _respond(send, CallbackResponse(503), _RETRY_AFTER)
        except Exception:
            log.exception("a callback failed", path=self._route.path)
            await _respond(send, CallbackResponse(500))
        else:
            await _respond(send, answer)

    def _request(self, scope: Scope, body: bytes) -> CallbackRequest:
        query = scope.get("query_string", b"").decode("latin-1")
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        headers: dict[str, str] = {}
        for key, value in scope["headers"]:
            name, text = key.decode("latin-1"), value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        return CallbackRequest(
            method=scope["method"],
            url=f"{self._base_url}{path}" + (f"?{query}" if query else ""),
            params=scope.get("path_params", {}),
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=body,
        )


async def _respond(send: Send, answer: CallbackResponse, *more: Header) -> None:
    headers: list[Header] = [*more]
    if answer.status != 204:  # which has none: RFC 9110, 8.6
        headers.append((b"content-length", str(len(answer.body)).encode()))
    if answer.body:
        headers.append((b"content-type", answer.content_type.encode()))
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})
