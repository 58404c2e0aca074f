"""An order's changes as server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply
from ringbolt.api.orders.status import Told, tell
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

    async def events(self, asked: Asked) -> Reply | Response:
        """Follow an order: an event at every change, with the /orderstatus document as data.

        It ends after the last change. With Last-Event-ID, what was seen is not told again.
        """
        order_id = fields.order_id(asked.path("order_id"))
        seen = asked.header(b"last-event-id")
        told = await tell(self._shop, order_id)
        if told.is_over and _name(told) == seen:
            return Reply(b"", 204)  # which tells an EventSource not to come again
        if asked.scope["method"] == "HEAD":  # a stream would keep the connection until its end
            return Response(media_type=_MEDIA_TYPE, headers=_HEADERS)
        return StreamingResponse(
            self._stream(order_id, asked.client, seen),
            media_type=_MEDIA_TYPE,
            headers=_HEADERS,
        )

    async def _stream(self, order_id: str, client: str, seen: str) -> AsyncIterator[bytes]:
        yield _RETRY
        try:
            async with self._waiting.for_order(order_id, client) as changes:
                async for event in self._changes(order_id, changes, seen):
                    yield event
        except RingboltError as error:  # the answer has begun: the client comes again
            yield f": {error.code}\n\n".encode()

    async def _changes(self, order_id: str, changes: Changes, seen: str) -> AsyncIterator[bytes]:
        while not self._waiting.closed:
            told = await tell(self._shop, order_id)
            name = _name(told)
            if name != seen:
                seen = name
                yield b"id: %b\ndata: %b\n\n" % (name.encode(), told.body)
            if told.is_over:
                return
            while not self._waiting.closed and not await changes.wait(HEARTBEAT_S):
                yield b":\n\n"


def _name(told: Told) -> str:
    """The same for the same document, whichever process tells it."""
    return f"{told.timestamp}-{hashlib.blake2b(told.body, digest_size=6).hexdigest()}"
