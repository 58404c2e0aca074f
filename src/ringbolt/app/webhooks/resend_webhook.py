"""Send a webhook once more, on request."""

from __future__ import annotations

from typing import Final

from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.notify import lane_of, see_to_sending
from ringbolt.core.errors import Conflict, NotFound
from ringbolt.store import orders, webhooks
from ringbolt.store.engine.db import Tx

KEPT: Final = "Look at the order itself."


async def resend_webhook(shop: Shop, webhook_id: str) -> None:
    """Send a webhook again, from its first try, before all else of its topic; one that
    waits for its next try is tried now.

    Raises ``NotFound``, and ``Conflict`` for one whose content was wiped.
    """
    await shop.db.tx(resend, webhook_id)


def resend(tx: Tx, webhook_id: str) -> None:
    """The same within a transaction."""
    order_id = webhooks.resend(tx, webhook_id)
    order = None if order_id is None else orders.by_id(tx, order_id)
    if order is not None:
        topic = webhooks.topic_of(tx, webhook_id)
        see_to_sending(tx, order.id, topic, lane_of(order.state), at_once=True)
        return
    if webhooks.order_of(tx, webhook_id) is None:
        raise NotFound(
            f"There is no webhook {webhook_id}.",
            code="WEBHOOK_NOT_FOUND",
            suggestion="Use its id as it was listed.",
        )
    raise Conflict(
        "The content of this webhook was wiped, with the texts of its order.",
        code="WEBHOOK_WIPED",
        suggestion=KEPT,
    )
