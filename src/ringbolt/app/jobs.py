"""The jobs by which a paid order is dispatched."""

from __future__ import annotations

DISPATCH_CALL = "dispatch_call"
DISPATCH_MESSAGE = "dispatch_message"
DISPATCH_RECEIVING = "dispatch_reception"


def dispatch_uniq(order_id: str) -> str:
    """The name of the one job that dispatches an order."""
    return f"dispatch:{order_id}"
