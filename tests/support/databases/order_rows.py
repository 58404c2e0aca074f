"""Orders as rows, at whatever point of their lives a test needs them."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select

from ringbolt.core.notices import Notice, from_json
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.store import messages, orders, received_texts, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order
from ringbolt.store.received_texts import NewText
from ringbolt.store.receiving_orders import NumberLease
from ringbolt.store.schema.text_tables import webhook

PUBLIC_ID = "SM0123456789abcdef0123456789abcdef"
NUMBER = "+12345678901"
HOOK = "https://hooks.example/orders"


def last_notice(tx: Tx, order_id: str, topic: str = "") -> Notice | None:
    """The latest that an order told of a topic; None if it was wiped since."""
    reported = select(webhook.c.body).where(
        webhook.c.order_id == order_id, webhook.c.topic == topic
    )
    body = bytes(tx.run(reported.order_by(webhook.c.seq.desc()).limit(1)).scalar_one())
    return from_json(body) if body else None


def put_order(tx: Tx, kind: str = "sms", state: str = "awaiting_payment", **columns: Any) -> Order:
    """An order with the row that its kind needs."""
    values: dict[str, Any] = {
        "id": secrets.token_hex(32),
        "kind": OrderKind(kind),
        "family": "orders",
        "state": OrderState(state),
        "reason": "",
        "method": PaymentMethod.HOLD,
        "price_msat": 1_000_000,
        "payment_hash": secrets.token_hex(32),
        "account_id": None,
        "body_hash": "",
        "request": "{}",
        "status_token": secrets.token_hex(16),
        "refund_address": "",
        "may_retry": False,
        "retry_until_ms": 0,
        "deadline_ms": tx.now_ms + 900_000,
        "idempotency_key": "",
        "created_ms": tx.now_ms,
        "started_ms": tx.now_ms,
        "finished_ms": None,
        **columns,
    }
    order = Order(**values)
    assert orders.insert(tx, order, "ordered")
    if kind in ("activation", "rental"):
        receiving_orders.insert(tx, order.id, "tg", 22, 4 if kind == "rental" else 0)
    if kind in ("sms", "email"):
        messages.insert(tx, order.id, "hash", 1, PUBLIC_ID)
    return order


def assign_number(tx: Tx, order_id: str, country: int = 187, cancel_after_ms: int = 0) -> None:
    new = NumberLease(
        id=secrets.token_hex(8),
        order_id=order_id,
        provider="simulated",
        provider_id=secrets.token_hex(8),
        number=NUMBER,
        service="tg",
        from_ms=tx.now_ms,
        until_ms=tx.now_ms + 1_200_000,
        cancel_after_ms=cancel_after_ms,
        ended_ms=None,
        why="",
    )
    assert receiving_orders.add_lease(tx, new)
    receiving_orders.update_receiving(
        tx,
        order_id,
        lease_id=new.id,
        number=NUMBER,
        number_country=country,
        assigned_ms=tx.now_ms,
        until_ms=new.until_ms,
    )


def put_text(tx: Tx, order_id: str, text: str, code: str = "", at_ms: int = 0) -> None:
    """A text that came to the order's number."""
    receiving = receiving_orders.receiving_of(tx, order_id)
    assert receiving is not None
    event_id = secrets.token_hex(8)
    new = NewText("simulated", event_id, None, NUMBER, "Telegram", text, code, at_ms or tx.now_ms)
    assert received_texts.keep(tx, new, order_id)
    changes: dict[str, Any] = {"code": code} if code else {}
    receiving_orders.update_receiving(tx, order_id, texts=receiving.texts + 1, **changes)


def move(tx: Tx, order_id: str, state: str, why: str = "") -> None:
    assert orders.move(tx, order_id, OrderState(state), why or f"now {state}")


def present(tx: Tx, order_id: str) -> Order:
    order = orders.by_id(tx, order_id)
    assert order is not None
    return order
