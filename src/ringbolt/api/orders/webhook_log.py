"""What an order's receiver was told, and how it went; and telling it once more."""

from __future__ import annotations

from typing import Any

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply, ok
from ringbolt.api.orders.purchase import key_of
from ringbolt.api.orders.status import tell
from ringbolt.app import notify
from ringbolt.app.ledger_names import account_of_key
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Conflict, InvalidInput, NotFound
from ringbolt.store import orders, webhooks
from ringbolt.store.db import Tx
from ringbolt.store.webhooks import Page, Webhook

MAX_PAGE = 100
_MAX_ID_CHARS = 64


class WebhookLog:
    """The webhooks of one order; its id is the key to them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def listing(self, asked: Asked) -> Reply:
        """What was told to the order's webhookUrl, the latest first, with every try."""
        order_id = fields.order_id(asked.path("order_id"))
        limit = fields.whole_number(asked.fields, "limit", 1, MAX_PAGE) or MAX_PAGE
        cursor = fields.line(asked.fields, "cursor", 128)
        await tell(self._shop, order_id)
        page = await self._shop.db.read(_listing, order_id, cursor, limit)
        document: dict[str, Any] = {
            "status": "OK",
            "webhooks": [_document(webhook) for webhook in page.webhooks],
        }
        if page.cursor:
            document["next"] = page.cursor
        return ok(document)

    async def resend(self, asked: Asked) -> Reply:
        """Tell it once more. Needs the orderId, or the X-API-Key that paid for the order."""
        webhook_id = asked.path("webhook_id")
        order_id = await self._shop.db.read(webhooks.order_of, webhook_id[:_MAX_ID_CHARS])
        if order_id is None or not await self._may_see(asked, order_id):
            raise NotFound(
                "There is no such webhook of that order.",
                code="WEBHOOK_NOT_FOUND",
                suggestion="Give the orderId, or the X-API-Key that paid for the order.",
            )
        if not await self._shop.db.tx(_resend, webhook_id):
            raise Conflict(
                "What this webhook told was wiped since, as the texts of finished orders are.",
                code="WEBHOOK_WIPED",
                suggestion="Read the order itself: /orderstatus.",
            )
        return ok({"status": "OK", "id": webhook_id})

    async def _may_see(self, asked: Asked, order_id: str) -> bool:
        said = asked.fields.get("orderId")
        if isinstance(said, str) and fields.order_id(said) == order_id:
            return True
        if not asked.key:
            return False
        key = await key_of(self._shop, asked, "read")
        return await self._shop.db.read(_is_paid_by, order_id, account_of_key(key.id))


def _resend(tx: Tx, webhook_id: str) -> bool:
    order_id = webhooks.resend(tx, webhook_id)
    if order_id is None:
        return False
    notify.see_to_sending(tx, order_id)
    return True


def _is_paid_by(tx: Tx, order_id: str, account: str) -> bool:
    order = orders.by_id(tx, order_id)
    return order is not None and order.account_id == account


def _listing(tx: Tx, order_id: str, cursor: str, limit: int) -> Page:
    try:
        return webhooks.listing(tx, order_id, cursor=cursor, limit=limit)
    except ValueError:
        raise InvalidInput(
            "cursor is none of ours.",
            field="cursor",
            suggestion="Give next as it was answered, or leave cursor out.",
        ) from None


def _document(webhook: Webhook) -> dict[str, Any]:
    """Times in ms UTC; without the body, which is the order's document."""
    document: dict[str, Any] = {
        "id": webhook.id,
        "seq": webhook.seq,
        "url": webhook.url,
        "state": webhook.state,
        "createdAt": webhook.created_ms,
        "tries": [
            {
                "at": tried.at_ms,
                "httpStatus": tried.status,
                "error": tried.error,
                "tookMs": tried.took_ms,
            }
            for tried in webhook.log
        ],
    }
    if webhook.done_ms is not None:
        document["doneAt"] = webhook.done_ms
    return document
