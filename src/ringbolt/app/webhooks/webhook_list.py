"""Webhooks as the operator sees them."""

from __future__ import annotations

from typing import Any

from ringbolt.core.errors import InvalidInput, Role
from ringbolt.store import webhook_log
from ringbolt.store.engine.db import Tx
from ringbolt.store.webhook_log import Webhook

LIMIT = 100


def list_webhooks(
    tx: Tx, order_id: str = "", failed: bool = False, cursor: str = "", limit: int = LIMIT
) -> dict[str, Any]:
    """``{webhooks, cursor}``, the latest first; ``cursor`` asks on from there, '' at the end.

    Raises ``InvalidInput`` for a cursor that is none.
    """
    try:
        page = webhook_log.listing(tx, order_id, failed=failed, cursor=cursor, limit=limit)
    except ValueError as error:
        raise InvalidInput(
            f"{error}.",
            code="INVALID_CURSOR",
            role=Role.CURSOR,
            suggestion="Leave it out for the first page, then use it as it was answered.",
        ) from error
    return {
        "webhooks": [webhook_document(webhook) for webhook in page.webhooks],
        "cursor": page.cursor,
    }


def webhook_document(webhook: Webhook) -> dict[str, Any]:
    """A webhook and its tries, without its content. Times in ms UTC."""
    return {
        "id": webhook.id,
        "order_id": webhook.order_id,
        "topic": webhook.topic,
        "seq": webhook.seq,
        "method": webhook.method,
        "url": webhook.url,
        "state": webhook.state.value,
        "tries": webhook.tries,
        "created_ms": webhook.created_ms,
        "done_ms": webhook.done_ms,
        "log": [
            {
                "at_ms": tried.at_ms,
                "status": tried.status,
                "error": tried.error,
                "took_ms": tried.took_ms,
            }
            for tried in webhook.log
        ],
    }
