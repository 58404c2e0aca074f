"""How tools reach a shop: by its HTTP API, in the same process or over the network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from ringbolt.api.kit.http import Send
from ringbolt.http_body import HAS_ARRIVED, Receive, Scope

_PASSED_ON: Final = frozenset({b"host", b"x-api-key", b"x-budget-sats"})
"""Headers of the agent's request that the API must see as well."""


class NoAnswer(Exception):
    """The shop did not answer; the message says why. The request may have been carried out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address of the API answered. ``retry_after_s``: when to ask again, '' if it is not
    said."""

    status: int
    document: Any
    code: str = ""
    retry_after_s: str = ""

    @property
    def is_success(self) -> bool:
        return self.status < 400


class Door(Protocol):
    """The API of one shop, as one agent reaches it."""

    @property
    def has_key(self) -> bool:
        """Whether requests carry the API key of a prepaid account."""
        ...

    @property
    def is_closing(self) -> bool:
        """Whether nobody should wait any longer."""
        ...

    async def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        """Send a request: ``fields`` are the query of a GET, else the JSON body. Raises
        ``NoAnswer``."""
        ...


App = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application."""


class InnerDoor:
    """The API of the shop in this process, for the agent whose request is ``outer``: the API sees
    its address, for the limits, and its key. ``closing`` is set when the shop stops."""

    def __init__(self, app: App, outer: Scope, closing: asyncio.Event) -> None:
        self._app = app
        self._closing = closing
        self._outer = outer
        self._headers = [each for each in outer["headers"] if each[0] in _PASSED_ON]

    @property
    def has_key(self) -> bool:
        return any(name == b"x-api-key" and value.strip() for name, value in self._headers)

    @property
    def is_closing(self) -> bool:
        return self._closing.is_set()

    async def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        is_get = method == "GET"
        body = b"" if is_get else json.dumps(fields).encode()
        answer = _Answering(body)
        scope: Scope = {
            "type": "http",
            "http_version": "1.1",
            "asgi": self._outer["asgi"],
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": urlencode(fields).encode() if is_get else b"",
            "root_path": "",
            "scheme": self._outer.get("scheme", "http"),
            "server": self._outer.get("server"),
            "client": self._outer.get("client"),
            "headers": [
                *self._headers,
                (b"content-type", b"application/json"),
                *((name.lower().encode(), value.encode()) for name, value in headers.items()),
            ],
            HAS_ARRIVED: True,
        }
        await self._app(scope, answer.receive, answer.send)
        return answer.answer()


class _Answering:
    """Keeps what an ASGI application sends."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._status = 500
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []

    async def receive(self) -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = dict(message["headers"])
        else:
            self._chunks.append(message.get("body", b""))

    def answer(self) -> Answer:
        return Answer(
            self._status,
            json.loads(b"".join(self._chunks) or b"{}"),
            self._headers.get(b"x-error-code", b"").decode(),
            self._headers.get(b"retry-after", b"").decode(),
        )
