"""An order's changes as server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.orders.status import Snapshot, id_in_path, snapshot
from ringbolt.api.orders.waiting import Changes, Waiting
from ringbolt.app.shop import Shop
from ringbolt.core.errors import RingboltError

HEARTBEAT_S = 15.0
_RETRY = b"retry: 2000\n\n"
_MEDIA_TYPE = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class OrderEvents:
    """``GET /v1/orders/{id}/events``."""

    def __init__(self, shop: Shop, waiting: Waiting) -> None:
        self._shop = shop
        self._waiting = waiting

    async def events(self, request: Request[Nothing]) -> Response | StreamingResponse:
        """Follow an order: an event at every change, with the /orderstatus document as data.

        It ends after the last change. With Last-Event-ID, what was seen is not sent again.
        """
        order_id = id_in_path(request)
        seen = request.header(b"last-event-id")
        found = await snapshot(self._shop, order_id)
        if found.is_over and _name(found) == seen:
            return Response(status=204)  # after which an EventSource does not connect again
        if request.method == "HEAD":  # a stream would keep the connection open
            headers = [(b"x-accel-buffering", b"no")]
            return Response(headers=headers, content_type=f"{_MEDIA_TYPE}; charset=utf-8".encode())
        return StreamingResponse(
            self._stream(order_id, request.client, seen),
            media_type=_MEDIA_TYPE,
            headers=_HEADERS,
        )

    async def _stream(self, order_id: str, client: str, seen: str) -> AsyncIterator[bytes]:
        yield _RETRY
        try:
            async with self._waiting.for_order(order_id, client) as changes:
                async for event in self._changes(order_id, changes, seen):
                    yield event
        except RingboltError as error:  # the answer has begun: the client connects again
            yield f": {error.code}\n\n".encode()

    async def _changes(self, order_id: str, changes: Changes, seen: str) -> AsyncIterator[bytes]:
        while not self._waiting.closed:
            found = await snapshot(self._shop, order_id)
            name = _name(found)
            if name != seen:
                seen = name
                yield b"id: %b\ndata: %b\n\n" % (name.encode(), found.body)
            if found.is_over:
                return
            while not self._waiting.closed and not await changes.wait(HEARTBEAT_S):
                yield b":\n\n"


def _name(found: Snapshot) -> str:
    """The event's id: the same in every process for the same document."""
    return f"{found.timestamp}-{hashlib.blake2b(found.body, digest_size=6).hexdigest()}"
