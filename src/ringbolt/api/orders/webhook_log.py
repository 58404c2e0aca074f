"""What an order's receiver was told, and how it went; and telling it once more."""

from __future__ import annotations

import time

from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply, ok
from ringbolt.api.orders.purchase import key_of
from ringbolt.api.orders.status import tell
from ringbolt.app.accounts.chart_of_accounts import account_of_key
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.resend_webhook import resend_webhook
from ringbolt.app.webhooks.webhook_list import LIMIT, list_webhooks
from ringbolt.core.errors import NotFound
from ringbolt.store import orders, webhooks
from ringbolt.store.engine.db import Tx

MAX_PAGE = 1000
_MAX_CURSOR_CHARS = 128
_RESENDS_A_MINUTE = 6
_RESENDS_AT_ONCE = 3
"""Of one order: enough to mend a receiver with, too few to flood somebody else's."""


class WebhookLog:
    """The webhooks of one order; its id is the key to them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        said = "This order's webhooks were asked for again too often."
        self._resends = RateGuard(_RESENDS_A_MINUTE, _RESENDS_AT_ONCE, time.monotonic, said)

    async def listing(self, asked: Asked) -> Reply:
        """What was told to the order's webhookUrl, the latest first, with every try."""
        order_id = fields.order_id(asked.path("order_id"))
        limit = fields.whole_number(asked.fields, "limit", 1, MAX_PAGE) or LIMIT
        cursor = fields.line(asked.fields, "cursor", _MAX_CURSOR_CHARS)
        await tell(self._shop, order_id)
        page = await self._shop.db.read(list_webhooks, order_id, False, cursor, limit)
        following = {"next": page["cursor"]} if page["cursor"] else {}
        return ok({"status": "OK", "webhooks": page["webhooks"], **following})

    async def resend(self, asked: Asked) -> Reply:
        """Tell it once more. Needs the orderId, or the X-API-Key that paid for the order."""
        webhook_id = asked.path("webhook_id")
        order_id = await self._shop.db.read(webhooks.order_of, webhook_id)
        if order_id is None or not await self._may_see(asked, order_id):
            raise NotFound(
                "There is no such webhook of that order.",
                code="WEBHOOK_NOT_FOUND",
                suggestion="Give the orderId, or the X-API-Key that paid for the order.",
            )
        if self._shop.limits:
            self._resends.check(order_id)
        await resend_webhook(self._shop, webhook_id)
        return ok({"status": "OK", "id": webhook_id})

    async def _may_see(self, asked: Asked, order_id: str) -> bool:
        said = asked.fields.get("orderId")
        if isinstance(said, str) and fields.order_id(said) == order_id:
            return True
        if not asked.key:
            return False
        key = await key_of(self._shop, asked, "read")
        return await self._shop.db.read(_is_paid_by, order_id, account_of_key(key.id))


def _is_paid_by(tx: Tx, order_id: str, account: str) -> bool:
    order = orders.by_id(tx, order_id)
    return order is not None and order.account_id == account
