"""The state of an order, and what its buyer may do with it: the order's id is the key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.api.kit.number_fields import canonical_id
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import JSON, Response
from ringbolt.api.orders import FAMILY
from ringbolt.api.orders.cancel import cancel_or_hang_up
from ringbolt.api.orders.documents import Done
from ringbolt.api.orders.order_document import OrderRenderer
from ringbolt.api.orders.schema import MAX_WAIT_S, OrderQuery, StatusQuery, WaitQuery
from ringbolt.api.orders.waiting import Waiting
from ringbolt.app.numbers.accept_without_code import accept_without_code
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.numbers.request_text import request_text
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.core.errors import Conflict, NotFound
from ringbolt.core.order import FINAL, OrderKind
from ringbolt.store import orders
from ringbolt.store.engine.db import Tx

_SPECULATIVE: Final = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
"""Headers in which browsers say that they only prefetch, prerender or preview an address."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An order's document at one moment. ``is_over``: it will not change again. ``is_final``: money
    and delivery will not change; a receipt or another text may still come."""

    body: bytes
    timestamp: int
    is_over: bool
    is_final: bool

    def is_awaited(self, since: int | None) -> bool:
        """Whether a buyer who has seen ``since`` may wait for more. Without it, only money and
        delivery are awaited: with it, the buyer has seen the end and wants what may follow."""
        return not (self.is_over or (self.is_final and since is None))

    def is_news(self, since: int | None) -> bool:
        return since is not None and self.timestamp > since


def not_found() -> NotFound:
    """The error for an order that does not exist."""
    return NotFound(
        "order not found",
        code="ORDER_NOT_FOUND",
        field="orderId",
        suggestion="Use the orderId exactly as it was answered.",
    )


async def snapshot(shop: Shop, order_id: str, page: int = 1) -> Snapshot:
    """The order as it is now; ``page`` as in ``order_notice``. Raises ``NotFound``."""
    renderer = OrderRenderer(shop.settings)
    found = await shop.db.read(_snapshot, renderer, order_id, page) if order_id else None
    if found is None:
        raise not_found()
    return found


def _snapshot(tx: Tx, renderer: OrderRenderer, order_id: str, page: int) -> Snapshot | None:
    order = orders.by_id(tx, order_id)
    if order is None or (order.kind is OrderKind.CALL and order.family != FAMILY):
        return None
    notice = order_notice(tx, order, page)
    body = renderer.status(notice)
    is_final = order.state in FINAL
    is_over = is_final and order.finished_ms is not None
    is_settled = is_over or (is_final and order.kind is not OrderKind.RENTAL)
    return Snapshot(body, notice.changed_ms or 0, is_over, is_settled)


class Statuses:
    """An order's document, and everything that its buyer may do with the order."""

    def __init__(self, shop: Shop, waiting: Waiting) -> None:
        self._shop = shop
        self._waiting = waiting

    async def status(self, request: Request[StatusQuery]) -> Response:
        """Check an order. Known orders are always 200; `error` says why one failed."""
        return await self._status(request.client, request.params.order_id, request.params)

    async def status_by_path(self, request: Request[WaitQuery]) -> Response:
        """Check an order: the same document as /orderstatus."""
        return await self._status(request.client, id_in_path(request), request.params)

    async def _status(self, client: str, order_id: str, query: WaitQuery) -> Response:
        since = query.since
        found = await snapshot(self._shop, order_id, query.page)
        may_wait = query.wait and query.page == 1
        if may_wait and found.is_awaited(since) and not found.is_news(since):
            found = await self._changed(client, order_id, since, min(query.wait, MAX_WAIT_S))
        return _json(found)

    async def _changed(
        self, client: str, order_id: str, since: int | None, wait_s: float
    ) -> Snapshot:
        """The order as soon as it differs from now, or as it is after ``wait_s``."""
        now = asyncio.get_running_loop().time
        async with self._waiting.for_order(order_id, client) as changes:
            first = latest = await snapshot(self._shop, order_id)
            if first.is_news(since) or not first.is_awaited(since):
                return first  # it changed while we began to listen
            deadline = now() + wait_s
            while not latest.is_over and await changes.wait(deadline - now()):
                latest = await snapshot(self._shop, order_id)
                if latest.body != first.body:
                    break
            return latest

    async def cancel(self, request: Request[OrderQuery]) -> Done:
        """Cancel a receive order that got no code, 2 minutes after its number was assigned; hang
        up a call."""
        purpose = " ".join(request.header(name) for name in _SPECULATIVE).lower()
        if request.method != "POST" and "pre" in purpose:
            raise Conflict(
                "A prefetch cancels nothing.",
                code="PREFETCH_REFUSED",
                suggestion="Open the address itself, or send a POST.",
            )
        await self._act(request.params.order_id, cancel_or_hang_up)
        return Done()

    async def cancel_by_path(self, request: Request[Nothing]) -> Done:
        """Cancel a receive order that got no code, 2 minutes after its number was assigned."""
        await self._act(id_in_path(request), cancel_or_hang_up)
        return Done()

    async def replace_number(self, request: Request[Nothing]) -> Response:
        """Give the number back unused and try another one, at no charge, while no code came."""
        return await self._act(id_in_path(request), replace_number)

    async def request_text(self, request: Request[Nothing]) -> Response:
        """Request one more text on the same number."""
        return await self._act(id_in_path(request), request_text)

    async def accept(self, request: Request[Nothing]) -> Response:
        """Take a text in which no code was found as delivered: pay for it, and see it whole."""
        return await self._act(id_in_path(request), accept_without_code)

    async def _act(self, order_id: str, act: Callable[[Shop, str], Awaitable[Any]]) -> Response:
        """Do something with an order of this family, and answer the order after it."""
        await snapshot(self._shop, order_id)
        await act(self._shop, order_id)
        return _json(await snapshot(self._shop, order_id))


def id_in_path(request: Request[Any]) -> str:
    """The order's id, '' for anything else."""
    return canonical_id(request.in_path("order_id"))


def _json(found: Snapshot) -> Response:
    return Response(body=found.body, content_type=JSON)
