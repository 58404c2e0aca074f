"""Find the node that has an invoice, or that was asked to pay one: only it knows the outcome."""

from __future__ import annotations

import structlog

from ringbolt.app.shop import Shop
from ringbolt.core.errors import NodeUnavailable
from ringbolt.lightning.node import LightningNode

log = structlog.get_logger("ringbolt.parts")


def node_of(shop: Shop, name: str, order_id: str) -> LightningNode:
    """Raises ``NodeUnavailable``, and logs it, if the node is gone from the settings."""
    node = shop.node_named(name)
    if node is None:
        log.error(
            "money waits for a Lightning node that is gone from the settings; put it back under "
            "that name",
            node=name,
            order=order_id,
        )
        raise NodeUnavailable(f"The Lightning node {name} is not configured any more.")
    return node
