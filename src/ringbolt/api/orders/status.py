"""An order as it stands, and what its buyer may do with it: the order's id is the key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply, ok
from ringbolt.api.orders.order_document import OrderRenderer
from ringbolt.api.orders.waiting import Waiting
from ringbolt.app.numbers.accept_without_code import accept_without_code
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.numbers.request_text import request_text
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.order_notice import LAST_PAGE, order_notice
from ringbolt.core.errors import Conflict, NotFound
from ringbolt.core.order import FINAL, OrderKind
from ringbolt.store import orders
from ringbolt.store.engine.db import Tx

MAX_WAIT_S = 50
_LONGEST_WISH_S = 3600
_LATEST_MS = 10**15
_SPECULATIVE = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
"""Where browsers say that they only prefetch, prerender or preview an address."""


@dataclass(frozen=True, slots=True)
class Told:
    """An order as its buyer is told of it. ``is_over``: nothing will change any more. ``is_final``:
    money and delivery will not; a receipt or another text may still come."""

    body: bytes
    timestamp: int
    is_over: bool
    is_final: bool


def not_found() -> NotFound:
    return NotFound(
        "order not found",
        code="ORDER_NOT_FOUND",
        field="orderId",
        suggestion="Use the orderId exactly as it was answered.",
    )


async def tell(shop: Shop, order_id: str, page: int = 1) -> Told:
    """The order as it is now; ``page`` as in ``order_notice``. Raises ``NotFound``."""
    told = await shop.db.read(_tell, shop, order_id, page) if order_id else None
    if told is None:
        raise not_found()
    return told


def _tell(tx: Tx, shop: Shop, order_id: str, page: int) -> Told | None:
    order = orders.by_id(tx, order_id)
    if order is None or order.kind is OrderKind.CALL:
        return None
    notice = order_notice(tx, order, page)
    body = OrderRenderer(shop.settings).status(notice)
    is_final = order.state in FINAL
    is_over = is_final and order.finished_ms is not None
    is_settled = is_over or (is_final and order.kind is not OrderKind.RENTAL)
    return Told(body, notice.changed_ms or 0, is_over, is_settled)


class Statuses:
    """Everything about one order that stands."""

    def __init__(self, shop: Shop, waiting: Waiting) -> None:
        self._shop = shop
        self._waiting = waiting

    async def status(self, asked: Asked) -> Reply:
        """Check an order. Known orders are always 200; `error` tells why one came to nothing."""
        return await self._status(asked, _id_in_fields(asked))

    async def status_by_path(self, asked: Asked) -> Reply:
        """Check an order: the same document as /orderstatus."""
        return await self._status(asked, _id_in_path(asked))

    async def _status(self, asked: Asked, order_id: str) -> Reply:
        wait_s = fields.whole_number(asked.fields, "wait", 0, _LONGEST_WISH_S) or 0
        since = fields.whole_number(asked.fields, "since", 0, _LATEST_MS)
        page = fields.whole_number(asked.fields, "page", 1, LAST_PAGE) or 1
        told = await tell(self._shop, order_id, page)
        is_news = since is not None and told.timestamp > since
        if wait_s and page == 1 and not _is_final(told, since) and not is_news:
            told = await self._changed(asked.client, order_id, since, min(wait_s, MAX_WAIT_S))
        return Reply(told.body)

    async def _changed(self, client: str, order_id: str, since: int | None, wait_s: float) -> Told:
        """The order as soon as it differs from now, or as it is after ``wait_s``."""
        now = asyncio.get_running_loop().time
        async with self._waiting.for_order(order_id, client) as changes:
            first = latest = await tell(self._shop, order_id)
            is_news = since is not None and first.timestamp > since
            if is_news or _is_final(first, since):
                return first  # it changed while we began to listen
            deadline = now() + wait_s
            while not latest.is_over and await changes.wait(deadline - now()):
                latest = await tell(self._shop, order_id)
                if latest.body != first.body:
                    break
            return latest

    async def cancel(self, asked: Asked) -> Reply:
        """Cancel a receive order that got no code, 2 minutes after its number was assigned."""
        purpose = " ".join(asked.header(name) for name in _SPECULATIVE).lower()
        if asked.scope["method"] != "POST" and "pre" in purpose:
            raise Conflict(
                "A prefetch cancels nothing.",
                code="PREFETCH_REFUSED",
                suggestion="Open the address itself, or send a POST.",
            )
        return await self._cancel(_id_in_fields(asked))

    async def cancel_by_path(self, asked: Asked) -> Reply:
        """Cancel a receive order that got no code, 2 minutes after its number was assigned."""
        return await self._cancel(_id_in_path(asked))

    async def _cancel(self, order_id: str) -> Reply:
        await tell(self._shop, order_id)
        await cancel_order(self._shop, order_id)
        return ok({"status": "OK"})

    async def replace_number(self, asked: Asked) -> Reply:
        """Give the number back unused and try another one, at no charge, while no code came."""
        order_id = _id_in_path(asked)
        await tell(self._shop, order_id)
        await replace_number(self._shop, order_id)
        return Reply((await tell(self._shop, order_id)).body)

    async def request_text(self, asked: Asked) -> Reply:
        """Ask for one more text on the same number."""
        order_id = _id_in_path(asked)
        await tell(self._shop, order_id)
        await request_text(self._shop, order_id)
        return Reply((await tell(self._shop, order_id)).body)

    async def accept(self, asked: Asked) -> Reply:
        """Take a text in which no code was found as delivered: pay for it, and see it whole."""
        order_id = _id_in_path(asked)
        await tell(self._shop, order_id)
        await accept_without_code(self._shop, order_id)
        return Reply((await tell(self._shop, order_id)).body)


def _is_final(told: Told, since: int | None) -> bool:
    """Whether a wait would be for nothing that a buyer waits for. Who names ``since`` has seen the
    end, and asks for what may come after it."""
    return told.is_over or (told.is_final and since is None)


def _id_in_fields(asked: Asked) -> str:
    value = asked.fields.get("orderId")
    if value is None:
        raise fields.missing("orderId", "It is what /createorder answered.")
    return fields.order_id(value) if isinstance(value, str) else ""


def _id_in_path(asked: Asked) -> str:
    return fields.order_id(asked.path("order_id"))
