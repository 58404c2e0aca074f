"""Documents of orders as a client parses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ringbolt.api.orders.order_document import CodeType, OrderRenderer
from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.settings import Settings
from ringbolt.store.engine.db import Database, Tx
from support.databases.order_rows import assign_number, move, present, put_order

NO_NUMBER = (
    "No available number, payment request is canceled. "
    "Your funds are returned to your wallet automatically."
)


def renderer(code_type: CodeType = "auto", cancel_after_s: int = 120) -> OrderRenderer:
    return OrderRenderer(
        Settings(compat={"code_type": code_type}, orders={"cancel_after_s": cancel_after_s})
    )


async def shown(
    db: Database, given: Callable[[Tx], str], code_type: CodeType = "auto"
) -> dict[str, Any]:
    """The document of the order that ``given`` puts down, as a client parses it."""

    def run(tx: Tx) -> bytes:
        order = present(tx, given(tx))
        return renderer(code_type).status(order_notice(tx, order))

    document: dict[str, Any] = json.loads(await db.tx(run))
    return document


def waiting(tx: Tx, kind: str = "activation", **columns: Any) -> str:
    """A paid receive order with a number."""
    order = put_order(tx, kind, "dispatching", paid_ms=tx.now_ms, **columns)
    assign_number(tx, order.id)
    move(tx, order.id, "in_progress")
    return order.id
