"""What is bought, by whom, and how it is paid: what an API makes of a request for ``app.buy``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ringbolt.app.requests.call_order import CallOrder
from ringbolt.app.requests.order_request import OrderRequest
from ringbolt.core.order import OrderKind, PaymentMethod
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


@dataclass(frozen=True, slots=True)
class Hold:
    """The buyer pays a hold invoice."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The price is reserved on the balance of an API key."""

    key_id: str


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The buyer's ``Idempotency-Key``; ``principal`` is who chose it, ``body_hash`` what for."""

    principal: str
    key: str
    body_hash: str


Record = Callable[[Tx, Order], None]
"""Writes down, with the order, what its kind needs; e.g. its ``message`` row."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is bought. ``price_msat`` is what the invoice says; ``client`` who asks, hashed.

    ``to`` is the number (E.164) or address that gets something, '' for none; for limits. ``check``
    is asked before there is an invoice, though not for a request that is only repeated.
    """

    kind: OrderKind
    request: OrderRequest | CallOrder
    price_msat: int
    payer: Hold | Balance
    record: Record
    client: str
    to: str = ""
    referrer: str = ""
    webhook_url: str = ""
    idempotency: Idempotency | None = None
    family: str = "orders"
    check: Callable[[], Awaitable[None]] | None = None

    @property
    def method(self) -> PaymentMethod:
        return PaymentMethod.HOLD if isinstance(self.payer, Hold) else PaymentMethod.BALANCE
