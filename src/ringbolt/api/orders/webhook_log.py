"""The webhooks sent for an order, with every try; and sending one again."""

from __future__ import annotations

import time
from typing import Any

from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.kit.request import Request
from ringbolt.api.orders import schema
from ringbolt.api.orders.dialect import api_key, shown_key
from ringbolt.api.orders.documents import Resent
from ringbolt.api.orders.status import id_in_path, snapshot
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.resend_webhook import resend_webhook
from ringbolt.app.webhooks.webhook_list import list_webhooks
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.errors import NotFound
from ringbolt.store import orders, webhooks
from ringbolt.store.engine.db import Tx

RESENDS_A_MINUTE = 6
RESENDS_AT_ONCE = 3
"""For one order: enough to repair a receiver, too few to flood that of somebody else."""


class WebhookLog:
    """The webhooks of one order; its id is the key to them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        refusal = "This order's webhooks were resent too often."
        self._resends = RateGuard(RESENDS_A_MINUTE, RESENDS_AT_ONCE, time.monotonic, refusal)

    async def listing(self, request: Request[schema.PageQuery]) -> dict[str, Any]:
        """What was sent to the order's webhookUrl, the latest first, with every try."""
        order_id, query = id_in_path(request), request.params
        await snapshot(self._shop, order_id)
        page = await self._shop.db.read(list_webhooks, order_id, False, query.cursor, query.limit)
        following = {"next": page["cursor"]} if page["cursor"] else {}
        return {"status": "OK", "webhooks": page["webhooks"], **following}

    async def resend(self, request: Request[schema.Resend]) -> Resent:
        """Send it once more. Needs the orderId, or the X-API-Key that paid for the order."""
        webhook_id = request.in_path("webhook_id")
        order_id = await self._shop.db.read(webhooks.order_of, webhook_id)
        if order_id is None or not await self._may_see(request, order_id):
            raise NotFound(
                "There is no such webhook of that order.",
                code="WEBHOOK_NOT_FOUND",
                suggestion="Give the orderId, or the X-API-Key that paid for the order.",
            )
        if self._shop.limits:
            self._resends.check(order_id)
        await resend_webhook(self._shop, webhook_id)
        return Resent(id=webhook_id)

    async def _may_see(self, request: Request[schema.Resend], order_id: str) -> bool:
        if request.params.order_id == order_id:
            return True
        if not shown_key(request):
            return False
        key = await api_key(self._shop, request, "read")
        return await self._shop.db.read(_is_paid_by, order_id, account_of_key(key.id))


def _is_paid_by(tx: Tx, order_id: str, account: str) -> bool:
    order = orders.by_id(tx, order_id)
    return order is not None and order.account_id == account
